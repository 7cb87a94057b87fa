/**
 * What one side of a channel sends: a sequence of positions, kept until the peer acknowledged them.
 *
 *   pushData(), pushControl(), pushEnd()   append; positions are given here
 *   peek(), advance()                      what may be transmitted next, by credit and pause
 *   acknowledge(), grant(), pause()        what the peer said
 *   rewind()                               a carrier died: transmit again from what the peer has
 *
 * Specification: docs/spec.md, "Positions".
 */
import { writeU64 } from './bytes.js';
import { ProtocolError } from './error.js';
import { encodePositioned, writeHeader } from './frame.js';
import { CONTROL_SLACK, HEADER_BYTES, POSITION_BYTES } from './limits.js';
import type { Body, MessageName } from './messages.js';

/** Bytes that a data buffer must have free in front of its payload, for header and position. */
export const HEADROOM = HEADER_BYTES + POSITION_BYTES;

/** Credit below this is not worth a frame of its own while more is under way. */
const SPLIT_BYTES = 4096;

export interface Item {
  readonly name: MessageName;
  readonly position: number;
  /** Length in positions: bytes of data, 1 for everything else. */
  units: number;
  /** The whole frame, ready for the wire. */
  frame: Buffer;
}

/** Units that all channels of a tunnel hold for acknowledgement. */
export interface Ledger {
  retained: number;
  /** Takes back the buffers of data that was acknowledged; they are written to no more. */
  reclaim?(frame: Buffer): void;
}

export class Outgoing {
  readonly #channel: number;
  readonly #ledger: Ledger;
  #items: Item[] = [];
  /** Index of the first item that was not transmitted (since the last rewind). */
  #cursor = 0;
  #next = 0;
  #acknowledged = 0;
  /** One past the highest position ever transmitted. */
  #sent = 0;
  #limit: number;
  #pausedAt = -1;
  #unsentUnits = 0;

  constructor(channel: number, limit: number, ledger: Ledger) {
    this.#channel = channel;
    this.#ledger = ledger;
    this.#limit = limit;
  }

  /** Everything below has arrived at the peer. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** One past the last position pushed. */
  get end(): number {
    return this.#next;
  }

  get sent(): number {
    return this.#sent;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Units pushed and not acknowledged. */
  get retained(): number {
    return this.#next - this.#acknowledged;
  }

  /** Units pushed and not transmitted. */
  get unsent(): number {
    return this.#unsentUnits;
  }

  /** Units transmitted and not acknowledged. */
  get inFlight(): boolean {
    return this.#sent > this.#acknowledged;
  }

  /** Whether the peer stopped us. */
  get paused(): boolean {
    return this.#pausedAt >= this.#limit;
  }

  /**
   * Appends data that lies in `buffer` from `start` (at least HEADROOM) to `end`. Takes ownership of the buffer: header
   * and position are written in front of the data, and it is kept until acknowledged.
   */
  pushData(buffer: Buffer, start: number, end: number): void {
    const units = end - start;
    const frame = buffer.subarray(start - HEADROOM, end);
    writeHeader(frame, 'SERVICE_DATA', this.#channel, POSITION_BYTES + units);
    writeU64(frame, this.#next, HEADER_BYTES);
    this.#push({ name: 'SERVICE_DATA', position: this.#next, units, frame });
  }

  pushControl<N extends MessageName>(name: N, body: Body<N>): void {
    this.#push({ name, position: this.#next, units: 1, frame: encodePositioned(name, this.#channel, this.#next, body) });
  }

  /** Appends END: SERVICE_DATA without data. */
  pushEnd(): void {
    const frame = Buffer.allocUnsafe(HEADROOM);
    writeHeader(frame, 'SERVICE_DATA', this.#channel, POSITION_BYTES);
    writeU64(frame, this.#next, HEADER_BYTES);
    this.#push({ name: 'SERVICE_DATA', position: this.#next, units: 1, frame });
  }

  /** The next item to transmit, or undefined while there is none or no credit for it. Data beyond the credit is split. */
  peek(): Item | undefined {
    const item = this.#items[this.#cursor];
    if (item === undefined) return undefined;
    if (item.frame.length === HEADROOM || item.name !== 'SERVICE_DATA') return item.position < this.#limit + CONTROL_SLACK ? item : undefined;
    const credit = this.#limit - item.position;
    if (this.paused || credit <= 0) return undefined;
    if (credit >= item.units) return item;
    if (credit < SPLIT_BYTES && this.inFlight) return undefined;
    this.#split(item, credit);
    return item;
  }

  /** Whether the next item, if any, is control or END rather than data. */
  get controlNext(): boolean {
    const item = this.#items[this.#cursor];
    return item !== undefined && (item.name !== 'SERVICE_DATA' || item.frame.length === HEADROOM);
  }

  /** The item that peek() gave was transmitted. */
  advance(): void {
    const item = this.#items[this.#cursor] as Item;
    this.#cursor += 1;
    this.#unsentUnits -= item.units;
    this.#sent = Math.max(this.#sent, item.position + item.units);
  }

  /** The peer has everything below `received`. Returns the units released. Throws when it claims what was never sent. */
  acknowledge(received: number): number {
    if (received > this.#sent) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME.received: ${received} was never sent, only ${this.#sent}`);
    if (received <= this.#acknowledged) return 0;
    const released = received - this.#acknowledged;
    this.#acknowledged = received;
    this.#ledger.retained -= released;
    let done = 0;
    while (done < this.#items.length && (this.#items[done] as Item).position + (this.#items[done] as Item).units <= received) done += 1;
    this.#drop(done);
    return released;
  }

  /** Up to `limit` may be sent; a smaller one than known is ignored. Lifts a pause at a smaller limit. */
  grant(limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
  }

  /** Stop until a limit beyond `limit` comes. Ignored when that is already known. */
  pause(limit: number): void {
    this.#pausedAt = Math.max(this.#pausedAt, limit);
  }

  /** Transmit again from the first item that the peer does not have whole. */
  rewind(): void {
    for (let index = 0; index < this.#cursor; index += 1) this.#unsentUnits += (this.#items[index] as Item).units;
    this.#cursor = 0;
  }

  /** Forgets everything: the channel was reset. */
  clear(): void {
    this.#items = [];
    this.#cursor = 0;
    this.#unsentUnits = 0;
    this.#ledger.retained -= this.retained;
    this.#acknowledged = this.#next;
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#next += item.units;
    this.#ledger.retained += item.units;
    this.#unsentUnits += item.units;
  }

  /** `done` items are acknowledged; those not transmitted again since a rewind need not be. */
  #drop(done: number): void {
    for (let index = 0; index < done; index += 1) {
      const { name, units, frame } = this.#items[index] as Item;
      if (index >= this.#cursor) this.#unsentUnits -= units;
      if (name === 'SERVICE_DATA') this.#ledger.reclaim?.(frame);
    }
    if (done > 0) this.#items.splice(0, done);
    this.#cursor = Math.max(0, this.#cursor - done);
  }

  /** Cuts `item` after `units`; the rest becomes an item of its own, copied, since the cut has no room for a header. */
  #split(item: Item, units: number): void {
    const rest = Buffer.allocUnsafeSlow(HEADROOM + item.units - units);
    item.frame.copy(rest, HEADROOM, HEADROOM + units);
    writeHeader(rest, 'SERVICE_DATA', this.#channel, POSITION_BYTES + item.units - units);
    writeU64(rest, item.position + units, HEADER_BYTES);
    this.#items.splice(this.#cursor + 1, 0, { name: 'SERVICE_DATA', position: item.position + units, units: item.units - units, frame: rest });
    item.units = units;
    item.frame = item.frame.subarray(0, HEADROOM + units);
    writeHeader(item.frame, 'SERVICE_DATA', this.#channel, POSITION_BYTES + units);
  }
}
