/**
 * Slows those who guess: after a wrong attempt the next one waits, twice as long each time, one after the other; who
 * would wait too long is refused at once. Kept for a user's name and for a source, whether they exist or not.
 */
export interface AttemptsOptions {
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

const FIRST_ATTEMPT_PENALTY_MS = 250;
const MOST_ATTEMPT_PENALTY_MS = 8000;
/** An attempt that would have to wait longer, because of others before it, is refused. */
const ATTEMPT_WAIT_MS = 8000;
const FORGOTTEN_AFTER_MS = 600_000;
/** Names and sources; the one that failed longest ago is forgotten. */
const KNOWN_GUESSERS = 4096;

interface Guesser {
  failures: number;
  failedAt: number;
  /** When the next attempt may run. */
  nextAt: number;
}

export class Attempts {
  readonly #now: () => number;
  /** Who failed last comes last. */
  readonly #guessers = new Map<string, Guesser>();

  constructor({ now }: AttemptsOptions) {
    this.#now = now;
  }

  /** How long an attempt of these waits; each one moves the next back. Undefined: too long, refuse it. */
  delay(keys: readonly string[]): number | undefined {
    const now = this.#now();
    const known = keys.flatMap((key) => this.#guesserOf(key, now) ?? []);
    const at = Math.max(now, ...known.map(({ nextAt }) => nextAt));
    if (at - now > ATTEMPT_WAIT_MS) return undefined;
    for (const guesser of known) guesser.nextAt = at + penaltyOf(guesser);
    return at - now;
  }

  failed(keys: readonly string[]): void {
    const now = this.#now();
    for (const key of keys) {
      const guesser = this.#guesserOf(key, now) ?? { failures: 0, failedAt: now, nextAt: now };
      guesser.failures += 1;
      guesser.failedAt = now;
      guesser.nextAt = Math.max(guesser.nextAt, now + penaltyOf(guesser));
      this.#guessers.delete(key);
      this.#guessers.set(key, guesser);
    }
    this.#forgetOldest();
  }

  /** For a user whose attempt was right. Not for its source: a guesser may have an account of its own. */
  forget(key: string): void {
    this.#guessers.delete(key);
  }

  #guesserOf(key: string, now: number): Guesser | undefined {
    const guesser = this.#guessers.get(key);
    return guesser !== undefined && now - guesser.failedAt < FORGOTTEN_AFTER_MS ? guesser : undefined;
  }

  #forgetOldest(): void {
    for (const key of this.#guessers.keys()) {
      if (this.#guessers.size <= KNOWN_GUESSERS) return;
      this.#guessers.delete(key);
    }
  }
}

function penaltyOf({ failures }: Guesser): number {
  return Math.min(MOST_ATTEMPT_PENALTY_MS, FIRST_ATTEMPT_PENALTY_MS * 2 ** (failures - 1));
}
