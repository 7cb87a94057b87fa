/**
 * Who stands on the routes of a tunnel, as the chain file that was read last has it: keys, addresses, ways out. The routes
 * themselves stay what they were when the node began. Of a node that is gone from the file stays what was known.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Chain, MapNode, Neighbour, PublicKey, Route, Side, TunnelConfig } from '@lstp/core';
import type { LaneFacts } from './lane.js';

/** One way of the tunnel, as its lanes take it. */
export type Alternative = Omit<LaneFacts, 'slot'> & { readonly dials: boolean };

export interface RoutePinsOptions {
  readonly node: string;
  readonly side: Side;
  readonly chain: Chain;
  readonly config: TunnelConfig;
  /** Keys, addresses and ways out of a node beside this one. */
  readonly neighbourOf: (chain: Chain, node: string) => Neighbour;
}

export class RoutePins {
  readonly #options: RoutePinsOptions;
  #chain: Chain;

  constructor(options: RoutePinsOptions) {
    this.#options = options;
    this.#chain = options.chain;
  }

  /** In the order of the routes. */
  get alternatives(): readonly Alternative[] {
    return this.#options.config.routes.map((route, alt) => this.#alternative(route, alt));
  }

  /** From now on it is as in `chain`; a line for each change. */
  takeOver(chain: Chain): string[] {
    const before = { alternatives: this.alternatives, keysOf: this.#keysOf };
    const names = [...new Set(this.#options.config.routes.flatMap(({ nodes }) => nodes))];
    const keys = new Map(names.map((name) => [name, before.keysOf(name)]));
    this.#chain = { ...chain, nodes: new Map([...this.#chain.nodes, ...chain.nodes]) };
    const moved = this.alternatives.filter(({ neighbour }, alt) => isMoved(neighbour, before.alternatives[alt]?.neighbour)).map(({ neighbour }) => neighbour.node);
    return [
      ...names.filter((name) => !isDeepStrictEqual(keys.get(name), this.#keysOf(name))).map((name) => `keys of ${name} changed`),
      ...[...new Set(moved)].map((name) => `the way to ${name} changed; it counts from the next leg on`),
    ];
  }

  /** Of nodes that a carrier leads over, one whose key is not its key any more. Own keys are for the others to judge. */
  withdrawn(nodes: readonly MapNode[]): string | undefined {
    return nodes.find(({ node, key, verified }) => verified && node !== this.#options.node && !this.#keysOf(node).includes(key))?.node;
  }

  #alternative(route: Route, alt: number): Alternative {
    const { side, config, neighbourOf } = this.#options;
    const hop = side === 'left' ? route.hops[0] : route.hops.at(-1);
    if (hop === undefined) throw new Error(`tunnel ${config.name}: a route without hops`);
    return {
      alt,
      neighbour: neighbourOf(this.#chain, side === 'left' ? hop.right : hop.left),
      dials: hop.dialer === side,
      route: route.nodes.map((node) => ({ node, keys: this.#keysOf(node) })),
      peerKeys: this.#keysOf(side === 'left' ? config.right : config.left),
    };
  }

  readonly #keysOf = (node: string): readonly PublicKey[] => this.#chain.nodes.get(node)?.keys ?? [];
}

function isMoved({ addresses, paths }: Neighbour, before: Neighbour | undefined): boolean {
  return !isDeepStrictEqual([addresses, paths], [before?.addresses, before?.paths]);
}
