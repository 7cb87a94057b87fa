/**
 * `keyboard: own`: an application learns of the keys that are typed into its own windows. `grabs: refused`: and cannot take
 * the keyboard for itself, which shows it all keys while it lasts.
 */
import { padded } from '../wire/byte-order.js';
import type { Request } from '../wire/request.js';
import { denied, NEVER, own, RECORDING_EXTENSIONS, valueOf, type Rule, type Rules } from './rule.js';

/** Of core event masks: KeyPress, KeyRelease, KeymapState. */
const KEY_MASK = 0x4003;
/** Where value lists of windows have their event mask. */
const EVENT_MASK_BIT = 11;
/** Of XI2 event masks, by their first word: KeyPress, KeyRelease. */
const XI2_KEYS = (1 << 2) | (1 << 3);
/** RawKeyPress to RawMotion, RawTouchBegin to RawTouchEnd: they tell of every window's. */
const XI2_RAW = (0x1f << 13) | (0x7 << 22);
/** Of XI1: what a device is, not what is done with it. */
const XI1_HARMLESS: ReadonlySet<number> = new Set([11, 12, 15, 16]);
/** Of XKB: ActionMessage, AccessXNotify. */
const XKB_KEYS = (1 << 9) | (1 << 10);
const KEY_GRAB = 1;
/** Grabs that begin with a key, or when the pointer or the focus comes in. */
const XI2_KEYBOARD_GRABS: ReadonlySet<number> = new Set([KEY_GRAB, 2, 3]);

/** Key events of a window of others: `window@4`, `value_mask@8`. */
const selecting: Rule = {
  least: 12,
  bytes: 12 + 32 * 4,
  fields: ['window@4', 'value_mask@8'],
  check(request, connection) {
    const window = request.u32(4);
    const wantsKeys = (valueOf(request, 8, EVENT_MASK_BIT) & KEY_MASK) !== 0;
    return wantsKeys && !connection.isOwn(window) ? denied(window) : undefined;
  },
};

/** XI1 names events by a device and the extension's event code, in the low byte. */
const selectingXi1: Rule = {
  least: 12,
  bytes: 12,
  whole: true,
  fields: ['window@4', 'num_classes@8', 'classes@12'],
  check(request, connection) {
    const window = request.u32(4);
    const firstEvent = connection.extensions.at(request.major)?.firstEvent ?? 0;
    const isHarmless = words(request, 12, request.u16(8)).every((event) => XI1_HARMLESS.has((event & 0x7f) - firstEvent));
    return isHarmless || connection.isOwn(window) ? undefined : denied(window);
  },
};

/** Masks, each: device 0, length 2 in words, then those. */
const selectingXi2: Rule = {
  least: 12,
  bytes: 12,
  whole: true,
  fields: ['window@4', 'num_mask@8', 'masks@12'],
  check(request, connection) {
    const window = request.u32(4);
    let at = 12;
    for (let left = request.u16(8); left > 0 && at + 4 <= request.plainBytes; left -= 1) {
      const length = request.u16(at + 2);
      const [first = 0] = words(request, at + 4, Math.min(length, 1));
      if ((first & XI2_RAW) !== 0 || ((first & XI2_KEYS) !== 0 && !connection.isOwn(window))) return denied(window);
      at += 4 + 4 * length;
    }
    return undefined;
  },
};

/** A grab that another window's keys begin, or that gets them. */
const passiveGrabXi2: Rule = {
  least: 32,
  bytes: 36,
  fields: ['grab_window@8', 'mask_len@24', 'grab_type@26', 'mask@32'],
  check(request, connection) {
    const window = request.u32(8);
    const takesKeys = XI2_KEYBOARD_GRABS.has(request.u8(26)) || wantsKeys(request, 24, 32);
    return takesKeys && !connection.isOwn(window) ? denied(window) : undefined;
  },
};

const grabXi2: Rule = {
  least: 24,
  bytes: 28,
  fields: ['mask_len@22', 'mask@24'],
  check: (request) => (wantsKeys(request, 22, 24) ? denied() : undefined),
};

const anyKeyGrabXi2: Rule = {
  least: 32,
  bytes: 36,
  fields: ['mask_len@24', 'grab_type@26', 'mask@32'],
  check: (request) => (request.u8(26) === KEY_GRAB || wantsKeys(request, 24, 32) ? denied() : undefined),
};

/** AccessXNotify tells the keys of everybody, while keys are slow or bounce; ActionMessage those that a map says it of, and any client may set the map. */
const selectingXkb: Rule = {
  least: 16,
  bytes: 16,
  fields: ['affectWhich@6', 'clear@8'],
  check: (request) => ((request.u16(6) & ~request.u16(8) & XKB_KEYS) !== 0 ? denied() : undefined),
};

/** Keys that are pressed while the screen is saved. */
const savingScreen: Rule = {
  least: 28,
  bytes: 28 + 32 * 4,
  fields: ['value_mask@24'],
  check: (request) => ((valueOf(request, 24, EVENT_MASK_BIT) & KEY_MASK) !== 0 ? denied() : undefined),
};

/** The extensions that show it all, and have nothing else. */
export const KEYBOARD_EXTENSIONS: readonly string[] = [...RECORDING_EXTENSIONS, 'XEVIE'];

export const KEYBOARD_RULES: Rules = {
  core: { ChangeWindowAttributes: selecting, GrabKey: own('grab_window@4'), QueryKeymap: NEVER },
  'MIT-SCREEN-SAVER': { SetAttributes: savingScreen },
  XInputExtension: {
    SelectExtensionEvent: selectingXi1,
    GrabDeviceKey: own('grab_window@4'),
    QueryDeviceState: NEVER,
    XISelectEvents: selectingXi2,
    XIPassiveGrabDevice: passiveGrabXi2,
  },
  XKEYBOARD: { SelectEvents: selectingXkb },
};

export const GRAB_RULES: Rules = {
  core: { GrabKeyboard: NEVER, GrabKey: NEVER },
  XInputExtension: {
    GrabDevice: NEVER,
    GrabDeviceKey: NEVER,
    XIGrabDevice: grabXi2,
    XIPassiveGrabDevice: anyKeyGrabXi2,
  },
};

function wantsKeys(request: Request, lengthAt: number, maskAt: number): boolean {
  const [first = 0] = words(request, maskAt, Math.min(request.u16(lengthAt), 1));
  return (first & (XI2_KEYS | XI2_RAW)) !== 0;
}

/** As many as there are. */
function words(request: Request, at: number, count: number): number[] {
  const all = Math.min(count, Math.floor((padded(request.plainBytes) - at) / 4));
  return Array.from({ length: Math.max(all, 0) }, (_none, index) => request.u32(at + 4 * index));
}
