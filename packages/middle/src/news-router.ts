/**
 * SHUTDOWN of a node goes on, away from that node, to every end whose tunnel leads over it. Each is forwarded once:
 * routes may cross each other.
 */
import type { Body, Chain, PublicKey } from '@lstp/core';

/** The same news is not forwarded again for this long. */
const REMEMBERED_MS = 5000;

export class NewsRouter {
  readonly #self: string;
  #chains: readonly Chain[] = [];
  readonly #seen = new Map<string, number>();

  constructor(self: string) {
    this.#self = self;
  }

  configure(chains: readonly Chain[]): void {
    this.#chains = chains;
  }

  /** Whom to tell that `node` goes: keys of each neighbour that lies behind us on a route over it. */
  receiversOf({ node }: Body<'SHUTDOWN'>, now: number): (readonly PublicKey[])[] {
    if (node === undefined || node === this.#self || !this.#isNew(node, now)) return [];
    const receivers = new Map<string, readonly PublicKey[]>();
    for (const chain of this.#chains) {
      for (const { routes } of chain.tunnels.values()) {
        for (const { nodes } of routes) {
          const next = behind(nodes, { node, self: this.#self });
          const keys = next === undefined ? undefined : chain.nodes.get(next)?.keys;
          if (keys !== undefined) receivers.set(keys.join(' '), keys);
        }
      }
    }
    return [...receivers.values()];
  }

  #isNew(node: string, now: number): boolean {
    for (const [known, until] of this.#seen) if (until <= now) this.#seen.delete(known);
    if (this.#seen.has(node)) return false;
    this.#seen.set(node, now + REMEMBERED_MS);
    return true;
  }
}

/** The neighbour of `self` on the side away from `node`; undefined where one of them is not on this route, or `self` is its end. */
function behind(nodes: readonly string[], { node, self }: { node: string; self: string }): string | undefined {
  const [from, here] = [nodes.indexOf(node), nodes.indexOf(self)];
  if (from < 0 || here < 0) return undefined;
  return nodes[here + Math.sign(here - from)];
}
