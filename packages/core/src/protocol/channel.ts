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
import type { Arriving } from './arriving.js';
import { Incoming } from './incoming.js';
import { MESSAGE_CHARACTERS, POSITION_BYTES } from './limits.js';
import type { Body, MessageName } from './messages.js';
import { Outgoing, type Ledger } from './outgoing.js';
import type { Pool } from './pool.js';
import { printable } from './shape.js';
import type { Stashed } from './stash.js';
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
  granted(channel: Channel): void;
  begun(channel: Channel): void;
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
  /** Owned by the tunnel: sweeps since the peer last answered while it should, and whether it is owed an acknowledgement. */
  sweeps = 0;
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
    this.out = new Outgoing(id, sendLimit, ledger);
    this.in = new Incoming(pool, receiveWindow, ledger);
    if (request.kind === 'datagram') this.datagrams = new Datagrams(id);
    if (request.carrier === 'own') this.ownSlot = request.slot;
  }

  get held(): boolean {
    return this.state !== 'released';
  }

  /** Whether it is ours, and nothing of it was ever sent: no peer can know of it. */
  get unheard(): boolean {
    return this.opener && this.listens && this.out.sent === 0;
  }

  /** Whether its peer still counts on our acknowledgements. */
  get listens(): boolean {
    return this.state !== 'freeing' && this.state !== 'released';
  }

  /** Whether the local side may still write: not after its END, nor when the channel is at its end. */
  get writableSide(): boolean {
    return this.#endSent < 0 && this.state !== 'refused' && this.listens;
  }

  /** Whether FREE_REQUEST {done} may come now: datagram and listen channels have no END; else both ENDs have arrived. */
  get endable(): boolean {
    return this.request.kind !== 'stream' || (this.#endSent >= 0 && this.#endReceived >= 0);
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
    if (!this.out.awaitsAnswer) this.sweeps = 0;
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

  /** The acting end grants the channel. True: connecting may begin, since the request for it has come. */
  accept(): boolean {
    this.state = 'granted';
    this.#granted = true;
    this.out.pushControl('CONNECTION_ACK', {});
    return this.#beginArrived;
  }

  begin(bound: string | undefined): void {
    this.state = 'open';
    this.out.pushControl('SERVICE_BEGIN_ACK', bound === undefined ? {} : { bound });
  }

  refuse(code: ChannelCode, message: string): void {
    this.out.pushControl(this.#granted ? 'SERVICE_BEGIN_NACK' : 'CONNECTION_NACK', { code, message: printable(message, MESSAGE_CHARACTERS) });
    this.state = 'refused';
    this.in.take(this.in.waiting, 0, 0);
  }

  /** Forgets what it holds for the peer. `done`: what has arrived is still taken by the local socket. */
  clear(reason: ChannelCode): void {
    this.out.clear();
    this.datagrams?.clear();
    if (reason === 'done') this.in.close();
    else this.in.destroy();
  }

  /** A positioned control message arrived. False: it came early, and too much is kept already. */
  handleControl(frame: Frame, host: ChannelHost): boolean {
    if (frame.payload.length < POSITION_BYTES) throw new ProtocolError('PROTOCOL', `${frame.name}: too short for its position`);
    const position = readU64(frame.payload, 0, `${frame.name}.position`);
    return this.#handleUnit({ name: frame.name, position, units: 1, payload: frame.payload }, host);
  }

  /** A SERVICE_DATA, or a piece of one, arrived on the carrier that `arriving` belongs to. False as above. */
  handleServiceData(frame: Frame, host: ChannelHost, arriving: Arriving): boolean {
    if (this.datagrams !== undefined) return this.#handleDatagram(frame, host, arriving);
    let { payload } = frame;
    if (frame.offset === 0) {
      if (payload.length < POSITION_BYTES) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA: too short for its position');
      arriving.position = readU64(payload, 0, 'SERVICE_DATA.position');
      payload = payload.subarray(POSITION_BYTES);
      if (payload.length === 0 && frame.last) return this.#handleUnit({ name: 'SERVICE_DATA', position: arriving.position, units: 1, payload }, host);
    }
    if (payload.length === 0) return true;
    const { position } = arriving;
    arriving.position += payload.length;
    return this.#handlePiece(position, payload, host);
  }

  #handlePiece(position: number, bytes: Buffer, host: ChannelHost): boolean {
    const skip = this.in.place(position, bytes.length, 'data');
    this.duplicates += skip;
    if (skip === bytes.length) return true;
    if (position > this.in.received) return this.#stash({ name: 'SERVICE_DATA', position, units: bytes.length, payload: bytes }, host);
    this.#deliverData(skip > 0 ? bytes.subarray(skip) : bytes, host);
    this.#deliverStashed(host);
    return true;
  }

  /** Control or END. */
  #handleUnit(unit: Stashed, host: ChannelHost): boolean {
    if (this.in.place(unit.position, 1, 'control') > 0) {
      this.duplicates += 1;
      return true;
    }
    if (unit.position > this.in.received) return this.#stash(unit, host);
    this.#deliverUnit(unit, host);
    this.#deliverStashed(host);
    return true;
  }

  #stash(piece: Stashed, host: ChannelHost): boolean {
    if (!host.severalCarriers) throw new ProtocolError('PROTOCOL', `${piece.name} at position ${piece.position}, but ${this.in.received} is next`);
    return this.in.stash(piece);
  }

  #handleDatagram(frame: Frame, host: ChannelHost, arriving: Arriving): boolean {
    if (frame.offset === 0) arriving.begin();
    if (frame.last && frame.offset === 0) this.#deliverDatagram(frame.payload, host);
    else {
      arriving.append(frame.payload);
      if (frame.last) this.#deliverDatagram(arriving.take(), host);
    }
    return true;
  }

  #deliverDatagram(bytes: Buffer, host: ChannelHost): void {
    if (this.state === 'refused') return;
    this.bytesOut += bytes.length;
    host.data(this, bytes);
  }

  #deliverStashed(host: ChannelHost): void {
    for (let next = this.in.unstash(); next !== undefined && this.listens; next = this.in.unstash()) {
      if (next.units === next.payload.length && next.name === 'SERVICE_DATA') this.#deliverData(next.payload.subarray(this.in.received - next.position), host);
      else this.#deliverUnit(next, host);
    }
  }

  #deliverUnit({ name, payload }: Stashed, host: ChannelHost): void {
    if (name === 'SERVICE_DATA') this.#deliverEnd(host);
    else this.#deliverControl(name, payload, host);
  }

  #deliverData(bytes: Buffer, host: ChannelHost): void {
    if (this.request.kind === 'listen') throw new ProtocolError('PROTOCOL', 'SERVICE_DATA on a channel that listens');
    if (this.#endReceived >= 0) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA after END');
    if (!this.opener && this.in.received < 2) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA before SERVICE_BEGIN_REQUEST');
    if (this.opener && this.state !== 'open') throw new ProtocolError('PROTOCOL', 'SERVICE_DATA before SERVICE_BEGIN_ACK');
    this.bytesOut += bytes.length;
    if (this.state === 'refused') return this.in.pass(bytes.length);
    this.in.arrive(bytes.length);
    host.data(this, bytes);
  }

  #deliverEnd(host: ChannelHost): void {
    if (this.request.kind !== 'stream') throw new ProtocolError('PROTOCOL', `SERVICE_DATA: END on a ${this.request.kind} channel`);
    if (this.#endReceived >= 0) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA: a second END');
    if (this.in.received < 2) throw new ProtocolError('PROTOCOL', 'SERVICE_DATA: END before the channel began');
    this.#endReceived = this.in.received;
    if (this.state === 'refused') return this.in.pass(1);
    this.in.arrive(1);
    host.ended(this);
  }

  /** Control is taken at once: no socket has to take it. */
  #deliverControl(name: MessageName, payload: Buffer, host: ChannelHost): void {
    this.in.pass(1);
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
    if (name === 'CONNECTION_ACK' && first) return this.#handleConnectionAck(host);
    if (name === 'CONNECTION_NACK' && first) return this.#handleConnectionNack(payload, host);
    if (name === 'SERVICE_BEGIN_ACK' && this.state === 'granted') return this.#handleServiceBeginAck(payload, host);
    if (name === 'SERVICE_BEGIN_NACK' && this.state === 'granted') return this.#handleServiceBeginNack(payload, host);
    return false;
  }

  #handleConnectionRequest(host: ChannelHost): true {
    host.requested(this);
    return true;
  }

  #handleServiceBeginRequest(payload: Buffer, host: ChannelHost): true {
    this.source = decodePositioned('SERVICE_BEGIN_REQUEST', payload).body.source;
    this.#beginArrived = true;
    if (this.state === 'granted') host.begun(this);
    return true;
  }

  #handleConnectionAck(host: ChannelHost): true {
    this.state = 'granted';
    host.granted(this);
    return true;
  }

  #handleServiceBeginAck(payload: Buffer, host: ChannelHost): true {
    this.state = 'open';
    host.connected(this, decodePositioned('SERVICE_BEGIN_ACK', payload).body.bound);
    return true;
  }

  #handleConnectionNack(payload: Buffer, host: ChannelHost): true {
    const { code, message } = decodePositioned('CONNECTION_NACK', payload).body;
    host.refused(this, code, message);
    return true;
  }

  #handleServiceBeginNack(payload: Buffer, host: ChannelHost): true {
    const { code, message } = decodePositioned('SERVICE_BEGIN_NACK', payload).body;
    host.refused(this, code, message);
    return true;
  }
}
