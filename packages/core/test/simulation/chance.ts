/** Chance that repeats: the same seed gives the same choices. Not for keys. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
    for (let round = 0; round < 4; round += 1) this.next();
  }

  /** From 0 to just below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number, both bounds included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  flip(probability: number): boolean {
    return this.next() < probability;
  }

  pick<const T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T;
  }

  /** A whole number whose order of magnitude is evenly spread. */
  size(from: number, to: number): number {
    return Math.min(to, Math.floor(from * (to / from) ** this.next() + this.next()));
  }
}
