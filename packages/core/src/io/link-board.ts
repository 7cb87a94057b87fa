/**
 * Link legs of a node, by the neighbour's key: one that lives is enough, a newer process's replaces an older one's. News for a
 * neighbour whose link is not there waits for it: where two relays are restarted one after the other, the link between an end
 * and the first may come a moment after the news of the second.
 */
import type { PublicKey } from '../protocol/crypto.js';
import type { Body } from '../protocol/messages.js';
import type { LegConnection } from './leg-connection.js';

/** News that wait; the oldest are forgotten. */
const MOST_WAITING = 256;

interface Waiting {
  readonly keys: readonly PublicKey[];
  readonly body: Body<'SHUTDOWN'>;
  readonly until: number;
}

export class LinkBoard {
  readonly #links = new Map<PublicKey, Set<LegConnection>>();
  readonly #now: () => number;
  #waiting: Waiting[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  get count(): number {
    let count = 0;
    for (const links of this.#links.values()) count += links.size;
    return count;
  }

  /** Takes an authenticated link leg that the neighbour dialed. Older processes' links end; an older process's own link is refused. */
  arrive(leg: LegConnection): void {
    const { key, started } = leg.peer as NonNullable<LegConnection['peer']>;
    for (const other of this.#links.get(key) ?? []) {
      if ((other.peer?.started ?? 0) > started) return leg.close({ code: 'SUPERSEDED', message: 'a newer process with this key has a link here' });
      this.remove(other);
      other.close({ code: 'SUPERSEDED', message: 'another link of this neighbour is here' });
    }
    return this.add(leg);
  }

  add(leg: LegConnection): void {
    const { key } = leg.peer as NonNullable<LegConnection['peer']>;
    this.#links.set(key, (this.#links.get(key) ?? new Set()).add(leg));
    this.#tellWaiting(key, leg);
  }

  remove(leg: LegConnection): void {
    const key = leg.peer?.key;
    const links = key === undefined ? undefined : this.#links.get(key);
    links?.delete(leg);
    if (key !== undefined && links?.size === 0) this.#links.delete(key);
  }

  /** News for the neighbour who holds one of `keys`; as long as its deadline is to come, it waits for a link. */
  tell(keys: readonly PublicKey[], body: Body<'SHUTDOWN'>): void {
    const link = keys.flatMap((key) => [...(this.#links.get(key) ?? [])])[0];
    if (link !== undefined) return link.sendShutdown(body);
    this.#waiting = [...this.#waiting.slice(1 - MOST_WAITING), { keys, body, until: this.#now() + body.deadlineMs }];
  }

  /** The same for every neighbour. */
  tellAll(body: Body<'SHUTDOWN'>): void {
    for (const key of this.#links.keys()) this.tell([key], body);
  }

  #tellWaiting(key: PublicKey, link: LegConnection): void {
    if (this.#waiting.length === 0) return;
    const now = this.#now();
    const [due, rest] = [this.#waiting.filter(({ keys }) => keys.includes(key)), this.#waiting.filter(({ keys, until }) => !keys.includes(key) && until > now)];
    this.#waiting = rest;
    for (const { body, until } of due) if (until > now) link.sendShutdown({ ...body, deadlineMs: Math.round(until - now) });
  }
}
