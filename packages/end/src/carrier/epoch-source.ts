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

  /**
   * A process of this end is known to have `epoch`. If that is in the future the clock was set back in between, and this process is
   * the newer one: true, and its epoch is greater from now on.
   */
  outrun(epoch: number): boolean {
    if (epoch <= this.#clock()) return false;
    this.#current = Math.max(this.#current, Math.min(epoch + 1, MAX_EPOCH));
    return true;
  }

  /** For a new instance: max(now, last + 1). */
  advance(): number {
    this.#current = Math.max(this.#clock(), this.#current + 1);
    return this.#current;
  }
}
