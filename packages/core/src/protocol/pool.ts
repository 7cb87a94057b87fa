/**
 * The memory of a node that channels may borrow to hold what was granted and not yet taken.
 * Every channel owns MIN_WINDOW that is never lent out; what goes beyond comes from here.
 */
export class Pool {
  #lent = 0;

  constructor(readonly size: number) {}

  get lent(): number {
    return this.#lent;
  }

  get free(): number {
    return this.size - this.#lent;
  }

  /** Borrows up to `bytes`; returns how many it got. */
  borrow(bytes: number): number {
    const got = Math.max(0, Math.min(bytes, this.free));
    this.#lent += got;
    return got;
  }

  giveBack(bytes: number): void {
    this.#lent -= bytes;
  }
}
