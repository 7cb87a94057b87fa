/**
 * What `lstp map` draws: the chain as a picture needs it, in words and without secrets.
 * Pure: a chain in, plain data out. map-text.ts, map-svg.ts and map-json.ts render it.
 */
import type { Chain, EgressPath, Hop, NodeConfig, Route, Side, TunnelConfig } from '@lstp/core';
import { formatEgressPath, formatLegAddress, formatRoute } from '@lstp/core/config';
import { mapService, type MapService } from './map-service.js';

export interface ChainMap {
  readonly file: string;
  readonly nodes: readonly MapNode[];
  readonly tunnels: readonly MapTunnel[];
}

/** `unused`: in no route. */
export type NodeKind = 'end' | 'middle' | 'end and middle' | 'unused';

export interface MapNode {
  readonly name: string;
  readonly kind: NodeKind;
  /** Where it takes legs, and what others dial. */
  readonly listen: readonly string[];
  readonly address: readonly string[];
  /** Whether it sits behind a firewall: it goes out through proxies, or it dials and nobody dials it. */
  readonly firewall: boolean;
  /** The file of keys that it admits. */
  readonly admit?: string;
}

/** One neighbour that dials another. */
export interface MapLeg {
  readonly from: string;
  readonly to: string;
  readonly address: readonly string[];
  /** Ways out, in order of preference; each the proxies to go through in order, none for a straight one. */
  readonly ways: readonly (readonly string[])[];
}

export interface MapHop {
  readonly left: MapNode;
  readonly right: MapNode;
  readonly dialer: Side;
  readonly leg: MapLeg;
}

export interface MapRoute {
  readonly text: string;
  readonly nodes: readonly MapNode[];
  readonly hops: readonly MapHop[];
}

export interface MapTunnel {
  readonly name: string;
  readonly common: string;
  readonly left: string;
  readonly right: string;
  readonly carriers: number;
  readonly spread: boolean;
  readonly routes: readonly MapRoute[];
  readonly services: readonly MapService[];
}

export function chainMap(chain: Chain): ChainMap {
  const roles = rolesOf(chain);
  const nodes = new Map([...chain.nodes.values()].map((node) => [node.name, mapNode(node, roles)]));
  const tunnels = [...chain.tunnels.values()].map((tunnel) => mapTunnel(chain, tunnel, nodes));
  return { file: chain.file, nodes: [...nodes.values()], tunnels };
}

/** The legs of a tunnel, each once, in the order of its routes. */
export function legsOf({ routes }: MapTunnel): readonly MapLeg[] {
  const legs = routes.flatMap(({ hops }) => hops).map(({ leg }) => leg);
  return [...new Map(legs.map((leg) => [`${leg.from} ${leg.to}`, leg])).values()];
}

interface Roles {
  readonly ends: ReadonlySet<string>;
  readonly middles: ReadonlySet<string>;
  readonly dialers: ReadonlySet<string>;
  readonly dialed: ReadonlySet<string>;
}

function rolesOf({ tunnels }: Chain): Roles {
  const routes = [...tunnels.values()].flatMap((tunnel) => tunnel.routes);
  const legs = routes.flatMap(({ hops }) => hops).map(legEnds);
  return {
    ends: new Set([...tunnels.values()].flatMap(({ left, right }) => [left, right])),
    middles: new Set(routes.flatMap(({ nodes }) => nodes.slice(1, -1))),
    dialers: new Set(legs.map(({ from }) => from)),
    dialed: new Set(legs.map(({ to }) => to)),
  };
}

function legEnds({ left, right, dialer }: Hop): { readonly from: string; readonly to: string } {
  return dialer === 'left' ? { from: left, to: right } : { from: right, to: left };
}

function mapNode(node: NodeConfig, roles: Roles): MapNode {
  const { name, listen, address, admit } = node;
  const onlyDials = roles.dialers.has(name) && !roles.dialed.has(name);
  return {
    name,
    kind: kindOf(name, roles),
    listen: listen.map(formatLegAddress),
    address: address.map(formatLegAddress),
    firewall: onlyDials || hasProxy(node),
    ...(admit === undefined ? {} : { admit }),
  };
}

function kindOf(name: string, { ends, middles }: Roles): NodeKind {
  if (ends.has(name)) return middles.has(name) ? 'end and middle' : 'end';
  return middles.has(name) ? 'middle' : 'unused';
}

function hasProxy({ egress }: NodeConfig): boolean {
  return [egress.default, ...egress.byNeighbour.values()].flat().some((path) => formatEgressPath(path).length > 0);
}

function mapTunnel(chain: Chain, tunnel: TunnelConfig, nodes: ReadonlyMap<string, MapNode>): MapTunnel {
  const { name, common, left, right, carriers, spread } = tunnel;
  const routes = tunnel.routes.map((route) => mapRoute(chain, route, nodes));
  return { name, common, left, right, carriers, spread, routes, services: [...tunnel.services.values()].map((service) => mapService(service, { left, right })) };
}

function mapRoute(chain: Chain, route: Route, nodes: ReadonlyMap<string, MapNode>): MapRoute {
  const node = (name: string): MapNode => nodes.get(name) ?? { name, kind: 'unused', listen: [], address: [], firewall: false };
  const hops = route.hops.map((hop) => ({ left: node(hop.left), right: node(hop.right), dialer: hop.dialer, leg: mapLeg(chain, hop) }));
  return { text: formatRoute(route), nodes: route.nodes.map(node), hops };
}

function mapLeg({ nodes }: Chain, hop: Hop): MapLeg {
  const { from, to } = legEnds(hop);
  const egress = nodes.get(from)?.egress;
  const ways: readonly EgressPath[] = egress?.byNeighbour.get(to) ?? egress?.default ?? [];
  return { from, to, address: (nodes.get(to)?.address ?? []).map(formatLegAddress), ways: ways.map(formatEgressPath) };
}
