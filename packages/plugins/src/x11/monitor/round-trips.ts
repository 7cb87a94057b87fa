import type { X11RoundTrips } from './x11-report.js';

export class RoundTrips {
  #count = 0;
  #sumMs = 0;
  #lastMs = 0;
  #leastMs = Infinity;
  #mostMs = 0;

  add(ms: number): void {
    this.#count += 1;
    this.#sumMs += ms;
    this.#lastMs = ms;
    if (ms < this.#leastMs) this.#leastMs = ms;
    if (ms > this.#mostMs) this.#mostMs = ms;
  }

  report(waiting: number): X11RoundTrips {
    if (this.#count === 0) return { count: 0, waiting };
    return { count: this.#count, waiting, lastMs: rounded(this.#lastMs), leastMs: rounded(this.#leastMs), meanMs: rounded(this.#sumMs / this.#count), mostMs: rounded(this.#mostMs) };
  }
}

/** To microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
