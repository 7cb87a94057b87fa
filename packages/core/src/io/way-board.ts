/** How each neighbour is reached now, or why not: for status. Told by whoever dials. */
import type { DialError } from './leg-dialer.js';
import { neighbourId, type Neighbour } from './neighbour.js';

export interface WayInUse {
  readonly neighbour: string;
  /** The last dial of it: `open`, the neighbour was there; `failed`, on all ways. */
  readonly state: 'open' | 'failed';
  /** The address that was dialed, `tcp` without its scheme. Where it failed, that of the last way tried. */
  readonly address: string;
  /** The proxies it went through, in order, without user and password. */
  readonly through: readonly string[];
  readonly forMs: number;
  /** Where it failed: the code and the reason, for people. */
  readonly code?: string;
  readonly message?: string;
}

interface Entry extends Omit<WayInUse, 'forMs'> {
  readonly since: number;
}

export class WayBoard {
  readonly #now: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(now: () => number) {
    this.#now = now;
  }

  pass(neighbour: Neighbour, way: Pick<WayInUse, 'address' | 'through'>): void {
    this.#note(neighbour, { neighbour: neighbour.node, state: 'open', ...way });
  }

  fail(neighbour: Neighbour, { address, code, message }: DialError): void {
    this.#note(neighbour, { neighbour: neighbour.node, state: 'failed', address, through: [], code, message });
  }

  list(): WayInUse[] {
    const now = this.#now();
    return [...this.#entries.values()].map(({ since, ...entry }) => ({ ...entry, forMs: Math.round(now - since) }));
  }

  /** The same as before goes on since then. */
  #note(neighbour: Neighbour, entry: Omit<Entry, 'since'>): void {
    const id = neighbourId(neighbour);
    const before = this.#entries.get(id);
    const isSame = before?.state === entry.state && before.address === entry.address && before.through.join() === entry.through.join();
    this.#entries.set(id, { ...entry, since: isSame ? before.since : this.#now() });
  }
}
