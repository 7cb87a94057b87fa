/**
 * What one side of a channel receives: which positions have arrived, which the local socket has taken, how far
 * the peer may go. Granted only when the local socket took the bytes, not when we did; otherwise a slow
 * reader fills this process instead of stopping the sender.
 *
 *   place(), arrive()   where an arriving piece belongs; it was delivered
 *   take()              the local socket took units
 *   restate()           what the next SERVICE_DATA_RESUME says
 *   close(), destroy()  the channel is at its end: give back what was borrowed, when all is taken or at once
 *
 * Specification: docs/spec.md, "Positions" and "Credit".
 */
import { ProtocolError } from './error.js';
import { ACK_BYTES, CONTROL_SLACK, MAX_WINDOW, MIN_WINDOW } from './limits.js';
import type { Ledger } from './outgoing.js';
import type { Pool } from './pool.js';
import { Stash, type Stashed } from './stash.js';

/** The shortest time over which the rate is measured. */
const MEASURE_MS = 4;
/** Credit below this is worth a frame only when the peer has little left. */
const SMALL_GRANT_BYTES = 1024;

export class Incoming {
  readonly #pool: Pool;
  readonly #ledger: Ledger;
  #received = 0;
  #taken = 0;
  /** Highest limit told to the peer. */
  #limit: number;
  #window: number;
  /** What of the window is borrowed. */
  #borrowed = 0;
  #acknowledged = 0;
  #paused = false;
  #closed = false;
  #measuredFrom = 0;
  #measuredTaken = 0;
  #stash: Stash | undefined;

  constructor(pool: Pool, window: number, ledger: Ledger) {
    this.#pool = pool;
    this.#window = window;
    this.#limit = window;
    this.#ledger = ledger;
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

  get paused(): boolean {
    return this.#paused;
  }

  /** How many of the units [position, position + units) have arrived before. Throws when they go beyond what was granted. */
  place(position: number, units: number, kind: 'data' | 'control'): number {
    const bound = kind === 'data' ? this.#limit : this.#limit + CONTROL_SLACK;
    if (position + units > bound) throw new ProtocolError('PROTOCOL', `position ${position + units} goes beyond the granted ${bound}`);
    const skip = this.#received - position;
    return skip <= 0 ? 0 : Math.min(units, skip);
  }

  /** The next `units` have arrived and are delivered. */
  arrive(units: number): void {
    this.#received += units;
  }

  /** The next `units` have arrived, and no local socket has to take them. */
  pass(units: number): void {
    this.#received += units;
    this.#taken += units;
  }

  /** Keeps a copy of an early piece. False: too many wait in this tunnel. */
  stash(piece: Stashed): boolean {
    this.#stash ??= new Stash(this.#ledger);
    return this.#stash.add(piece);
  }

  /** The next stashed piece whose turn has come; its first units may have arrived otherwise. */
  unstash(): Stashed | undefined {
    return this.#stash?.take(this.#received);
  }

  /** The local socket took `units`. The window follows twice what it takes in a round trip, as far as the pool lends. */
  take(units: number, now: number, rttMs: number): void {
    this.#taken = Math.min(this.#received, this.#taken + units);
    if (this.#closed) return this.#giveBackWhenTaken();
    const period = now - this.#measuredFrom;
    const shortest = Math.max(rttMs, MEASURE_MS);
    if (period < shortest) return;
    if (this.#measuredFrom > 0 && period < 8 * shortest) this.#grow(2 * (this.#taken - this.#measuredTaken));
    this.#measuredFrom = now;
    this.#measuredTaken = this.#taken;
  }

  /** Whether the peer should hear of it now rather than after ACK_DELAY_MS. */
  get newsworthy(): boolean {
    const step = Math.max(1, this.#window >> 2);
    if (this.#received - this.#acknowledged >= ACK_BYTES) return true;
    if (this.#paused) return this.waiting === 0;
    const grantable = this.#taken + this.#window - this.#limit;
    return grantable >= step || (grantable >= SMALL_GRANT_BYTES && this.#limit - this.#received < step);
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

  /** Nothing more comes. What waits is still taken, and counts against the pool until then. */
  close(): void {
    this.#closed = true;
    this.#stash?.clear();
    this.#stash = undefined;
    this.#giveBackWhenTaken();
  }

  /** Nothing more comes, and what waits is not taken any more. */
  destroy(): void {
    this.#taken = this.#received;
    this.close();
  }

  #giveBackWhenTaken(): void {
    if (this.waiting > 0 || this.#borrowed === 0) return;
    this.#pool.giveBack(this.#borrowed);
    this.#borrowed = 0;
  }

  #grow(wanted: number): void {
    const target = Math.min(MAX_WINDOW, wanted, Math.max(MIN_WINDOW, this.#window + (this.#pool.free >> 2)));
    if (target <= this.#window) return;
    const got = this.#pool.borrow(target - this.#window);
    this.#borrowed += got;
    this.#window += got;
  }
}
