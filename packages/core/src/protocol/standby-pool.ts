/**
 * Standby legs that neighbours keep at this node, and the set-ups that wait for one. Generic in what a leg and a
 * want are; it knows neither tunnels nor routes. Specification: docs/spec.md, "Standby legs".
 *
 *   arrive()   a standby leg came: the oldest want of that neighbour gets it, else it stays idle
 *   want()     a set-up wants one: an idle one at once, else in turn
 */

/** Idle standby legs kept of one neighbour; it replaces each one when it was used, so few are enough. */
const IDLE_PER_NEIGHBOUR = 8;

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
  readonly #idle = new Map<string, Idle<L>[]>();
  readonly #wants = new Map<string, Set<W>>();
  /** The newest process seen of each neighbour. */
  readonly #newest = new Map<string, number>();

  arrive(neighbour: string, leg: L, started: number): StandbyArrival<L, W> {
    if (started < (this.#newest.get(neighbour) ?? 0) && this.idleOf(neighbour) > 0) return { surplus: [leg] };
    const older = this.#retireOlder(neighbour, started);
    const [want] = this.#wants.get(neighbour) ?? [];
    if (want !== undefined) {
      this.unwant(neighbour, want);
      return { taken: want, surplus: older };
    }
    const idle = [...(this.#idle.get(neighbour) ?? []), { leg, started }];
    const surplus = idle.splice(0, Math.max(0, idle.length - IDLE_PER_NEIGHBOUR));
    this.#idle.set(neighbour, idle);
    return { surplus: [...older, ...surplus.map((one) => one.leg)] };
  }

  /** An idle leg, oldest first; otherwise `want` is remembered until unwant() or arrive(). */
  want(neighbour: string, want: W): L | undefined {
    const found = this.#idle.get(neighbour)?.shift();
    if (found !== undefined) return found.leg;
    const wants = this.#wants.get(neighbour) ?? new Set();
    this.#wants.set(neighbour, wants.add(want));
    return undefined;
  }

  unwant(neighbour: string, want: W): void {
    const wants = this.#wants.get(neighbour);
    wants?.delete(want);
    if (wants?.size === 0) this.#wants.delete(neighbour);
  }

  /** An idle leg is gone. */
  lose(neighbour: string, leg: L): void {
    const left = (this.#idle.get(neighbour) ?? []).filter((one) => one.leg !== leg);
    if (left.length === 0) this.#idle.delete(neighbour);
    else this.#idle.set(neighbour, left);
  }

  idleOf(neighbour: string): number {
    return this.#idle.get(neighbour)?.length ?? 0;
  }

  get idleCount(): number {
    let count = 0;
    for (const idle of this.#idle.values()) count += idle.length;
    return count;
  }

  #retireOlder(neighbour: string, started: number): L[] {
    this.#newest.set(neighbour, Math.max(started, this.#newest.get(neighbour) ?? 0));
    const idle = this.#idle.get(neighbour) ?? [];
    this.#idle.set(neighbour, idle.filter((one) => one.started >= started));
    return idle.filter((one) => one.started < started).map(({ leg }) => leg);
  }
}
