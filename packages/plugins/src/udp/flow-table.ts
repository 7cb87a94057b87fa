/**
 * The flows of one UDP listener: which client has one, which has been silent for longest.
 * No I/O, no clock: `now` comes in, what is over goes out. Every operation costs the same however many there are.
 */
interface Entry<F> {
  readonly flow: F;
  activeAt: number;
}

export class FlowTable<F> {
  readonly #idleMs: number;
  readonly #most: number;
  /** In the order of their last datagram: the idlest is the first. */
  readonly #flows = new Map<string, Entry<F>>();

  constructor({ idleMs, most }: { readonly idleMs: number; readonly most: number }) {
    this.#idleMs = idleMs;
    this.#most = most;
  }

  get size(): number {
    return this.#flows.size;
  }

  /** When expire() is due; Infinity for never. */
  get deadline(): number {
    for (const { activeAt } of this.#flows.values()) return activeAt + this.#idleMs;
    return Infinity;
  }

  /** The flow of a client that sent or got a datagram just now; undefined where it has none. */
  touch(client: string, now: number): F | undefined {
    const entry = this.#flows.get(client);
    if (entry === undefined) return undefined;
    if (entry.activeAt !== now) {
      entry.activeAt = now;
      this.#flows.delete(client);
      this.#flows.set(client, entry);
    }
    return entry.flow;
  }

  /** Before add(): takes out the idlest where there is no room for one more. */
  makeRoom(): F | undefined {
    if (this.#flows.size < this.#most) return undefined;
    for (const [client, { flow }] of this.#flows) {
      this.#flows.delete(client);
      return flow;
    }
    return undefined;
  }

  /** Takes in the flow of a client that has none. */
  add(client: string, flow: F, now: number): void {
    this.#flows.set(client, { flow, activeAt: now });
  }

  /** Forgets `flow`, if it is still the client's. */
  remove(client: string, flow: F): void {
    if (this.#flows.get(client)?.flow === flow) this.#flows.delete(client);
  }

  /** Takes out the flows that have been idle for too long. */
  expire(now: number): F[] {
    const expired: F[] = [];
    for (const [client, { flow, activeAt }] of this.#flows) {
      if (activeAt + this.#idleMs > now) break;
      this.#flows.delete(client);
      expired.push(flow);
    }
    return expired;
  }

  /** Takes out all. */
  clear(): F[] {
    const all = [...this.#flows.values()].map(({ flow }) => flow);
    this.#flows.clear();
    return all;
  }
}
