/**
 * Which of several ways to a neighbour to begin with: what passed the firewall last time, for a while; then the preferred
 * one is tried again. A way that gave a connection but no neighbour (another machine answers there) comes last for a while.
 * A way is known by a text that is its own.
 */

/** For this long a way that led to no neighbour is not the first to be tried. */
const AVOID_MS = 60_000;
/** After this long the preferred way is tried again, although another one passed. */
const PREFER_AGAIN_MS = 600_000;

interface Passed {
  readonly way: string;
  readonly at: number;
}

export class WayMemory {
  #passed: Passed | undefined;
  readonly #avoided = new Map<string, number>();

  /** The same ways, in the order to try them; given in the order of preference. `now` in ms. */
  order(ways: readonly string[], now: number): string[] {
    const first = this.#passed !== undefined && now - this.#passed.at < PREFER_AGAIN_MS ? [this.#passed.way] : [];
    const isAvoided = (way: string): boolean => (this.#avoided.get(way) ?? 0) > now;
    const known = [...first.filter((way) => ways.includes(way)), ...ways.filter((way) => !first.includes(way))];
    return [...known.filter((way) => !isAvoided(way)), ...known.filter(isAvoided)];
  }

  /** The neighbour was there. `ways` as order() got them. */
  pass(way: string, ways: readonly string[], now: number): void {
    this.#avoided.delete(way);
    const isKnown = this.#passed?.way === way && now - this.#passed.at < PREFER_AGAIN_MS;
    if (way === ways[0]) this.#passed = undefined;
    else if (!isKnown) this.#passed = { way, at: now };
  }

  /** It led to no neighbour. */
  avoid(way: string, now: number): void {
    this.#avoided.set(way, now + AVOID_MS);
    if (this.#passed?.way === way) this.#passed = undefined;
  }

  /** It did not come about: what passed before does so no more. */
  fail(way: string): void {
    if (this.#passed?.way === way) this.#passed = undefined;
  }
}
