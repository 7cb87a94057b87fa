/**
 * The channels that one end of a tunnel holds, by id. Ids are odd for the master's channels and even for the other's,
 * ascend in serial-number arithmetic (RFC 1982, 32 bits), wrap, and skip those in use.
 */
import type { Channel } from './channel.js';
import { ProtocolError } from './error.js';
import { BURIED_IDS } from './limits.js';

export class ChannelTable {
  readonly #held = new Map<number, Channel>();
  readonly #parity: 0 | 1;
  #nextOwn: number;
  /** Highest id the peer opened; undefined before its first. */
  #highestPeer: number | undefined;
  #highestOwn: number | undefined;
  /** Ids of the peer's that were released before their request came: the request, if it still comes, is an old one. */
  readonly #buried = new Set<number>();

  /** `master`: our ids are odd. */
  constructor(role: 'master' | 'other') {
    this.#parity = role === 'master' ? 1 : 0;
    this.#nextOwn = role === 'master' ? 1 : 2;
  }

  get size(): number {
    return this.#held.size;
  }

  lookup(id: number): Channel | undefined {
    return this.#held.get(id);
  }

  /** Every held channel, oldest first. */
  values(): IterableIterator<Channel> {
    return this.#held.values();
  }

  /** The next id of ours. */
  allocate(): number {
    while (this.#held.has(this.#nextOwn)) this.#nextOwn = successor(this.#nextOwn);
    const id = this.#nextOwn;
    this.#nextOwn = successor(id);
    this.#highestOwn = id;
    return id;
  }

  add(channel: Channel): void {
    this.#held.set(channel.id, channel);
    if (channel.opener) return;
    this.#highestPeer = channel.id;
    for (const id of this.#buried) if (!isBehind(channel.id, id)) this.#buried.delete(id);
  }

  release(channel: Channel): void {
    if (this.#held.get(channel.id) === channel) this.#held.delete(channel.id);
  }

  /** Whether an unheld id may be opened by the peer now; false for one that was. Throws for an id of the wrong side. */
  isNew(id: number): boolean {
    if (id === 0 || (id & 1) === this.#parity) throw new ProtocolError('PROTOCOL', `CONNECTION_REQUEST: channel ${id} is not the peer's to open`);
    if (this.#buried.has(id)) return false;
    return this.#highestPeer === undefined || isBehind(this.#highestPeer, id);
  }

  /** A frame for an id that nobody holds: normal for one that was opened, an error for one that never was. */
  checkKnown(id: number, frame: string): void {
    const highest = (id & 1) === this.#parity ? this.#highestOwn : this.#highestPeer;
    if (id !== 0 && highest !== undefined && !isBehind(highest, id)) return;
    if (!this.#buried.has(id)) throw new ProtocolError('PROTOCOL', `${frame} for channel ${id}, which was never opened`);
  }

  /**
   * The peer asks for the release of an id that nobody holds. Of its own ids one may never have been opened here: the
   * request was lost with a carrier, or is still on its way on one that the peer holds for dead. It is remembered.
   */
  bury(id: number): void {
    if (id === 0 || (id & 1) === this.#parity) return this.checkKnown(id, 'SERVICE_FREE_REQUEST');
    if (this.#highestPeer !== undefined && !isBehind(this.#highestPeer, id)) return;
    this.#buried.add(id);
    for (const oldest of this.#buried) {
      if (this.#buried.size <= BURIED_IDS) break;
      this.#buried.delete(oldest);
    }
  }

  /** The next own id is the first of ours from `id` on. For tests of wrapping. */
  startAt(id: number): void {
    this.#nextOwn = (id & 1) === this.#parity ? id : id + 1;
  }

  /** Forgets every id that the peer may know of. The channels that it cannot have heard of stay, under theirs. Returns the others. */
  clear(): Channel[] {
    const heard = [...this.#held.values()].filter((channel) => !channel.unheard);
    for (const { id } of heard) this.#held.delete(id);
    this.#buried.clear();
    this.#highestPeer = undefined;
    if (this.#held.size > 0) return heard;
    this.#highestOwn = undefined;
    this.#nextOwn = this.#parity === 1 ? 1 : 2;
    return heard;
  }
}

function successor(id: number): number {
  const next = (id + 2) >>> 0;
  return next === 0 ? 2 : next;
}

/** Whether `a` comes before `b` in serial-number arithmetic. */
function isBehind(a: number, b: number): boolean {
  const distance = (b - a) | 0;
  return distance > 0;
}
