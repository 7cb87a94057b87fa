/** Counts what a traffic program moves, and remembers the first byte that was wrong. */
import { isPattern } from './pattern.js';
import type { Mark, Totals } from './wire.js';

export class Meter {
  sent = 0;
  received = 0;
  #mistake: string | undefined;

  /** Counts `chunk`, which ought to stand at `position` of the pattern. */
  receive(chunk: Buffer, position: number): void {
    if (!isPattern(chunk, position)) this.#mistake ??= `wrong bytes at or behind position ${position} of a stream`;
    this.received += chunk.length;
  }

  /** Throws when any byte was wrong. */
  mark(): Mark {
    this.#assertRight();
    return { bytes: this.received, seconds: performance.now() / 1000 };
  }

  /** What was moved since the last totals. Throws when any byte was wrong. */
  takeTotals(): Totals {
    this.#assertRight();
    const totals = { sent: this.sent, received: this.received };
    this.sent = 0;
    this.received = 0;
    return totals;
  }

  #assertRight(): void {
    if (this.#mistake !== undefined) throw new Error(this.#mistake);
  }
}
