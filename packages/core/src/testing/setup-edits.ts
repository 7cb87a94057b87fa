/**
 * What a middle can do to a set-up that it forwards, one thing at a time, each with what has to come of it
 * (docs/spec.md, "Set-up"). The list is data: a simulated middle applies it, and one with sockets.
 */
import { lengthPrefixed } from '../protocol/bytes.js';
import type { PublicKey } from '../protocol/crypto.js';
import type { SigningCrypto } from '../protocol/digest.js';
import { encodeFrame, encodeJson, encodeNumbers } from '../protocol/frame.js';
import type { Commonunique, MiddleEntry } from '../protocol/messages.js';
import { appendMiddleEntry, parseTopology } from '../protocol/topology.js';

/** What an honest middle would send on: both payloads, its own entry behind the list. */
export interface SetupPayloads {
  readonly cu: Buffer;
  readonly topology: Buffer;
}

export interface SetupEdit {
  readonly what: string;
  /** TAMPERED: an end says so, with `words`. prevented: no carrier comes of it. harmless: one does, and nobody complains. */
  readonly outcome: 'TAMPERED' | 'prevented' | 'harmless';
  readonly words: RegExp;
  /** The frames that are sent instead. */
  readonly edit: (honest: SetupPayloads) => readonly Buffer[];
}

/** Who edits: its signer, and a key that nobody pinned. */
export interface Editor extends SigningCrypto {
  readonly stranger: PublicKey;
}

type Payloads = (honest: SetupPayloads) => SetupPayloads;

const UNSIGNED_CU = /TOPOLOGY_EXCHANGE entry 0: its signature does not cover this COMMONUNIQUE_INFO/;
const NO_WORDS = /^/;

export function setupFrames({ cu, topology }: SetupPayloads): [Buffer, Buffer] {
  return [encodeFrame('COMMONUNIQUE_INFO', 0, cu), encodeFrame('TOPOLOGY_EXCHANGE', 0, topology)];
}

/** Each about one end's set-up behind one middle, whose signer `editor` has. */
export function setupEdits(editor: Editor): SetupEdit[] {
  return [...commonuniqueEdits(editor), ...endEntryEdits(editor), ...ownEntryEdits(editor), ...listEdits(), ...frameEdits()];
}

function commonuniqueEdits({ stranger }: Editor): SetupEdit[] {
  const other = (length: number): string => Buffer.alloc(length, 9).toString('base64url');
  const edits: { readonly [M in keyof Commonunique]: (info: Commonunique) => Commonunique[M] } = {
    versions: () => [1, 2],
    common: () => other(32),
    side: ({ side }) => (side === 'left' ? 'right' : 'left'),
    key: () => stranger,
    peers: ({ peers }) => [...peers, stranger],
    epoch: () => 1,
    instance: () => other(16),
    slot: () => 1,
    alt: () => 1,
    attempt: () => 77,
    pingMs: () => 100,
    nonce: () => other(32),
  };
  const members = Object.entries(edits).map(([member, value]) => {
    // Both frames name the key: that they differ is seen before any signature is.
    const words = member === 'key' ? /TOPOLOGY_EXCHANGE entry 0: key is not the key of COMMONUNIQUE_INFO/ : UNSIGNED_CU;
    return tampered(`COMMONUNIQUE_INFO.${member}`, words, ({ cu, topology }) => {
      const info = JSON.parse(cu.toString()) as Commonunique;
      return { cu: Buffer.from(JSON.stringify({ ...info, [member]: value(info) })), topology };
    });
  });
  return [...members, tampered('a space in COMMONUNIQUE_INFO', UNSIGNED_CU, ({ cu, topology }) => ({ cu: Buffer.from(cu.toString().replace('{', '{ ')), topology }))];
}

function endEntryEdits({ stranger }: Editor): SetupEdit[] {
  return [
    tampered('node of the end’s entry', UNSIGNED_CU, inEntry(0, { node: 'other' })),
    tampered('key of the end’s entry', /entry 0: key is not the key of COMMONUNIQUE_INFO/, inEntry(0, { key: stranger })),
    tampered('signature of the end’s entry', UNSIGNED_CU, withFlippedSignature(0)),
  ];
}

function ownEntryEdits({ stranger, ...signing }: Editor): SetupEdit[] {
  const signedAnew = (members: Partial<MiddleEntry>): Payloads => ({ cu, topology }) => {
    const { entries, middles } = parseTopology(topology);
    const before = Buffer.concat(entries.slice(0, -1).map(({ raw }) => raw));
    return { cu, topology: appendMiddleEntry(before, { ...(middles.at(-1) as MiddleEntry), ...members }, { cu, ...signing }) };
  };
  return [
    tampered('whom it took the set-up from', /entry 1 \(\w+\)\.from: not the key of entry 0/, signedAnew({ from: stranger })),
    tampered('whom it gives it to', /entry 1 \(\w+\)\.to: not the key of this end/, signedAnew({ to: stranger })),
    tampered('its key', /entry 1: its signature/, signedAnew({ key: stranger })),
    tampered('its name, not signed anew', /entry 1: its signature/, inEntry(1, { node: 'other' })),
    tampered('its signature', /entry 1: its signature/, withFlippedSignature(1)),
    harmless('its name', (honest) => setupFrames(signedAnew({ node: 'best-relay-in-town' })(honest))),
    harmless('its address', (honest) => setupFrames(signedAnew({ address: 'elsewhere:1' })(honest))),
  ];
}

function listEdits(): SetupEdit[] {
  const order = (...at: number[]): Payloads => ({ cu, topology }) => {
    const { entries } = parseTopology(topology);
    return { cu, topology: Buffer.concat(at.flatMap((index) => entries[index]?.raw ?? [])) };
  };
  return [
    tampered('its entry left out', /entry 0: key is not that of the neighbour/, order(0)),
    tampered('its entry twice', /entry 2: its signature/, order(0, 1, 1)),
    prevented('its entry in front of the end’s', (honest) => setupFrames(order(1, 0)(honest))),
    prevented('the end’s entry left out', (honest) => setupFrames(order(1)(honest))),
    prevented('the end’s entry twice', (honest) => setupFrames(order(0, 0, 1)(honest))),
    prevented('no entry', (honest) => setupFrames(order()(honest))),
    prevented('the last byte left out', ({ cu, topology }) => setupFrames({ cu, topology: topology.subarray(0, -1) })),
  ];
}

function frameEdits(): SetupEdit[] {
  const pick = (...at: (0 | 1)[]): SetupEdit['edit'] => (honest) => at.map((index) => setupFrames(honest)[index]);
  return [
    prevented('drops both frames', pick()),
    prevented('drops COMMONUNIQUE_INFO', pick(1)),
    prevented('drops TOPOLOGY_EXCHANGE', pick(0)),
    prevented('repeats COMMONUNIQUE_INFO', pick(0, 0, 1)),
    prevented('repeats TOPOLOGY_EXCHANGE', pick(0, 1, 1)),
    prevented('repeats both frames', pick(0, 1, 0, 1)),
    prevented('exchanges the two frames', pick(1, 0)),
    prevented('PASS_THROUGH before set-up', (honest) => [encodeFrame('PASS_THROUGH', 0), ...setupFrames(honest)]),
    harmless('nothing', setupFrames),
    harmless('how far it came', (honest) => [encodeJson('PROGRESS', 0, { at: 'nowhere', waitingFor: 'godot' }), ...setupFrames(honest)]),
    harmless('signs of life', (honest) => [encodeNumbers('PING', 0, 1), encodeNumbers('PONG', 0, 1), ...setupFrames(honest)]),
  ];
}

/** Other members in the body of one entry, with the signature of the old body. */
function inEntry(at: number, members: object): Payloads {
  return changedEntry(at, ({ body, signature }) => Buffer.concat([lengthPrefixed(Buffer.from(JSON.stringify({ ...(JSON.parse(body.toString()) as object), ...members }))), signature]));
}

function withFlippedSignature(at: number): Payloads {
  return changedEntry(at, ({ raw }) => {
    const copy = Buffer.from(raw);
    copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1);
    return copy;
  });
}

function changedEntry(at: number, change: (entry: { readonly raw: Buffer; readonly body: Buffer; readonly signature: Buffer }) => Buffer): Payloads {
  return ({ cu, topology }) => ({ cu, topology: Buffer.concat(parseTopology(topology).entries.map((entry, index) => (index === at ? change(entry) : entry.raw))) });
}

function tampered(what: string, words: RegExp, payloads: Payloads): SetupEdit {
  return { what, outcome: 'TAMPERED', words, edit: (honest) => setupFrames(payloads(honest)) };
}

function prevented(what: string, edit: SetupEdit['edit']): SetupEdit {
  return { what, outcome: 'prevented', words: NO_WORDS, edit };
}

function harmless(what: string, edit: SetupEdit['edit']): SetupEdit {
  return { what, outcome: 'harmless', words: NO_WORDS, edit };
}
