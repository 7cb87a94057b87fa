/** From chain files to what a middle relays: its place on every route, whom it dials, where it keeps standby legs. */
import { neighbourId, neighbourIn, rendezvousDigest, standbySides, type Chain, type Crypto, type Neighbour, type RelayHop, type RelayRoute, type RelayTunnel, type Route, type TunnelConfig } from '@lstp/core';

export interface RelayPlan {
  readonly tunnels: readonly RelayTunnel[];
  /** How the neighbour of a hop is dialed. */
  readonly neighbours: ReadonlyMap<RelayHop, Neighbour>;
  /** Where a standby leg is kept, each neighbour once. */
  readonly standbys: readonly Neighbour[];
}

/** The tunnels of `chains` that `self` relays; those it is an end of are not in it. */
export function relayPlan(chains: readonly Chain[], self: string, crypto: Crypto): RelayPlan {
  const plan = { tunnels: [] as RelayTunnel[], neighbours: new Map<RelayHop, Neighbour>(), standbys: new Map<string, Neighbour>() };
  for (const chain of chains) {
    for (const tunnel of chain.tunnels.values()) {
      const routes = new Map<number, RelayRoute>();
      tunnel.routes.forEach((route, alt) => {
        const place = placeOn(chain, route, self);
        if (place === undefined) return;
        routes.set(alt, place.route);
        for (const [hop, neighbour] of place.neighbours) plan.neighbours.set(hop, neighbour);
        for (const neighbour of place.standbys) plan.standbys.set(neighbourId(neighbour), neighbour);
      });
      if (routes.size > 0) plan.tunnels.push(relayTunnel(chain, tunnel, { routes, crypto }));
    }
  }
  return { ...plan, standbys: [...plan.standbys.values()] };
}

function relayTunnel({ nodes }: Chain, { name, common, left, right }: TunnelConfig, { routes, crypto }: { routes: ReadonlyMap<number, RelayRoute>; crypto: Crypto }): RelayTunnel {
  const ends = { left: nodes.get(left)?.keys ?? [], right: nodes.get(right)?.keys ?? [] };
  return { name, common: rendezvousDigest(crypto, common), ends, routes };
}

interface Place {
  readonly route: RelayRoute;
  readonly neighbours: readonly (readonly [RelayHop, Neighbour])[];
  readonly standbys: readonly Neighbour[];
}

/** Undefined where `self` is no middle of this route. */
function placeOn(chain: Chain, { nodes, hops }: Route, self: string): Place | undefined {
  const at = nodes.indexOf(self);
  const [before, after] = [hops[at - 1], hops[at]];
  if (at < 1 || before === undefined || after === undefined) return undefined;
  const beside = { left: neighbourIn(chain, self, before.left), right: neighbourIn(chain, self, after.right) };
  const route: RelayRoute = {
    left: { neighbour: beside.left.node, keys: beside.left.keys, dialed: before.dialer === 'right' },
    right: { neighbour: beside.right.node, keys: beside.right.keys, dialed: after.dialer === 'left' },
  };
  const sides = standbySides(hops.map(({ dialer }) => dialer), at);
  return { route, neighbours: [[route.left, beside.left], [route.right, beside.right]], standbys: sides.map((side) => beside[side]) };
}
