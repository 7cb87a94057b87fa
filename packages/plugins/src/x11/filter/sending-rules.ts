/** `sendEvents: own`: keys, buttons and motion that nobody pressed go to the application's own windows only. */
import { denied, type Rule, type Rules } from './rule.js';

/** KeyPress to KeymapNotify; from FIRST_OF_EXTENSIONS on those of extensions. Messages, selections and the like are no input. */
const INPUT = { first: 2, last: 11 } as const;
const FIRST_OF_EXTENSIONS = 64;

const sending: Rule = {
  least: 44,
  bytes: 16,
  fields: ['destination@4', 'event@12'],
  check(request, connection) {
    const destination = request.u32(4);
    const code = request.u8(12) & 0x7f;
    const isInput = (code >= INPUT.first && code <= INPUT.last) || code >= FIRST_OF_EXTENSIONS;
    return isInput && !connection.isOwn(destination) ? denied(destination) : undefined;
  },
};

/** Destinations that are constants, PointerWindow and InputFocus, are windows of others more often than not. */
const sendingXi1: Rule = {
  least: 16,
  bytes: 8,
  fields: ['destination@4'],
  check: (request, connection) => (connection.isOwn(request.u32(4)) ? undefined : denied(request.u32(4))),
};

/** It has nothing else. */
export const SENDING_EXTENSIONS: readonly string[] = ['XTEST'];

export const SENDING_RULES: Rules = {
  core: { SendEvent: sending },
  XInputExtension: { SendExtensionEvent: sendingXi1 },
};
