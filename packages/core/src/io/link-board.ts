/** Link legs of a node, by the neighbour's key: one that lives is enough, a newer process's replaces an older one's. */
import type { PublicKey } from '../protocol/crypto.js';
import type { Body } from '../protocol/messages.js';
import type { LegConnection } from './leg-connection.js';

export class LinkBoard {
  readonly #links = new Map<PublicKey, Set<LegConnection>>();

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
  }

  remove(leg: LegConnection): void {
    const key = leg.peer?.key;
    const links = key === undefined ? undefined : this.#links.get(key);
    links?.delete(leg);
    if (key !== undefined && links?.size === 0) this.#links.delete(key);
  }

  /** News for the neighbour who holds one of `keys`. False: there is no link to it. */
  tell(keys: readonly PublicKey[], body: Body<'SHUTDOWN'>): boolean {
    for (const key of keys) {
      const [link] = this.#links.get(key) ?? [];
      if (link === undefined) continue;
      link.sendShutdown(body);
      return true;
    }
    return false;
  }

  /** The same for every neighbour. */
  tellAll(body: Body<'SHUTDOWN'>): void {
    for (const key of this.#links.keys()) this.tell([key], body);
  }
}
