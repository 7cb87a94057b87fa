import { MAX_EPOCH } from '@lstp/core';

/** Epochs of one tunnel's instances: milliseconds of the wall clock, but always greater than the last. */
export class EpochSource {
  #current: number;
  readonly #clock: () => number;

  /** `clock` gives milliseconds since 1970. */
  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
    this.#current = clock();
  }

  get current(): number {
    return this.#current;
  }

  /** Another process of this end is known to have `epoch`, and this one is newer: the clock was set back in between. */
  outrun(epoch: number): void {
    this.#current = Math.max(this.#current, Math.min(epoch + 1, MAX_EPOCH));
  }

  /** For a new instance: max(now, last + 1). */
  advance(): number {
    this.#current = Math.max(this.#clock(), this.#current + 1);
    return this.#current;
  }
}
