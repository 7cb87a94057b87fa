/**
 * What one side of a channel receives: which positions have arrived, which the local socket has taken, how far
 * the peer may go. Granted only when the local socket took the bytes, not when we did; otherwise a slow
 * reader fills this process instead of stopping the sender.
 *
 *   place()       where an arriving piece belongs
 *   take()        the local socket took units
 *   restate()     what the next SERVICE_DATA_RESUME says
 *
 * Specification: docs/spec.md, "Positions" and "Credit".
 */
import { ProtocolError } from './error.js';
import { ACK_BYTES, CONTROL_SLACK, MAX_WINDOW, MIN_WINDOW, STASHED_PIECES } from './limits.js';
import type { MessageName } from './messages.js';
import type { Pool } from './pool.js';

/** A piece that arrived before its turn. Owns its bytes. */
export interface Stashed {
  readonly name: MessageName;
  readonly position: number;
  readonly units: number;
  readonly payload: Buffer;
}

/** The shortest time over which the rate is measured. */
const MEASURE_MS = 4;

export class Incoming {
  readonly #pool: Pool;
  #received = 0;
  #taken = 0;
  /** Highest limit told to the peer. */
  #limit: number;
  #window: number;
  /** What of the window beyond MIN_WINDOW is borrowed. */
  #borrowed = 0;
  #acknowledged = 0;
  #paused = false;
  #measuredFrom = 0;
  #measuredTaken = 0;
  #stash: Stashed[] | undefined;

  constructor(pool: Pool, window: number) {
    this.#pool = pool;
    this.#window = window;
    this.#limit = window;
  }

  get received(): number {
    return this.#received;
  }

  get taken(): number {
    return this.#taken;
  }

  get limit(): number {
    return this.#limit;
  }

  get window(): number {
    return this.#window;
  }

  /** Units that have arrived and wait for the local socket. */
  get waiting(): number {
    return this.#received - this.#taken;
  }

  /** Whether arrivals have not been acknowledged. */
  get unacknowledged(): boolean {
    return this.#received > this.#acknowledged;
  }

  /**
   * Where [position, position + units) belongs: how many of its units have arrived before (`skip`), and whether it is
   * the next to deliver or early. Throws when it goes beyond what was granted.
   */
  place(position: number, units: number, data: 'data' | 'control'): { skip: number; early: boolean } {
    const bound = data === 'data' ? this.#limit : this.#limit + CONTROL_SLACK;
    if (position + units > bound) throw new ProtocolError('PROTOCOL', `position ${position + units} goes beyond the granted ${bound}`);
    return { skip: Math.min(units, Math.max(0, this.#received - position)), early: position > this.#received };
  }

  /** The next `units` have arrived and are delivered. */
  arrive(units: number): void {
    this.#received += units;
  }

  /** Keeps an early piece. One that is there already is dropped. */
  stash(piece: Stashed): void {
    this.#stash ??= [];
    const index = this.#stash.findIndex(({ position }) => position >= piece.position);
    const there = index < 0 ? undefined : this.#stash[index];
    if (there !== undefined && there.position === piece.position && there.units >= piece.units) return;
    if (this.#stash.length >= STASHED_PIECES) throw new ProtocolError('LIMIT', `more than ${STASHED_PIECES} pieces of one channel arrived before their turn`);
    this.#stash.splice(index < 0 ? this.#stash.length : index, 0, piece);
  }

  /** The next stashed piece whose turn has come; its first units may have arrived otherwise. */
  unstash(): Stashed | undefined {
    while (this.#stash !== undefined && this.#stash.length > 0) {
      const first = this.#stash[0] as Stashed;
      if (first.position > this.#received) return undefined;
      this.#stash.shift();
      if (first.position + first.units > this.#received) return first;
    }
    this.#stash = undefined;
    return undefined;
  }

  /** The local socket took `units`. The window follows twice what it takes in a round trip, as far as the pool lends. */
  take(units: number, now: number, rttMs: number): void {
    this.#taken += units;
    const period = now - this.#measuredFrom;
    if (period < Math.max(rttMs, MEASURE_MS)) return;
    if (this.#measuredFrom > 0 && period < 8 * Math.max(rttMs, MEASURE_MS)) this.#grow(2 * (this.#taken - this.#measuredTaken));
    this.#measuredFrom = now;
    this.#measuredTaken = this.#taken;
  }

  /** Whether the peer should hear of it now rather than after ACK_DELAY_MS. */
  get newsworthy(): boolean {
    const step = Math.max(1, this.#window >> 2);
    if (this.#received - this.#acknowledged >= ACK_BYTES) return true;
    if (this.#paused) return this.waiting === 0;
    const grantable = this.#taken + this.#window - this.#limit;
    return grantable >= step || (grantable >= 1024 && this.#limit - this.#received < step);
  }

  /** What SERVICE_DATA_RESUME says now. While paused the limit stays, until the local socket has taken everything. */
  restate(): { received: number; limit: number } {
    this.#acknowledged = this.#received;
    if (this.#paused && this.waiting > 0) return { received: this.#received, limit: this.#limit };
    this.#limit = Math.max(this.#limit + (this.#paused ? 1 : 0), this.#taken + this.#window);
    this.#paused = false;
    return { received: this.#received, limit: this.#limit };
  }

  /** Stops the peer: too much waits and nothing more can be borrowed. True when SERVICE_DATA_PAUSE is to be sent. */
  pauseUnderPressure(): boolean {
    if (this.#paused || this.#pool.free > 0 || this.waiting <= MIN_WINDOW) return false;
    this.#paused = true;
    return true;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Gives back what was borrowed. The channel is at its end. */
  release(): void {
    this.#pool.giveBack(this.#borrowed);
    this.#borrowed = 0;
    this.#stash = undefined;
  }

  #grow(wanted: number): void {
    const target = Math.min(MAX_WINDOW, wanted, Math.max(MIN_WINDOW, this.#window + (this.#pool.free >> 2)));
    if (target <= this.#window) return;
    const got = this.#pool.borrow(target - this.#window);
    this.#borrowed += got;
    this.#window += got;
  }
}
