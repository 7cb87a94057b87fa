/** Neighbours of a node as io/ sees them: keys, and where and how they are dialed. Plain data, filled from the chain files. */
import type { PublicKey } from '../protocol/crypto.js';

/** Where a node listens or is dialed. `host` is a name or a literal address without brackets. */
export interface LegAddress {
  readonly scheme: 'tcp' | 'tls' | 'ws' | 'wss';
  readonly host: string;
  readonly port: number;
  readonly path?: string;
}

/** A way out: straight when `through` is empty, else through these proxies in order. */
export interface LegPath {
  readonly through: readonly unknown[];
  /** Where to ask for the proxies when dialing, instead: see LegDialer.expand(). */
  readonly ask?: unknown;
}

export interface Neighbour {
  /** Its name in the chain file it stands in; names of two files may clash, keys do not. */
  readonly node: string;
  /** Every key pinned for it. */
  readonly keys: readonly PublicKey[];
  /** Alternatives in order of preference; empty where this node does not dial it. */
  readonly addresses: readonly LegAddress[];
  readonly paths: readonly LegPath[];
}

/** Equal for the same neighbour in two chain files. */
export function neighbourId({ keys }: Pick<Neighbour, 'keys'>): string {
  return [...keys].sort().join(' ');
}

/** As people write it: `tcp` is left out, IPv6 in brackets. */
export function formatLegAddress({ scheme, host, port, path = '' }: LegAddress): string {
  const shown = `${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
  return scheme === 'tcp' ? shown : `${scheme}://${shown}`;
}
