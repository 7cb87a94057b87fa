/** Who stands beside a node in its chain files: whom it dials, and whom it lets in. */
import type { Chain, Neighbour, TunnelConfig } from '@lstp/core';

/** `name` as `node` of the same chain sees it: keys, where it is dialed, and the ways out of `node`. */
export function neighbourOf(chain: Chain, node: string, name: string): Neighbour {
  const [own, other] = [chain.nodes.get(node), chain.nodes.get(name)];
  if (own === undefined || other === undefined) throw new Error(`${chain.file}: no node ${own === undefined ? node : name}`);
  const paths = own.egress.byNeighbour.get(name) ?? own.egress.default;
  return { node: name, keys: other.keys, addresses: other.address, paths };
}

/** Picks the tunnels that end at `node`. */
export function isEndOf(node: string): (tunnel: TunnelConfig) => boolean {
  return ({ left, right }) => left === node || right === node;
}

export interface Neighbours {
  /** All that are beside it in any route. */
  readonly all: readonly Neighbour[];
  /** Those of them that it dials in some route. */
  readonly dialed: readonly Neighbour[];
}

/** The neighbours of `node` in the tunnels that `concerns` picks. */
export function neighboursOf(chains: readonly Chain[], node: string, concerns: (tunnel: TunnelConfig) => boolean): Neighbours {
  const all = new Map<string, Neighbour>();
  const dialed = new Map<string, Neighbour>();
  for (const chain of chains) {
    for (const { name, isDialed } of hopsOf(chain, node, concerns)) {
      const id = `${chain.file} ${name}`;
      const neighbour = neighbourOf(chain, node, name);
      all.set(id, neighbour);
      if (isDialed) dialed.set(id, neighbour);
    }
  }
  return { all: [...all.values()], dialed: [...dialed.values()] };
}

function hopsOf({ tunnels }: Chain, node: string, concerns: (tunnel: TunnelConfig) => boolean): { name: string; isDialed: boolean }[] {
  const hops = [...tunnels.values()].filter(concerns).flatMap(({ routes }) => routes.flatMap((route) => route.hops));
  return hops.flatMap(({ left, right, dialer }) => {
    if (left === node) return [{ name: right, isDialed: dialer === 'left' }];
    if (right === node) return [{ name: left, isDialed: dialer === 'right' }];
    return [];
  });
}
