/** From chain files to what io/ and the roles need of the nodes beside this one. */
import type { Chain, Route } from '../config/chain.js';
import { neighbourId, type Neighbour } from '../io/neighbour.js';
import type { PublicKey } from '../protocol/index.js';

/** `node` of `chain`, as its neighbour `self` dials it and knows it. */
export function neighbourIn(chain: Chain, self: string, node: string): Neighbour {
  const config = chain.nodes.get(node);
  const egress = chain.nodes.get(self)?.egress;
  if (config === undefined || egress === undefined) throw new Error(`${config === undefined ? node : self} is not a node of ${chain.file}`);
  return { node, keys: config.keys, addresses: config.address, paths: egress.byNeighbour.get(node) ?? egress.default };
}

/** The nodes beside `self` on any of these routes, and whether `self` dials them on one of them. */
export function besideOn(routes: Iterable<Route>, self: string): Map<string, { isDialed: boolean; dials: boolean }> {
  const beside = new Map<string, { isDialed: boolean; dials: boolean }>();
  for (const { hops } of routes) {
    for (const { left, right, dialer } of hops) {
      if (left !== self && right !== self) continue;
      const node = left === self ? right : left;
      const known = beside.get(node) ?? { isDialed: false, dials: false };
      const isOwnDial = (dialer === 'left') === (left === self);
      beside.set(node, { isDialed: known.isDialed || isOwnDial, dials: known.dials || !isOwnDial });
    }
  }
  return beside;
}

/** One neighbour of a node, and what follows from the routes. */
export interface Beside {
  readonly neighbour: Neighbour;
  /** Whether the link leg between the two is dialed from here. */
  readonly dialsLink: boolean;
}

/** All neighbours of `self`, each once however many chain files name it. `own` is the key of `self`. */
export function neighboursOf(chains: readonly Chain[], self: string, own: PublicKey): Beside[] {
  const found = new Map<string, Beside>();
  for (const chain of chains) {
    const routes = [...chain.tunnels.values()].flatMap((tunnel) => tunnel.routes);
    for (const [node, { isDialed, dials }] of besideOn(routes, self)) {
      const neighbour = neighbourIn(chain, self, node);
      // Where both dial each other one link is enough: the smaller key dials it.
      const dialsLink = isDialed && (!dials || neighbour.keys.every((key) => own < key));
      const id = neighbourId(neighbour);
      found.set(id, { neighbour, dialsLink: dialsLink || found.get(id)?.dialsLink === true });
    }
  }
  return [...found.values()];
}
