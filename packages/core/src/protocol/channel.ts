/**
 * One channel at one end: its two sequences, and where it stands between request and release.
 *
 * The state of one application connection, with no I/O in it and no knowledge of carriers. The tunnel hands it what
 * arrived for its id and asks it what to send; it tells the tunnel what happened through ChannelHost.
 * A Channel is also the handle that the tunnel's user holds; it stays usable when its id has been released.
 * Specification: docs/spec.md, "Channels".
 */
import { readU64 } from './bytes.js';
import { ProtocolError, type ChannelCode } from './error.js';
import { Datagrams } from './datagrams.js';
import { decodePositioned, type Frame } from './frame.js';
import { Incoming, type Stashed } from './incoming.js';
import { POSITION_BYTES } from './limits.js';
import type { Body, MessageName } from './messages.js';
import { Outgoing, type Ledger } from './outgoing.js';
import type { Pool } from './pool.js';
import type { Turns } from './turns.js';

export type ChannelRequestBody = Body<'CONNECTION_REQUEST'>;

/**
 * requested  CONNECTION_REQUEST sent, or arrived and not yet answered
 * granted    CONNECTION_ACK sent or arrived; connecting
 * open       SERVICE_BEGIN_ACK sent or arrived
 * refused    NACK sent; what still arrives is counted and dropped
 * freeing    SERVICE_FREE_REQUEST sent; nothing else matters any more
 * released   the id is free
 */
export type ChannelState = 'requested' | 'granted' | 'open' | 'refused' | 'freeing' | 'released';

/** What a channel reports to its tunnel. */
export interface ChannelHost {
  /** Whether the association ever had a second carrier: only then may anything arrive before its turn. */
  readonly severalCarriers: boolean;
  requested(channel: Channel): void;
  begun(channel: Channel, source: string | undefined): void;
  connected(channel: Channel, bound: string | undefined): void;
  refused(channel: Channel, code: ChannelCode, message: string): void;
  data(channel: Channel, bytes: Buffer): void;
  ended(channel: Channel): void;
}

export interface ChannelOptions {
  readonly id: number;
  readonly opener: boolean;
  readonly request: ChannelRequestBody;
  readonly pool: Pool;
  readonly ledger: Ledger;
  readonly sendLimit: number;
  readonly receiveWindow: number;
  readonly now: number;
}

/** The SERVICE_DATA that is arriving in pieces on one carrier. */
export interface Arriving {
  /** Of the next byte. */
  position: number;
  datagram: Buffer[];
}

type Positioned = 'CONNECTION_REQUEST' | 'CONNECTION_ACK' | 'CONNECTION_NACK' | 'SERVICE_BEGIN_REQUEST' | 'SERVICE_BEGIN_ACK' | 'SERVICE_BEGIN_NACK';

export class Channel {
  readonly id: number;
  /** Whether this end asked for it. */
  readonly opener: boolean;
  readonly request: ChannelRequestBody;
  readonly openedAt: number;
  readonly out: Outgoing;
  readonly in: Incoming;
  readonly datagrams: Datagrams | undefined;
  state: ChannelState = 'requested';
  /** Why it is freeing or released. */
  reason: ChannelCode | undefined;
  /** What SERVICE_FREE_REQUEST says beside the reason. */
  message: string | undefined;
  /** The application's address, as the opener says. */
  source: string | undefined;
  bytesIn = 0;
  bytesOut = 0;
  duplicates = 0;

  /** Owned by the scheduler (turns.ts): the queue it is in, and how much it sent in one go. */
  turns: Turns | undefined;
  burst = 0;
  lastSentAt: number;
  /** Owned by the tunnel: when an acknowledgement was last useful, and when one is due. */
  progressAt: number;
  ack: 'due' | 'later' | undefined;
  /** Whether its user waits for `writable`. */
  congested = false;
  /** The slot of an own carrier; undefined once it goes with the lead. */
  ownSlot: number | undefined;

  #beginArrived = false;
  #granted = false;
  #endSent = -1;
  #endReceived = -1;

  constructor({ id, opener, request, pool, ledger, sendLimit, receiveWindow, now }: ChannelOptions) {
    this.id = id;
    this.opener = opener;
    this.request = request;
    this.openedAt = now;
    this.lastSentAt = now;
    this.progressAt = now;
    this.out = new Outgoing(id, sendLimit, ledger);
    this.in = new Incoming(pool, receiveWindow);
    if (request.kind === 'datagram') this.datagrams = new Datagrams(id);
    if (request.carrier === 'own') this.ownSlot = request.slot;
  }

  get held(): boolean {
    return this.state !== 'released';
  }

  /** Whether its peer still counts on our acknowledgements. */
  get listens(): boolean {
    return this.state !== 'freeing' && this.state !== 'released';
  }

  /** Whether data may still be written by the local side. */
  get writableSide(): boolean {
    return this.#endSent < 0 && this.state !== 'refused' && this.state !== 'freeing' && this.state !== 'released';
  }

  /** Whether the next frame is control or END, which goes with the lead and before bulk. */
  get controlNext(): boolean {
    return this.out.controlNext;
  }

  /** Both directions are at their end, acknowledged and taken: the id may be released. */
  get finished(): boolean {
    return this.state === 'open' && this.#endSent >= 0 && this.out.acknowledged > this.#endSent && this.#endReceived >= 0 && this.in.taken > this.#endReceived;
  }

  /** The next frame for the wire; undefined while there is none or no credit. */
  peekFrame(now: number): Buffer | undefined {
    if (this.state === 'freeing' || this.state === 'released') return undefined;
    return this.out.peek()?.frame ?? this.datagrams?.peek(now);
  }

  /** The frame that peekFrame() gave was transmitted. */
  advance(frame: Buffer, now: number): void {
    if (!this.out.inFlight) this.progressAt = now;
    if (this.out.peek()?.frame === frame) this.out.advance();
    else this.datagrams?.advance();
    this.burst += frame.length;
    this.lastSentAt = now;
  }

  pushData(buffer: Buffer, start: number, end: number): void {
    this.bytesIn += end - start;
    this.out.pushData(buffer, start, end);
  }

  pushEnd(): void {
    this.#endSent = this.out.end;
    this.out.pushEnd();
  }

  /** The acting end grants the channel; connecting may begin when the request for it has come. */
  accept(host: ChannelHost): void {
    this.state = 'granted';
    this.#granted = true;
    this.out.pushControl('CONNECTION_ACK', {});
    if (this.#beginArrived) host.begun(this, this.source);
  }

  begin(bound: string | undefined): void {
    this.state = 'open';
    this.out.pushControl('SERVICE_BEGIN_ACK', bound === undefined ? {} : { bound });
  }

  refuse(code: ChannelCode, message: string): void {
    this.out.pushControl(this.#granted ? 'SERVICE_BEGIN_NACK' : 'CONNECTION_NACK', { code, message: message.slice(0, 1024) });
    this.state = 'refused';
    this.in.take(this.in.waiting, 0, 0);
  }

  /** Forgets what it holds; the state says why it may. */
  clear(): void {
    this.out.clear();
    this.datagrams?.clear();
    this.in.release();
  }

  /** A positioned control message arrived. */
  handleControl(frame: Frame, host: ChannelHost): void {
    const position = readU64(frame.payload, 0, `${frame.name}.position`);
    const { skip, early } = this.in.place(position, 1, 'control');
    if (skip > 0) this.duplicates += 1;
    else if (early) this.#stash({ name: frame.name, position, units: 1, payload: Buffer.from(frame.payload) }, host);
    else {
      this.#deliverControl(frame.name, frame.payload, host);
      this.#deliverStashed(host);
    }
  }

  /** A SERVICE_DATA, or a piece of one, arrived on the carrier that `arriving` belongs to. */
  handleServiceData(frame: Frame, host: ChannelHost, arriving: Arriving): void {
    if (this.datagrams !== undefined) return this.#handleDatagram(frame, host, arriving);
    let { payload } = frame;
    if (frame.offset === 0) {
      if (payload.length < POSITION_BYTES) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA: too short for its position');
      arriving.position = readU64(payload, 0, 'SERVICE_DATA.position');
      payload = payload.subarray(POSITION_BYTES);
      if (payload.length === 0 && frame.last) return this.#handleEnd(arriving.position, host);
    }
    if (payload.length === 0) return;
    this.#handlePiece(arriving.position, payload, host);
    arriving.position += payload.length;
  }

  #handlePiece(position: number, bytes: Buffer, host: ChannelHost): void {
    const { skip, early } = this.in.place(position, bytes.length, 'data');
    if (skip > 0) this.duplicates += skip;
    if (skip === bytes.length) return;
    if (early) return this.#stash({ name: 'SERVICE_DATA', position, units: bytes.length, payload: Buffer.from(bytes) }, host);
    this.#deliverData(skip > 0 ? bytes.subarray(skip) : bytes, host);
    this.#deliverStashed(host);
  }

  #handleEnd(position: number, host: ChannelHost): void {
    const { skip, early } = this.in.place(position, 1, 'control');
    if (skip > 0) this.duplicates += 1;
    else if (early) this.#stash({ name: 'SERVICE_DATA', position, units: 1, payload: Buffer.alloc(0) }, host);
    else this.#deliverEnd(host);
  }

  #stash(piece: Stashed, host: ChannelHost): void {
    if (!host.severalCarriers) throw new ProtocolError('PROTOCOL', `${piece.name} at position ${piece.position}, but ${this.in.received} is next`);
    this.in.stash(piece);
  }

  #handleDatagram(frame: Frame, host: ChannelHost, arriving: Arriving): void {
    if (frame.last && frame.offset === 0) return this.#deliverDatagram(frame.payload, host);
    arriving.datagram.push(Buffer.from(frame.payload));
    if (!frame.last) return;
    const whole = Buffer.concat(arriving.datagram);
    arriving.datagram = [];
    this.#deliverDatagram(whole, host);
  }

  #deliverDatagram(bytes: Buffer, host: ChannelHost): void {
    if (this.state === 'refused') return;
    this.bytesOut += bytes.length;
    host.data(this, bytes);
  }

  #deliverStashed(host: ChannelHost): void {
    for (let next = this.in.unstash(); next !== undefined; next = this.in.unstash()) {
      if (next.name !== 'SERVICE_DATA') this.#deliverControl(next.name, next.payload, host);
      else if (next.payload.length === 0) this.#deliverEnd(host);
      else this.#deliverData(next.payload.subarray(this.in.received - next.position), host);
    }
  }

  #deliverData(bytes: Buffer, host: ChannelHost): void {
    if (this.#endReceived >= 0) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA after END');
    if (!this.opener && this.in.received < 2) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA before SERVICE_BEGIN_REQUEST');
    if (this.opener && this.state !== 'open') throw new ProtocolError('PROTOCOL', 'SERVICE_DATA before SERVICE_BEGIN_ACK');
    this.in.arrive(bytes.length);
    this.bytesOut += bytes.length;
    if (this.state === 'refused') this.in.take(bytes.length, 0, 0);
    else host.data(this, bytes);
  }

  #deliverEnd(host: ChannelHost): void {
    if (this.#endReceived >= 0) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA: a second END');
    if (this.in.received < 2) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA: END before the channel began');
    this.#endReceived = this.in.received;
    this.in.arrive(1);
    if (this.state === 'refused') this.in.take(1, 0, 0);
    else host.ended(this);
  }

  /** Control is taken at once: no socket has to take it. */
  #deliverControl(name: MessageName, payload: Buffer, host: ChannelHost): void {
    this.in.arrive(1);
    this.in.take(1, 0, 0);
    const handled = this.opener ? this.#handleAnswer(name as Positioned, payload, host) : this.#handleAsk(name as Positioned, payload, host);
    if (!handled) throw new ProtocolError('PROTOCOL', `${name} at position ${this.in.received - 1} of a channel that is ${this.state}`);
  }

  #handleAsk(name: Positioned, payload: Buffer, host: ChannelHost): boolean {
    if (name === 'CONNECTION_REQUEST' && this.in.received === 1) return this.#handleConnectionRequest(host);
    if (name === 'SERVICE_BEGIN_REQUEST' && this.in.received === 2) return this.#handleServiceBeginRequest(payload, host);
    return false;
  }

  #handleAnswer(name: Positioned, payload: Buffer, host: ChannelHost): boolean {
    const first = this.in.received === 1;
    if (name === 'CONNECTION_ACK' && first) return this.#handleConnectionAck();
    if (name === 'CONNECTION_NACK' && first) return this.#handleNack(name, payload, host);
    if (name === 'SERVICE_BEGIN_ACK' && this.state === 'granted') return this.#handleServiceBeginAck(payload, host);
    if (name === 'SERVICE_BEGIN_NACK' && this.state === 'granted') return this.#handleNack(name, payload, host);
    return false;
  }

  #handleConnectionRequest(host: ChannelHost): true {
    host.requested(this);
    return true;
  }

  #handleServiceBeginRequest(payload: Buffer, host: ChannelHost): true {
    this.source = decodePositioned('SERVICE_BEGIN_REQUEST', payload).body.source;
    this.#beginArrived = true;
    if (this.state === 'granted') host.begun(this, this.source);
    return true;
  }

  #handleConnectionAck(): true {
    this.state = 'granted';
    return true;
  }

  #handleServiceBeginAck(payload: Buffer, host: ChannelHost): true {
    this.state = 'open';
    host.connected(this, decodePositioned('SERVICE_BEGIN_ACK', payload).body.bound);
    return true;
  }

  #handleNack(name: 'CONNECTION_NACK' | 'SERVICE_BEGIN_NACK', payload: Buffer, host: ChannelHost): true {
    const { code, message } = decodePositioned(name, payload).body;
    host.refused(this, code, message);
    return true;
  }
}
