/**
 * How long to wait before trying again: 0 to 50 ms at first, doubling to 2 s within the first minute, then to 30 s,
 * always with chance, so that the nodes of a relay that was restarted do not all come back at once. Who finds nobody there
 * asks more often in the first seconds: that costs next to nothing, and a relay that is restarted is back soon.
 */
const FIRST_MS = 50;
const EARLY_MS = 2000;
const LATE_MS = 30_000;
const EARLY_FOR_MS = 60_000;
const ABSENT_FOR_MS = 15_000;
const ABSENT_MS = 250;
const BEHIND_MS = 500;

/** `absent`: nothing listens there; `behind`: something further on is missing; `refused`: somebody is there, and has no place for us now. */
export type Why = 'absent' | 'behind' | 'refused';

const SOON_MS: Readonly<Record<Why, number>> = { absent: ABSENT_MS, behind: BEHIND_MS, refused: EARLY_MS };

export class Backoff {
  readonly #random: () => number;
  #ceilingMs = FIRST_MS;
  #since: number | undefined;

  /** `random` gives 0 ≤ x < 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** The wait before the next try, in ms. `now` in ms. */
  next(now: number, why: Why = 'refused'): number {
    this.#since ??= now;
    const most = mostAfter(now - this.#since, why);
    const ceiling = Math.min(this.#ceilingMs, most);
    this.#ceilingMs = Math.min(most, ceiling * 2);
    return ceiling === FIRST_MS ? this.#random() * FIRST_MS : ceiling * (0.5 + this.#random() / 2);
  }

  /** It worked, if not for long: somebody is there, so that the long waits do not begin. */
  ease(): void {
    this.#since = undefined;
    this.#ceilingMs = Math.min(this.#ceilingMs, BEHIND_MS);
  }

  /** It worked for a while: the next failure is a first one. */
  reset(): void {
    this.#ceilingMs = FIRST_MS;
    this.#since = undefined;
  }
}

function mostAfter(failingMs: number, why: Why): number {
  if (failingMs < ABSENT_FOR_MS) return SOON_MS[why];
  return failingMs < EARLY_FOR_MS ? EARLY_MS : LATE_MS;
}
