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
import { CONTROL_SLACK, FULL_DATA_BYTES, HEADER_BYTES, POSITION_BYTES } from './limits.js';
import type { Body, MessageName } from './messages.js';

/** Bytes that a data buffer must have free in front of its payload, for header and position. */
export const HEADROOM = HEADER_BYTES + POSITION_BYTES;

/** Credit below this is not worth a frame of its own while more is under way. */
const SPLIT_BYTES = 4096;
/** Acknowledged items that may stay in front of the list before it is moved up. */
const MOST_GONE = 64;

export interface Item {
  readonly name: MessageName;
  readonly position: number;
  /** Length in positions: bytes of data, 1 for everything else. */
  units: number;
  /** The whole frame, ready for the wire. */
  frame: Buffer;
  /** Whether it was transmitted before the last rewind: another carrier may still hold the frame. */
  again?: true;
}

/** What all channels of a tunnel hold together. */
export interface Ledger {
  /** Units that wait for acknowledgement. */
  retained: number;
  /** Pieces that arrived before their turn. */
  stashed: number;
  /** Takes back the buffers of data that was acknowledged and that nobody holds any more. */
  reclaim?(frame: Buffer): void;
}

export class Outgoing {
  readonly #channel: number;
  readonly #ledger: Ledger;
  /** From `#first` on: what is not acknowledged. */
  #items: Item[] = [];
  #first = 0;
  /** Index of the first item that was not transmitted (since the last rewind). */
  #cursor = 0;
  #next = 0;
  #acknowledged = 0;
  /** One past the highest position ever transmitted. */
  #sent = 0;
  #limit: number;
  #pausedAt = -1;
  #unsent = 0;

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

  /** One past the highest position that was ever transmitted. */
  get sent(): number {
    return this.#sent;
  }

  /** How far the peer lets us go. */
  get limit(): number {
    return this.#limit;
  }

  /** Units pushed and not acknowledged. */
  get retained(): number {
    return this.#next - this.#acknowledged;
  }

  /** Units that wait to be transmitted, again after a rewind. */
  get unsent(): number {
    return this.#unsent;
  }

  /** Whether something was transmitted and is not acknowledged. */
  get inFlight(): boolean {
    return this.#sent > this.#acknowledged;
  }

  /** Whether an answer is due: something was transmitted since the last rewind, when all that was under way was lost, and is not acknowledged. */
  get awaitsAnswer(): boolean {
    return this.#cursor > this.#first;
  }

  /** Whether the peer stopped us. */
  get paused(): boolean {
    return this.#pausedAt >= this.#limit;
  }

  /** Whether the next item, if any, is control or END rather than data. */
  get controlNext(): boolean {
    const item = this.#items[this.#cursor];
    return item !== undefined && !isData(item);
  }

  /**
   * Appends data that lies in `buffer` from `start` (at least HEADROOM) to `end`; nothing, when that is empty: on the
   * wire it would be END. Takes ownership of the buffer: header and position are written in front of the data, and it
   * is kept until acknowledged, unless most of it is not data: then the data is copied.
   */
  pushData(buffer: Buffer, start: number, end: number): void {
    const first = Math.min(end, start + FULL_DATA_BYTES);
    if (first > start) this.#pushFrame(frugal(buffer.subarray(start - HEADROOM, first)));
    for (let at = first; at < end; at += FULL_DATA_BYTES) this.#pushFrame(copyWithHeadroom(buffer, at, Math.min(end, at + FULL_DATA_BYTES)));
  }

  pushControl<N extends MessageName>(name: N, body: Body<N>): void {
    this.#push({ name, position: this.#next, units: 1, frame: encodePositioned(name, this.#channel, this.#next, body) });
  }

  /** Appends END: SERVICE_DATA without data. */
  pushEnd(): void {
    const frame = Buffer.allocUnsafe(HEADROOM);
    this.#writeDataHeader(frame, this.#next);
    this.#push({ name: 'SERVICE_DATA', position: this.#next, units: 1, frame });
  }

  /** The next item to transmit, or undefined while there is none or no credit for it. Data beyond the credit is split. */
  peek(): Item | undefined {
    const item = this.#items[this.#cursor];
    if (item === undefined) return undefined;
    if (!isData(item)) return item.position < this.#limit + CONTROL_SLACK ? item : undefined;
    const credit = this.#limit - item.position;
    if (credit <= 0 || this.paused) return undefined;
    if (credit >= item.units) return item;
    if (credit < SPLIT_BYTES && this.inFlight) return undefined;
    this.#split(item, credit);
    return item;
  }

  /** The item that peek() gave was transmitted. */
  advance(): void {
    const item = this.#items[this.#cursor] as Item;
    this.#cursor += 1;
    this.#unsent -= item.units;
    this.#sent = Math.max(this.#sent, item.position + item.units);
  }

  /** The peer has everything below `received`. Returns the units released. Throws when it claims what was never sent. */
  acknowledge(received: number): number {
    if (received > this.#sent) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME.received: ${received} was never sent, only ${this.#sent}`);
    const released = received - this.#acknowledged;
    if (released <= 0) return 0;
    this.#acknowledged = received;
    this.#ledger.retained -= released;
    this.#dropAcknowledged();
    return released;
  }

  /** Up to `limit` may be sent; a smaller one than known is ignored. Lifts a pause at a smaller limit. */
  grant(limit: number): void {
    if (limit > this.#limit) this.#limit = limit;
  }

  /** What a peer let us do is over; another one says anew. */
  ungrant(): void {
    this.#limit = 0;
    this.#pausedAt = -1;
  }

  /** Stop until a limit beyond `limit` comes. Ignored when that is already known. */
  pause(limit: number): void {
    this.#pausedAt = Math.max(this.#pausedAt, limit);
  }

  /** Transmit again from the first item that the peer does not have whole. */
  rewind(): void {
    for (let index = this.#first; index < this.#cursor; index += 1) {
      const item = this.#items[index] as Item;
      this.#unsent += item.units;
      item.again = true;
    }
    this.#cursor = this.#first;
  }

  /** Forgets everything: the channel is at its end. */
  clear(): void {
    this.#items = [];
    this.#first = 0;
    this.#cursor = 0;
    this.#unsent = 0;
    this.#ledger.retained -= this.retained;
    this.#next = this.#sent;
    this.#acknowledged = this.#sent;
  }

  #pushFrame(frame: Buffer): void {
    this.#writeDataHeader(frame, this.#next);
    this.#push({ name: 'SERVICE_DATA', position: this.#next, units: frame.length - HEADROOM, frame });
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#next += item.units;
    this.#ledger.retained += item.units;
    this.#unsent += item.units;
  }

  #writeDataHeader(frame: Buffer, position: number): void {
    writeHeader(frame, 'SERVICE_DATA', this.#channel, frame.length - HEADER_BYTES);
    writeU64(frame, position, HEADER_BYTES);
  }

  /** Items that are acknowledged whole go; those not transmitted again since a rewind need not be. */
  #dropAcknowledged(): void {
    const items = this.#items;
    let first = this.#first;
    for (let item = items[first]; item !== undefined && item.position + item.units <= this.#acknowledged; item = items[first]) {
      if (first >= this.#cursor) this.#unsent -= item.units;
      if (item.name === 'SERVICE_DATA' && item.again === undefined) this.#ledger.reclaim?.(item.frame);
      items[first] = GONE;
      first += 1;
    }
    this.#first = first;
    this.#cursor = Math.max(this.#cursor, first);
    if (first === items.length) this.#moveUp();
    else if (first > MOST_GONE && 2 * first > items.length) this.#moveUp();
  }

  #moveUp(): void {
    this.#items = this.#first === this.#items.length ? [] : this.#items.slice(this.#first);
    this.#cursor -= this.#first;
    this.#first = 0;
  }

  /** Cuts `item` after `units`; the rest becomes an item of its own, copied, since the cut has no room for a header. */
  #split(item: Item, units: number): void {
    const position = item.position + units;
    const rest = copyWithHeadroom(item.frame, HEADROOM + units, item.frame.length);
    this.#writeDataHeader(rest, position);
    this.#items.splice(this.#cursor + 1, 0, { name: 'SERVICE_DATA', position, units: item.units - units, frame: rest });
    item.units = units;
    item.frame = item.frame.subarray(0, HEADROOM + units);
    this.#writeDataHeader(item.frame, item.position);
  }
}

/** Stands where an item was, so that its bytes can go before the list is moved up. */
const GONE: Item = { name: 'SERVICE_DATA', position: 0, units: 0, frame: Buffer.alloc(0) };

/** Neither control nor END. */
function isData({ name, frame }: Item): boolean {
  return name === 'SERVICE_DATA' && frame.length > HEADROOM;
}

/** Smaller buffers may be kept alive by whatever is cut from them. */
const SMALL_BYTES = 8192;

/** `frame` itself, or a copy where it would keep four times its size alive: a keystroke must not hold a slab of 64 KiB for itself. */
function frugal(frame: Buffer): Buffer {
  const { byteLength } = frame.buffer;
  return byteLength > SMALL_BYTES && 4 * frame.length < byteLength ? Buffer.from(frame) : frame;
}

function copyWithHeadroom(buffer: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(HEADROOM + end - start);
  buffer.copy(copy, HEADROOM, start, end);
  return copy;
}
