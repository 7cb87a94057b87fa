/**
 * SHUTDOWN of a node goes on, away from that node, to every end whose tunnel leads over it, where it came from the neighbour in
 * that node's direction: nobody else can know, and whoever says so anyway wants tunnels to leave a relay that works. Each
 * is forwarded once: routes may cross each other.
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

  /** Whom to tell that `node` goes, of which the holder of the key `from` told us: keys of each neighbour that lies behind us on a route over it. */
  receiversOf({ node }: Body<'SHUTDOWN'>, { from, now }: { readonly from: PublicKey; readonly now: number }): (readonly PublicKey[])[] {
    if (node === undefined || node === this.#self) return [];
    const receivers = new Map<string, readonly PublicKey[]>();
    for (const { nodes: pinned, tunnels } of this.#chains) {
      for (const { nodes } of [...tunnels.values()].flatMap(({ routes }) => routes)) {
        const beside = neighboursOn(nodes, { node, self: this.#self });
        const keys = beside === undefined ? undefined : pinned.get(beside.behind)?.keys;
        if (beside === undefined || keys === undefined || pinned.get(beside.towards)?.keys.includes(from) !== true) continue;
        receivers.set(keys.join(' '), keys);
      }
    }
    return receivers.size > 0 && this.#isNew(`${from} ${node}`, now) ? [...receivers.values()] : [];
  }

  #isNew(news: string, now: number): boolean {
    for (const [known, until] of this.#seen) if (until <= now) this.#seen.delete(known);
    if (this.#seen.has(news)) return false;
    this.#seen.set(news, now + REMEMBERED_MS);
    return true;
  }
}

/** The neighbours of `self` in the direction of `node` and on the other side; undefined where one of them is not on this route, or `self` is its end. */
function neighboursOn(nodes: readonly string[], { node, self }: { node: string; self: string }): { towards: string; behind: string } | undefined {
  const [at, here] = [nodes.indexOf(node), nodes.indexOf(self)];
  if (at < 0 || here < 0) return undefined;
  const [towards, behind] = [nodes[here - Math.sign(here - at)], nodes[here + Math.sign(here - at)]];
  return towards === undefined || behind === undefined ? undefined : { towards, behind };
}
