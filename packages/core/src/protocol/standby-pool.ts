/**
 * Standby legs that neighbours keep at this node, and the set-ups that wait for one. A neighbour is whoever holds one of
 * the keys pinned for it, since names differ between chain files. Generic in what a leg and a want are.
 * Specification: docs/spec.md, "Standby legs".
 *
 *   arrive()   a standby leg came: the oldest want that takes its key gets it, else it stays idle
 *   want()     a set-up wants one: the oldest idle one at once, else in turn
 */
import type { PublicKey } from './crypto.js';

/** Idle standby legs kept of one key; its holder replaces each one when it was used, so few are enough. */
const IDLE_PER_KEY = 8;

interface Idle<L> {
  readonly leg: L;
  /** When the neighbour's process began, in ms. */
  readonly started: number;
}

export interface StandbyArrival<L, W> {
  /** The want that gets the leg. */
  readonly taken?: W;
  /** Idle legs to be closed: of an older process of this neighbour, or too many. May contain the one that arrived. */
  readonly surplus: readonly L[];
}

export class StandbyPool<L, W> {
  readonly #idle = new Map<PublicKey, Idle<L>[]>();
  /** In the order of asking. */
  readonly #wants = new Map<W, readonly PublicKey[]>();

  /** `started` is when the process of the neighbour began, in ms: an older process's legs give way. */
  arrive(key: PublicKey, leg: L, started: number): StandbyArrival<L, W> {
    const idle = this.#idle.get(key) ?? [];
    if (idle.some((one) => one.started > started)) return { surplus: [leg] };
    const current = idle.filter((one) => one.started === started);
    const surplus = idle.filter((one) => one.started < started);
    const taken = this.#oldestWant(key);
    if (taken === undefined) current.push({ leg, started });
    else this.#wants.delete(taken);
    surplus.push(...current.splice(0, Math.max(0, current.length - IDLE_PER_KEY)));
    this.#keep(key, current);
    return { ...(taken !== undefined && { taken }), surplus: surplus.map((one) => one.leg) };
  }

  /** An idle leg of a holder of one of `keys`; otherwise `want` is remembered until unwant() or arrive(). */
  want(keys: readonly PublicKey[], want: W): L | undefined {
    for (const key of keys) {
      const [oldest, ...rest] = this.#idle.get(key) ?? [];
      if (oldest === undefined) continue;
      this.#keep(key, rest);
      return oldest.leg;
    }
    this.#wants.set(want, keys);
    return undefined;
  }

  unwant(want: W): void {
    this.#wants.delete(want);
  }

  /** An idle leg is gone. */
  lose(key: PublicKey, leg: L): void {
    this.#keep(key, (this.#idle.get(key) ?? []).filter((one) => one.leg !== leg));
  }

  get idleCount(): number {
    let count = 0;
    for (const idle of this.#idle.values()) count += idle.length;
    return count;
  }

  #oldestWant(key: PublicKey): W | undefined {
    for (const [want, keys] of this.#wants) if (keys.includes(key)) return want;
    return undefined;
  }

  #keep(key: PublicKey, idle: Idle<L>[]): void {
    if (idle.length === 0) this.#idle.delete(key);
    else this.#idle.set(key, idle);
  }
}
