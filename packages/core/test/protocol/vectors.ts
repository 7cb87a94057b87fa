/**
 * One example of every message, made from the values below. docs/spec.md shows the same frames in hex; a test compares
 * the two, so that whoever implements LSTP anew can check theirs against either.
 *
 * Keys are those of the seeds 0x01, 0x02, 0x03 (32 times each) for desk, west and lab; every nonce is one byte 32 times.
 */
import { lengthPrefixed } from '../../src/protocol/bytes.js';
import type { Crypto } from '../../src/protocol/crypto.js';
import { rendezvousDigest } from '../../src/protocol/digest.js';
import { encodeFrame, encodeJson, encodeNumbers, encodePositioned } from '../../src/protocol/frame.js';
import { makeHelloAcceptor, makeHelloDialer, makeHelloProof } from '../../src/protocol/leg-hello.js';
import type { Body, MessageName, Scope } from '../../src/protocol/messages.js';
import { freezeSetup, type OwnSetup } from '../../src/protocol/setup.js';
import { appendMiddleEntry } from '../../src/protocol/topology.js';
import { writeU64 } from '../../src/protocol/bytes.js';
import { nodeCrypto, signerFromSeed } from '../../src/io/node-crypto.js';

export interface Vector {
  /** As in docs/spec.md, in front of the hex. */
  readonly about: string;
  readonly scope: Exclude<Scope, 'both'>;
  readonly frame: Buffer;
  readonly channel: number;
  /** What decodeJson(), decodePositioned() or decodeNumbers() gives; undefined for the other layouts. */
  readonly value?: unknown;
}

export const desk = signerFromSeed(Buffer.alloc(32, 1));
export const west = signerFromSeed(Buffer.alloc(32, 2));
export const lab = signerFromSeed(Buffer.alloc(32, 3));
/** Draws this byte only. */
const drawing = (byte: number): Crypto => ({ ...nodeCrypto, random: (length) => Buffer.alloc(length, byte) });

/** Everything of one HELLO between desk, which dials, and west. */
export const hello = (() => {
  const a = makeHelloAcceptor({ crypto: drawing(0xa0), signer: west });
  const body = { use: 'set-up', started: 1_700_000_000_000, node: 'desk' } as const;
  const d = makeHelloDialer(a, body, { crypto: drawing(0xd0), signer: desk, pinned: west.publicKey });
  return { a, d, p: makeHelloProof(a, d, { crypto: nodeCrypto, signer: west }) };
})();

export const setup: OwnSetup = freezeSetup(
  {
    versions: [1],
    common: rendezvousDigest(nodeCrypto, 'acme-globex'),
    side: 'left',
    peers: [lab.publicKey],
    epoch: 1_700_000_000_000,
    instance: Buffer.alloc(16, 0x11).toString('base64url'),
    slot: 0,
    alt: 0,
    attempt: 1,
    pingMs: 15_000,
  },
  'desk',
  { crypto: drawing(0xe0), signer: desk },
);

/** What lab receives when west forwarded desk's set-up. */
export const forwarded = appendMiddleEntry(
  setup.entry,
  { node: 'west', key: west.publicKey, address: 'west.example.net:7070', from: desk.publicKey, to: lab.publicKey },
  { cu: setup.cu, crypto: nodeCrypto, signer: west },
);

const carrierId = Buffer.alloc(16, 0xc1).toString('base64url');
const properties: Body<'PROPERTY_EXCHANGE'> = {
  proof: Buffer.alloc(32, 0xf0).toString('base64url'),
  node: 'desk',
  software: 'lstp 0.1.0',
  instance: setup.info.instance,
  alive: [carrierId],
  initialWindow: 262_144,
  maxChannels: 4096,
  codecs: ['zlib'],
  plugins: ['forward', 'socks'],
};

export const VECTORS: Readonly<Record<MessageName, readonly Vector[]>> = {
  HELLO: [
    { about: 'HELLO_a of west', scope: 'leg', channel: 0, frame: encodeFrame('HELLO', 0, hello.a) },
    { about: 'HELLO_d of desk', scope: 'leg', channel: 0, frame: encodeFrame('HELLO', 0, hello.d) },
    { about: 'HELLO_p of west', scope: 'leg', channel: 0, frame: encodeFrame('HELLO', 0, hello.p) },
  ],
  COMMONUNIQUE_INFO: [{ about: 'of desk', scope: 'leg', channel: 0, frame: encodeFrame('COMMONUNIQUE_INFO', 0, setup.cu) }],
  TOPOLOGY_EXCHANGE: [
    { about: 'as desk sends it', scope: 'leg', channel: 0, frame: encodeFrame('TOPOLOGY_EXCHANGE', 0, setup.entry) },
    { about: 'as west forwards it to lab', scope: 'leg', channel: 0, frame: encodeFrame('TOPOLOGY_EXCHANGE', 0, forwarded) },
    {
      about: 'inside TLS, of desk, which received of lab the bytes 01 02 03',
      scope: 'carrier',
      channel: 0,
      frame: encodeFrame('TOPOLOGY_EXCHANGE', 0, Buffer.concat([lengthPrefixed(setup.entry), lengthPrefixed(Buffer.from([1, 2, 3]))])),
    },
  ],
  PASS_THROUGH: [{ about: 'always', scope: 'leg', channel: 0, frame: encodeFrame('PASS_THROUGH', 0) }],
  PROGRESS: [
    json('PROGRESS', 'leg', { at: 'east', waitingFor: 'lab' }),
    json('PROGRESS', 'leg', { at: 'west', waitingFor: 'east', failed: { address: 'east.example.net:7071', code: 'ECONNREFUSED' } }),
  ],
  PING: [numbers('PING', 'leg', [1_234_567])],
  PONG: [numbers('PONG', 'leg', [1_234_567])],
  PROPERTY_EXCHANGE: [json('PROPERTY_EXCHANGE', 'carrier', properties), json('PROPERTY_EXCHANGE', 'carrier', { ...properties, codecs: [], plugins: ['forward'], login: { user: 'ann', proof: 'correct horse' } })],
  CONNECTION_REQUEST: [
    positioned('CONNECTION_REQUEST', 0, { service: 'web', kind: 'stream', carrier: 'shared', window: 262_144 }),
    positioned('CONNECTION_REQUEST', 0, { service: 'proxy', target: 'db.acme:5432', kind: 'stream', codec: 'zlib', carrier: 'own', slot: 9, window: 65_536 }),
  ],
  CONNECTION_ACK: [positioned('CONNECTION_ACK', 0, {})],
  CONNECTION_NACK: [positioned('CONNECTION_NACK', 0, { code: 'unknown-service', message: 'lab has no service web' })],
  SERVICE_BEGIN_REQUEST: [positioned('SERVICE_BEGIN_REQUEST', 1, { source: '127.0.0.1:50312' })],
  SERVICE_BEGIN_ACK: [positioned('SERVICE_BEGIN_ACK', 1, { bound: '10.1.0.7:41200' })],
  SERVICE_BEGIN_NACK: [positioned('SERVICE_BEGIN_NACK', 1, { code: 'refused', message: 'intranet.acme:80 refused the connection' })],
  SERVICE_DATA: [data(2, 'hello'), data(7, '')],
  SERVICE_DATA_PAUSE: [numbers('SERVICE_DATA_PAUSE', 'carrier', [262_144], 3)],
  SERVICE_DATA_RESUME: [numbers('SERVICE_DATA_RESUME', 'carrier', [7, 262_151], 3)],
  SERVICE_FREE_REQUEST: [json('SERVICE_FREE_REQUEST', 'carrier', { reason: 'done' }, 3)],
  SERVICE_FREE_RESPONSE: [{ about: 'for channel 3', scope: 'carrier', channel: 3, frame: encodeFrame('SERVICE_FREE_RESPONSE', 3) }],
  SHUTDOWN: [json('SHUTDOWN', 'leg', { node: 'west', deadlineMs: 30_000 }), json('SHUTDOWN', 'carrier', { carrier: carrierId, slot: 8, deadlineMs: 30_000 })],
  ERROR: [
    json('ERROR', 'leg', { code: 'REFUSED' }),
    json('ERROR', 'leg', { code: 'SUPERSEDED', message: 'another process with the key of this end started later and lives', since: 1_700_000_000_000 }),
  ],
};

function json<N extends MessageName>(name: N, scope: Vector['scope'], value: Body<N>, channel = 0): Vector {
  return { about: JSON.stringify(value), scope, channel, frame: encodeJson(name, channel, value), value };
}

function positioned<N extends MessageName>(name: N, position: number, body: Body<N>): Vector {
  const about = `on channel 3, position ${position}, ${JSON.stringify(body)}`;
  return { about, scope: 'carrier', channel: 3, frame: encodePositioned(name, 3, position, body), value: { position, body } };
}

function numbers(name: MessageName, scope: Vector['scope'], values: number[], channel = 0): Vector {
  const about = `${channel === 0 ? '' : `on channel ${channel}, `}${values.join(', ')}`;
  return { about, scope, channel, frame: encodeNumbers(name, channel, ...values), value: values };
}

function data(position: number, text: string): Vector {
  const payload = Buffer.alloc(8 + text.length, text);
  writeU64(payload, position, 0);
  payload.write(text, 8);
  const about = text === '' ? `END on channel 3, at position ${position}` : `"${text}" on channel 3, at position ${position}`;
  return { about, scope: 'carrier', channel: 3, frame: encodeFrame('SERVICE_DATA', 3, payload) };
}
