/** What goes wrong with relays, one thing at a time at each, at random. */
import { setTimeout as pause } from 'node:timers/promises';
import type { RelayedChain } from '../adapters/relayed-chain.js';

export type Fault = 'kill -9' | 'stand still' | 'hand over';

const FAULTS: readonly Fault[] = ['kill -9', 'stand still', 'hand over'];

export class Faults {
  /** How many of each kind there were. */
  readonly counts = new Map<Fault, number>(FAULTS.map((fault) => [fault, 0]));
  readonly #chain: RelayedChain;
  readonly #busy = new Map<string, Promise<void>>();
  #failure: unknown;

  constructor(chain: RelayedChain) {
    this.#chain = chain;
  }

  /** One more, at a relay that has none. Throws what went wrong with an earlier one: a relay that did not start. */
  begin(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const idle = this.#chain.relays.filter((relay) => !this.#busy.has(relay));
    const relay = idle[Math.floor(Math.random() * idle.length)];
    if (relay === undefined) return;
    const fault = FAULTS[Math.floor(Math.random() * FAULTS.length)] as Fault;
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    const work = this.#do(fault, relay).catch((error: unknown) => (this.#failure = error)).then(() => void this.#busy.delete(relay));
    this.#busy.set(relay, work);
  }

  /** Resolves when all relays work again. */
  async end(): Promise<void> {
    await Promise.all(this.#busy.values());
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #do(fault: Fault, relay: string): Promise<void> {
    if (fault === 'hand over') return this.#chain.replace(relay);
    if (fault === 'kill -9') {
      await this.#chain.kill(relay);
      await pause(Math.random() * 2000);
      return this.#chain.startAgain(relay);
    }
    this.#chain.signal(relay, 'SIGSTOP');
    await pause(500 + Math.random() * 6000);
    return this.#chain.signal(relay, 'SIGCONT');
  }
}
