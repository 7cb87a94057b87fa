/** What the plugins of one service have counted. */
import type { Counts, Metrics } from '@lstp/core';

/** A plugin that counts by target or by user would fill every scrape. */
const MOST_EVENTS = 64;
const EVENT = /^[a-z][a-z0-9 _-]{0,63}$/;

export class Tally implements Metrics {
  readonly #counts = new Map<string, number>();

  count(event: string, by = 1): void {
    const before = this.#counts.get(event);
    if (before === undefined && !EVENT.test(event)) throw new Error(`"${event}" cannot be counted: the name of an event is up to 64 of a-z, 0-9, space, _ and -, a letter first`);
    if (before === undefined && this.#counts.size >= MOST_EVENTS) throw new Error(`"${event}" cannot be counted: a service counts at most ${MOST_EVENTS} kinds of events`);
    if (!(by >= 0)) throw new Error(`"${event}" cannot be counted by ${by}: counts only grow`);
    this.#counts.set(event, (before ?? 0) + by);
  }

  /** Undefined while nothing was counted. */
  get counts(): Counts | undefined {
    return this.#counts.size === 0 ? undefined : Object.fromEntries(this.#counts);
  }
}
