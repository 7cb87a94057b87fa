/** Whose keys this node knows, by role: neighbours of chain files by name, admitted keys without one. */
import type { PublicKey } from '../protocol/crypto.js';
import type { Neighbour } from './neighbour.js';

export interface Acquaintances {
  readonly neighbours: readonly Pick<Neighbour, 'node' | 'keys'>[];
  /** Keys that may come without standing in a chain file. */
  readonly admitted?: Iterable<PublicKey>;
}

export class KeyRing {
  readonly #roles = new Map<object, Map<PublicKey, string | undefined>>();

  /** What `role` knows from now on. */
  set(role: object, { neighbours, admitted = [] }: Acquaintances): void {
    const keys = new Map<PublicKey, string | undefined>();
    for (const key of admitted) keys.set(key, undefined);
    for (const { node, keys: pinned } of neighbours) for (const key of pinned) keys.set(key, node);
    this.#roles.set(role, keys);
  }

  delete(role: object): void {
    this.#roles.delete(role);
  }

  has(key: PublicKey): boolean {
    for (const keys of this.#roles.values()) if (keys.has(key)) return true;
    return false;
  }

  /** The neighbour's name in a chain file. */
  nameOf(key: PublicKey): string | undefined {
    for (const keys of this.#roles.values()) {
      const name = keys.get(key);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  /** Every key pinned under this name. */
  keysOf(node: string): PublicKey[] {
    const found = new Set<PublicKey>();
    for (const keys of this.#roles.values()) for (const [key, name] of keys) if (name === node) found.add(key);
    return [...found];
  }
}
