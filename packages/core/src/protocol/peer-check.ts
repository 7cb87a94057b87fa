/**
 * What an end checks of the other's set-up before it sends PASS_THROUGH, and the map of nodes that follows from it.
 * A failure is TAMPERED and names frame, member and entry: someone between the ends edited what it forwards.
 * Specification: docs/spec.md, "Before PASS_THROUGH".
 */
import type { Crypto, PublicKey } from './crypto.js';
import { ProtocolError } from './error.js';
import type { MiddleEntry, Side } from './messages.js';
import { VERSIONS, topologyOf, type ClearSetup, type OwnSetup, type RoutePin } from './setup.js';
import { endEntryVerifies, firstForgedEntry, type Topology } from './topology.js';

/** What the own chain file says about the peer and the way to it. */
export interface PeerExpectation {
  /** Every key pinned for the other end. */
  readonly keys: readonly PublicKey[];
  /** Alternative `alt` of the tunnel, from its left end to its right end, both included. */
  readonly route: readonly RoutePin[];
  /** The key authenticated on the leg that the set-up came over. */
  readonly neighbour: PublicKey;
}

/** One node of a carrier's way. */
export interface MapNode {
  readonly node: string;
  readonly kind: 'end' | 'middle';
  readonly key: PublicKey;
  /** What a middle says where it is dialed; of ends nothing is said in clear. */
  readonly address?: string;
  /** The own chain file pins this key at this place of the route. Otherwise it is a claim, shown and never acted on. */
  readonly verified: boolean;
}

/** The other end's set-up, after every check that is possible in clear. */
export interface CheckedPeer {
  readonly setup: ClearSetup;
  readonly topology: Topology;
  /** The carrier protocol's version that both speak. */
  readonly version: number;
  /** From the left end to the right end. */
  readonly nodes: readonly MapNode[];
}

/** Throws ProtocolError TAMPERED (VERSION where no version is common). */
export function checkPeerSetup(own: OwnSetup, setup: ClearSetup, expected: PeerExpectation & { readonly crypto: Crypto }): CheckedPeer {
  const topology = topologyOf(setup);
  checkSignatures(setup, topology, expected);
  checkCommonunique(own, setup, topology);
  checkWay(own, topology, expected.neighbour);
  return { setup, topology, version: commonVersion(own, setup), nodes: mapOf(own, topology, expected.route) };
}

function checkSignatures(setup: ClearSetup, topology: Topology, { keys, crypto }: PeerExpectation & { readonly crypto: Crypto }): void {
  if (!keys.includes(setup.info.key)) throw tampered('COMMONUNIQUE_INFO.key: not pinned for the other end of this tunnel');
  if (topology.end.key !== setup.info.key) throw tampered('TOPOLOGY_EXCHANGE entry 0: key is not the key of COMMONUNIQUE_INFO');
  if (!endEntryVerifies(topology, setup.cu, crypto)) {
    throw tampered('TOPOLOGY_EXCHANGE entry 0: its signature does not cover this COMMONUNIQUE_INFO and this entry');
  }
  const forged = firstForgedEntry(topology, setup.cu, crypto);
  if (forged !== undefined) throw tampered(`TOPOLOGY_EXCHANGE entry ${forged}: its signature does not cover it and what is before it`);
}

/** The other end's own words, so what is wrong here was misdirected or replayed by someone between. */
function checkCommonunique(own: OwnSetup, { info }: ClearSetup, { end }: Topology): void {
  for (const member of ['common', 'slot', 'alt'] as const) {
    if (info[member] !== own.info[member]) throw tampered(`COMMONUNIQUE_INFO.${member}: ${info[member]} instead of ${own.info[member]}`);
  }
  if (info.side === own.info.side) throw tampered(`COMMONUNIQUE_INFO.side: both ends say ${info.side}`);
  if (!info.peers.includes(own.info.key)) throw tampered(`COMMONUNIQUE_INFO.peers: ${end.node} does not take this end's key for its peer`);
  if (info.nonce === own.info.nonce) throw tampered('COMMONUNIQUE_INFO.nonce: the same as ours');
}

/** Each middle says from whom it took and to whom it gave; the links must close from the end to us. */
function checkWay(own: OwnSetup, { end, middles }: Topology, neighbour: PublicKey): void {
  const keys = [end.key, ...middles.map(({ key }) => key)];
  middles.forEach(({ node, from, to }, index) => {
    const place = `TOPOLOGY_EXCHANGE entry ${index + 1} (${node})`;
    if (from !== keys[index]) throw tampered(`${place}.from: not the key of entry ${index}`);
    if (to !== (keys[index + 2] ?? own.info.key)) throw tampered(`${place}.to: not the key of ${index + 2 < keys.length ? `entry ${index + 2}` : 'this end'}`);
  });
  if (keys.at(-1) !== neighbour) throw tampered(`TOPOLOGY_EXCHANGE entry ${keys.length - 1}: key is not that of the neighbour it came from`);
}

function commonVersion(own: OwnSetup, { info }: ClearSetup): number {
  const common = VERSIONS.filter((version) => own.info.versions.includes(version) && info.versions.includes(version));
  if (common.length === 0) throw new ProtocolError('VERSION', `COMMONUNIQUE_INFO.versions: ${info.versions.join(', ')}, but ${own.info.versions.join(', ')} is spoken here`);
  return Math.max(...common);
}

/** The way as a list from left to right, each place compared with what the own file pins there. */
function mapOf(own: OwnSetup, { end, middles }: Topology, route: readonly RoutePin[]): MapNode[] {
  const pins = own.info.side === 'right' ? route : route.toReversed();
  if (middles.length + 2 !== pins.length) {
    throw tampered(`TOPOLOGY_EXCHANGE: ${middles.length + 1} entries, but ${pins.length - 1} nodes of this route are on the way here`);
  }
  const self = pins.at(-1) as RoutePin;
  const nodes: MapNode[] = [
    { node: (pins[0] as RoutePin).node, kind: 'end', key: end.key, verified: true },
    ...middles.map((entry, index) => middleNode(entry, index + 1, pins[index + 1] as RoutePin)),
    { node: self.node, kind: 'end', key: own.info.key, verified: true },
  ];
  return own.info.side === 'right' ? nodes : nodes.reverse();
}

function middleNode({ node, key, address }: MiddleEntry, at: number, pin: RoutePin): MapNode {
  if (pin.keys.length === 0) return { node, kind: 'middle', key, address, verified: false };
  if (!pin.keys.includes(key)) throw tampered(`TOPOLOGY_EXCHANGE entry ${at} (${node}).key: not pinned for ${pin.node}, which is next on this route`);
  return { node: pin.node, kind: 'middle', key, address, verified: true };
}

/** Side by which the master of a tunnel's security handshake is chosen: the left end, for the tunnel's life. */
export function isMaster(side: Side): boolean {
  return side === 'left';
}

function tampered(what: string): ProtocolError {
  return new ProtocolError('TAMPERED', what);
}
