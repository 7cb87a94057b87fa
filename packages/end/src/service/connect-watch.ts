/** Back ends that are connecting: one that never answers is given up. One timer for all of them. */
import type { Channel } from '@lstp/core';

/** For a back end to connect, whatever it does. */
const BACK_END_TIMEOUT_MS = 30_000;
const SWEEP_MS = 1000;

export interface Attempt {
  readonly channel: Channel;
  readonly abort: AbortController;
  readonly since: number;
  /** Connected, refused or given up: what still comes is thrown away. */
  isOver: boolean;
}

export class ConnectWatch {
  readonly #attempts = new Set<Attempt>();
  readonly #now: () => number;
  readonly #limitMs: number;
  readonly #giveUp: (attempt: Attempt, message: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor({ now, limitMs = BACK_END_TIMEOUT_MS }: { readonly now: () => number; readonly limitMs?: number | undefined }, giveUp: (attempt: Attempt, message: string) => void) {
    this.#now = now;
    this.#limitMs = limitMs;
    this.#giveUp = giveUp;
  }

  add(channel: Channel): Attempt {
    const attempt = { channel, abort: new AbortController(), since: this.#now(), isOver: false };
    this.#attempts.add(attempt);
    this.#timer ??= setInterval(() => this.#sweep(), Math.min(SWEEP_MS, this.#limitMs));
    return attempt;
  }

  /** It has come to an end. */
  settle(attempt: Attempt): void {
    attempt.isOver = true;
    this.#attempts.delete(attempt);
  }

  /** The channel is gone, or the node stops. */
  abort(attempt: Attempt): void {
    if (attempt.isOver) return;
    this.settle(attempt);
    attempt.abort.abort();
  }

  stop(): void {
    for (const attempt of [...this.#attempts]) this.abort(attempt);
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #sweep(): void {
    for (const attempt of [...this.#attempts]) {
      if (this.#now() - attempt.since < this.#limitMs) break;
      this.#giveUp(attempt, `the back end did not answer within ${this.#limitMs / 1000} s`);
      this.abort(attempt);
    }
    if (this.#attempts.size === 0) this.stop();
  }
}
