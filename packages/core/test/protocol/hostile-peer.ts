/**
 * One tunnel against a peer that says what a test wants: frames by hand, past every check of a sender.
 *
 *   const peer = new HostilePeer('right').alive();    the tunnel under test is the right end
 *   peer.send(encodeFrame(...));                      what it makes of it: peer.closed, peer.events, peer.answers()
 */
import { writeU64 } from '../../src/protocol/bytes.js';
import type { Carrier } from '../../src/protocol/carrier.js';
import type { Channel } from '../../src/protocol/channel.js';
import { encodeFrame, encodeJson, encodeNumbers, encodePositioned, FrameReader } from '../../src/protocol/frame.js';
import type { Body, MessageName, Side } from '../../src/protocol/messages.js';
import { Pool } from '../../src/protocol/pool.js';
import { Tunnel } from '../../src/protocol/tunnel.js';
import type { TunnelEvent } from '../../src/protocol/tunnel-event.js';
import type { TunnelOptions } from '../../src/protocol/tunnel-options.js';

const OWN_INSTANCE = Buffer.alloc(16, 'victim').toString('base64url');
const PEER_INSTANCE = Buffer.alloc(16, 'hostile').toString('base64url');
const PROOF = Buffer.alloc(32, 'proof').toString('base64url');

export const REQUEST: Body<'CONNECTION_REQUEST'> = { service: 'echo', kind: 'stream', carrier: 'shared', window: 20_000 };

export class HostilePeer {
  readonly tunnel: Tunnel;
  readonly events: TunnelEvent[] = [];
  readonly channels: Channel[] = [];
  carrier!: Carrier;
  now = 1000;
  /** What the tunnel's applications do with what they get. */
  reads = true;
  #carriers = 0;

  constructor(side: Side, options: Partial<TunnelOptions> = {}) {
    this.tunnel = new Tunnel({
      side,
      instance: OWN_INSTANCE,
      newInstance: () => Buffer.alloc(16, `again ${this.now}`).toString('base64url'),
      node: 'victim',
      software: 'lstp/test',
      codecs: [],
      plugins: [],
      maxChannels: 4,
      pool: new Pool(1_000_000),
      poolShare: 80_000,
      unsentBytes: 131_072,
      retainBytes: 1_000_000,
      graceMs: 300_000,
      spread: false,
      ...options,
    });
  }

  /** The code and message with which the tunnel closed its last carrier; undefined while it is open. */
  get closed(): { code: string; message: string } | undefined {
    const event = this.events.findLast((one) => one.type === 'carrier-closed');
    return event?.type === 'carrier-closed' ? { code: event.code, message: event.message } : undefined;
  }

  connect(slot = 0): this {
    this.#carriers += 1;
    const id = Buffer.alloc(16, `carrier ${this.#carriers}`).toString('base64url');
    const facts = { id, slot, instance: this.tunnel.instance, peerInstance: PEER_INSTANCE, peerEpoch: 1, pingMs: 1000, rank: [1, 1, this.#carriers, 1], proof: PROOF, checkProof: (proof: string) => proof === PROOF };
    this.carrier = this.tunnel.addCarrier(facts, this.now);
    return this.#settle();
  }

  /** A first carrier over which everything has been said. */
  alive(): this {
    return this.connect().send(this.properties(), encodeNumbers('SERVICE_DATA_RESUME', 0, 0, 0));
  }

  properties(changes: Partial<Body<'PROPERTY_EXCHANGE'>> = {}): Buffer {
    const said = { proof: PROOF, node: 'hostile', software: 'lstp/test', instance: PEER_INSTANCE, peerInstance: OWN_INSTANCE, alive: [], initialWindow: 20_000, maxChannels: 4, codecs: [], plugins: [] };
    return encodeJson('PROPERTY_EXCHANGE', 0, { ...said, ...changes });
  }

  /** A channel that the peer opened and the tunnel's application has answered. */
  opened(id: number, request: Partial<Body<'CONNECTION_REQUEST'>> = {}): this {
    return this.send(encodePositioned('CONNECTION_REQUEST', id, 0, { ...REQUEST, ...request }), encodePositioned('SERVICE_BEGIN_REQUEST', id, 1, {}));
  }

  send(...frames: Buffer[]): this {
    for (const frame of frames) this.tunnel.handleBytes(this.carrier, frame, this.now);
    return this.#settle();
  }

  /** What the tunnel has to say, by name. */
  answers(): { name: MessageName; channel: number; payload: Buffer }[] {
    const reader = new FrameReader('carrier');
    const answers = [];
    for (let bytes = this.tunnel.pollTransmit(this.carrier, this.now); bytes !== undefined; bytes = this.tunnel.pollTransmit(this.carrier, this.now)) {
      reader.push(Buffer.from(bytes));
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) answers.push({ name: frame.name, channel: frame.channel, payload: Buffer.from(frame.payload) });
    }
    return answers;
  }

  #settle(): this {
    for (let events = this.tunnel.takeEvents(); events.length > 0; events = this.tunnel.takeEvents()) for (const event of events) this.#handle(event);
    return this;
  }

  #handle(event: TunnelEvent): void {
    this.events.push(event);
    if (event.type === 'request') {
      this.channels.push(event.channel);
      this.tunnel.accept(event.channel, this.now);
    }
    if (event.type === 'begin') this.tunnel.begin(event.channel, undefined, this.now);
    if (event.type === 'data' && this.reads) this.tunnel.taken(event.channel, event.bytes.length, this.now);
    if (event.type === 'end' && this.reads) this.tunnel.taken(event.channel, 1, this.now);
  }
}

/** SERVICE_DATA of a stream channel; without length it is END. */
export function data(channel: number, position: number, length: number): Buffer {
  const payload = Buffer.alloc(8 + length, 'x');
  writeU64(payload, position, 0);
  return encodeFrame('SERVICE_DATA', channel, payload);
}

export function resume(channel: number, received: number, limit: number): Buffer {
  return encodeNumbers('SERVICE_DATA_RESUME', channel, received, limit);
}
