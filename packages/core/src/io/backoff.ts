/**
 * How long to wait before trying again: 0 to 50 ms at first, doubling to 2 s within the first minute, then to 30 s,
 * always with chance, so that the nodes of a relay that was restarted do not all come back at once.
 */
const FIRST_MS = 50;
const EARLY_MS = 2000;
const LATE_MS = 30_000;
const EARLY_FOR_MS = 60_000;

export class Backoff {
  readonly #random: () => number;
  #ceilingMs = FIRST_MS;
  #since: number | undefined;

  /** `random` gives 0 ≤ x < 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The wait before the next try, in ms. `now` in ms. */
  next(now: number): number {
    this.#since ??= now;
    const most = now - this.#since < EARLY_FOR_MS ? EARLY_MS : LATE_MS;
    const wait = this.#ceilingMs === FIRST_MS ? this.#random() * FIRST_MS : this.#ceilingMs * (0.5 + this.#random() / 2);
    this.#ceilingMs = Math.min(most, this.#ceilingMs * 2);
    return wait;
  }

  /** It worked for a while: the next failure is a first one. */
  reset(): void {
    this.#ceilingMs = FIRST_MS;
    this.#since = undefined;
  }
}
