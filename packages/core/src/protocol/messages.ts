/**
 * The messages of LSTP: the only list. Codec, union type, log names, docs/spec.md's table and the
 * round-trip tests derive from it. Each message has its row here, its section in docs/spec.md,
 * its handler `#handleX` and its vector in test/protocol/vectors.ts, under one name.
 *
 * Type numbers: no frame may begin like a TLS record (0x14 to 0x17) or an ASCII letter.
 */
import { CHANNEL_CODES, WIRE_CODES } from './error.js';
import { CONTROL_BYTES, DATA_BYTES, KEYS_PER_NODE, MAX_ALTERNATIVES, MAX_EPOCH, MAX_SLOT, MESSAGE_CHARACTERS, POSITION_BYTES, SETUP_BYTES, TOPOLOGY_IN_TLS_BYTES } from './limits.js';
import { binary, integer, list, object, oneOf, optional, publicKey, text, type Shape, type ShapeOf } from './shape.js';

/** `leg`: between neighbours, in clear. `carrier`: between ends, inside TLS. */
export type Scope = 'leg' | 'carrier' | 'both';

/**
 * How a payload is laid out:
 *   bytes        as it is; kept as received, since it is signed or digested
 *   empty        nothing
 *   json         JSON of `shape`
 *   positioned   position:u64, then JSON of `shape`
 *   numbers      one u64 for each name, in this order
 *   data         position:u64 and data on a stream channel, one datagram on a datagram channel
 */
export type Layout = 'bytes' | 'empty' | 'json' | 'positioned' | 'numbers' | 'data';

export interface Row<S, N extends readonly string[]> {
  readonly type: number;
  readonly scope: Scope;
  readonly layout: Layout;
  readonly maxBytes: number;
  readonly shape: Shape<S>;
  readonly numbers: N;
}

export type Side = 'left' | 'right';
const side = oneOf(['left', 'right'] as const);
const serial = integer(0, Number.MAX_SAFE_INTEGER);
const epoch = integer(0, MAX_EPOCH);
const slot = integer(0, MAX_SLOT);
const nodeName = text(63);
const code = oneOf(CHANNEL_CODES);
const message = text(MESSAGE_CHARACTERS);

/** HELLO_a: what the acceptor says first. */
export const HELLO_ACCEPTOR = object({ versions: list(integer(1, 255), 16), key: publicKey(), nonce: binary(32) });
/** HELLO_d: what the dialer answers, in front of its signature. `node` is a claim, for the acceptor's log. */
export const HELLO_DIALER = object({
  version: integer(1, 255),
  key: publicKey(),
  nonce: binary(32),
  use: oneOf(['set-up', 'standby', 'link'] as const),
  started: serial,
  node: nodeName,
});

/** COMMONUNIQUE_INFO: common information (`common`) by which ends are paired, unique information (the rest) that says who this end is. */
export const COMMONUNIQUE = object({
  versions: list(integer(1, 255), 16),
  common: binary(32),
  side,
  key: publicKey(),
  peers: list(publicKey(), KEYS_PER_NODE),
  epoch,
  instance: binary(16),
  slot,
  alt: integer(0, MAX_ALTERNATIVES - 1),
  attempt: serial,
  pingMs: integer(100, 600_000),
  nonce: binary(32),
});

/** The body of an end's topology entry. */
export const END_ENTRY = object({ node: nodeName, key: publicKey() });
/** The body of a middle's topology entry; `from` and `to` are the keys authenticated on its two legs. */
export const MIDDLE_ENTRY = object({ node: nodeName, key: publicKey(), address: text(255), from: publicKey(), to: publicKey() });

export const MESSAGES = {
  /** Mutual authentication of two neighbours: HELLO_a, HELLO_d, HELLO_p (leg.ts). */
  HELLO: bytes(0x01, 'leg', SETUP_BYTES),
  /** Who this end is and with whom it wants to be paired. In clear, and again inside TLS. */
  COMMONUNIQUE_INFO: bytes(0x02, 'both', SETUP_BYTES),
  /** The way so far: the end's signed entry and one of every middle passed. In clear, and again inside TLS. */
  TOPOLOGY_EXCHANGE: bytes(0x03, 'both', TOPOLOGY_IN_TLS_BYTES),
  /** Here LSTP stops and TLS begins, in this direction. */
  PASS_THROUGH: row(0x04, 'leg', 'empty', { maxBytes: 0 }),
  /** How far the set-up came. A hint, never trusted. */
  PROGRESS: json(0x05, 'leg', object({ at: nodeName, waitingFor: optional(nodeName), failed: optional(object({ address: text(255), code: text(64) })) })),
  /** A sign of life is wanted. `stamp` comes back as it was. */
  PING: numbers(0x06, 'both', ['stamp']),
  /** The answer to PING. */
  PONG: numbers(0x07, 'both', ['stamp']),

  /** Who an end is, what it can do, which association and carriers it holds; proves that both saw one set-up. */
  PROPERTY_EXCHANGE: json(
    0x20,
    'carrier',
    object({
      proof: binary(32),
      node: nodeName,
      software: text(64),
      instance: binary(16),
      peerInstance: optional(binary(16)),
      alive: list(binary(16), 64),
      initialWindow: integer(1024, 0x7fff_ffff),
      maxChannels: integer(1, 0x7fff_ffff),
      codecs: list(text(32), 32),
      plugins: list(text(64), 128),
      login: optional(object({ user: text(255), proof: text(4096) })),
    }),
  ),
  /** An application wants a channel. Position 0 of the opener. */
  CONNECTION_REQUEST: positioned(
    0x28,
    object({
      service: text(63),
      target: optional(text(512)),
      kind: oneOf(['stream', 'datagram', 'listen'] as const),
      codec: optional(text(32)),
      carrier: oneOf(['shared', 'own'] as const),
      slot: optional(slot),
      binding: optional(serial),
      window: integer(0, 0x7fff_ffff),
    }),
  ),
  /** The channel is granted. Position 0 of the acting end. */
  CONNECTION_ACK: positioned(0x29, object({})),
  /** The channel is refused. */
  CONNECTION_NACK: positioned(0x2a, object({ code, message })),
  /** The application is about to use the channel: connect. Position 1 of the opener. */
  SERVICE_BEGIN_REQUEST: positioned(0x2b, object({ source: optional(text(255)) })),
  /** Connected; `bound` is the acting end's address towards the target. Position 1 of the acting end. */
  SERVICE_BEGIN_ACK: positioned(0x2c, object({ bound: optional(text(255)) })),
  /** Not connected, and why. */
  SERVICE_BEGIN_NACK: positioned(0x2d, object({ code, message })),

  /** Application data at `position`; without data it is END, one unit. */
  SERVICE_DATA: row(0x30, 'carrier', 'data', { maxBytes: POSITION_BYTES + DATA_BYTES }),
  /** Stop at `limit` until a larger limit comes. */
  SERVICE_DATA_PAUSE: numbers(0x31, 'carrier', ['limit']),
  /** Everything below `received` has arrived; up to `limit` may be sent. Neither ever goes back. */
  SERVICE_DATA_RESUME: numbers(0x32, 'carrier', ['received', 'limit']),
  /** The channel is at its end: its id can be released. */
  SERVICE_FREE_REQUEST: json(0x33, 'carrier', object({ reason: code, message: optional(message) })),
  /** The id is released. */
  SERVICE_FREE_RESPONSE: row(0x34, 'carrier', 'empty', { maxBytes: 0 }),

  /** Orderly end: of a node (link legs), of one carrier (with `slot`: to be replaced), of the tunnel. */
  SHUTDOWN: json(0x38, 'both', object({ node: optional(nodeName), carrier: optional(binary(16)), slot: optional(slot), deadlineMs: integer(0, 86_400_000) })),
  /** Why this leg or carrier ends. `since` goes with SUPERSEDED: the epoch of the one that lives. */
  ERROR: json(0x39, 'both', object({ code: oneOf(WIRE_CODES), message: optional(message), since: optional(epoch) })),
} as const;

export type MessageName = keyof typeof MESSAGES;

type JsonRow<N extends MessageName> = (typeof MESSAGES)[N]['shape'] extends Shape<infer S> ? S : never;
/** The JSON value of a message of layout `json` or `positioned`. */
export type Body<N extends MessageName> = JsonRow<N>;

export type Commonunique = ShapeOf<typeof COMMONUNIQUE>;
export type EndEntry = ShapeOf<typeof END_ENTRY>;
export type MiddleEntry = ShapeOf<typeof MIDDLE_ENTRY>;

interface Message {
  readonly name: MessageName;
  readonly row: { readonly scope: Scope; readonly maxBytes: number };
}

const BY_TYPE: (Message | undefined)[] = Array.from({ length: 256 });
for (const [name, row] of Object.entries(MESSAGES)) BY_TYPE[row.type] = { name: name as MessageName, row: { scope: row.scope, maxBytes: row.maxBytes } };

/** The message of a type number, 0 to 255; undefined for a number that is none. */
export function messageOf(type: number): Message | undefined {
  return BY_TYPE[type];
}

function row(type: number, scope: Scope, layout: Layout, { maxBytes }: { maxBytes: number }): Row<undefined, readonly []> {
  return { type, scope, layout, maxBytes, shape: () => undefined, numbers: [] };
}

function bytes(type: number, scope: Scope, maxBytes: number): Row<undefined, readonly []> {
  return row(type, scope, 'bytes', { maxBytes });
}

function json<S>(type: number, scope: Scope, shape: Shape<S>): Row<S, readonly []> {
  return { type, scope, layout: 'json', maxBytes: CONTROL_BYTES, shape, numbers: [] };
}

function positioned<S>(type: number, shape: Shape<S>): Row<S, readonly []> {
  return { type, scope: 'carrier', layout: 'positioned', maxBytes: CONTROL_BYTES, shape, numbers: [] };
}

function numbers<const N extends readonly string[]>(type: number, scope: Scope, names: N): Row<undefined, N> {
  return { type, scope, layout: 'numbers', maxBytes: 8 * names.length, shape: () => undefined, numbers: names };
}
