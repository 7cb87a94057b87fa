/** All pipes of a middle: found by either of their legs, and closed when nothing has moved for too long. */
import type { Duplex } from 'node:stream';
import { SILENT_PINGS, type LegId } from '@lstp/core';
import { Pipe, type PipeBudget } from './pipe.js';

/** How often pipes are looked at. */
const LOOK_MS = 1000;

interface Entry {
  readonly pipe: Pipe;
  readonly legs: readonly [LegId, LegId];
  readonly pingMs: number;
}

export class PipeYard {
  readonly #budget: PipeBudget;
  readonly #onOver: (leg: LegId, isSilent: boolean) => void;
  readonly #entries = new Map<LegId, Entry>();
  #count = 0;
  #endedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;
  #onEmpty: (() => void) | undefined;

  /** `onOver` is told of the first leg of a pipe that is gone. */
  constructor(budget: PipeBudget, onOver: (leg: LegId, isSilent: boolean) => void) {
    this.#budget = budget;
    this.#onOver = onOver;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes moved by all pipes that ever were. */
  get bytes(): number {
    let bytes = this.#endedBytes;
    for (const [leg, { pipe, legs }] of this.#entries) if (leg === legs[0]) bytes += pipe.bytes;
    return bytes;
  }

  /** Owns both sockets from now on. */
  join(legs: readonly [LegId, LegId], sockets: readonly [Duplex, Duplex], pingMs: number): void {
    const entry: Entry = { legs, pingMs, pipe: new Pipe(sockets, this.#budget, () => this.#remove(entry)) };
    for (const leg of legs) this.#entries.set(leg, entry);
    this.#count += 1;
    if (this.#timer !== undefined) return;
    this.#lookedAt = performance.now();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Ends the pipe that `leg` is a part of. False: there is none. */
  destroy(leg: LegId): boolean {
    const entry = this.#entries.get(leg);
    entry?.pipe.destroy();
    return entry !== undefined;
  }

  destroyAll(): void {
    for (const { pipe } of new Set(this.#entries.values())) pipe.destroy();
  }

  /** Resolves when the last pipe is gone, or after `deadlineMs`; then they are cut. */
  async drain(deadlineMs: number): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onEmpty = undefined;
    this.destroyAll();
  }

  #remove(entry: Entry, isSilent = false): void {
    if (!this.#entries.has(entry.legs[0])) return;
    for (const leg of entry.legs) this.#entries.delete(leg);
    this.#count -= 1;
    this.#endedBytes += entry.pipe.bytes;
    if (this.#count === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#onEmpty?.();
    }
    this.#onOver(entry.legs[0], isSilent);
  }

  /** A stall of this process must not look like silence of all pipes: no look counts for more than two intervals. */
  #look(): void {
    const now = performance.now();
    const elapsedMs = Math.min(now - this.#lookedAt, 2 * LOOK_MS);
    this.#lookedAt = now;
    for (const [leg, entry] of this.#entries) {
      if (leg !== entry.legs[0] || entry.pipe.look(elapsedMs) < SILENT_PINGS * entry.pingMs) continue;
      this.#remove(entry, true);
      entry.pipe.destroy();
    }
  }
}
