/**
 * The chain file as typed values: what config/ parses YAML into and everything else reads.
 * Not the text, not its checks: those are in the files beside this one. The user's view: docs/config.md.
 */
import type { PublicKey, Side } from '../protocol/index.js';
import type { AllowPattern } from './allow.js';
import type { IpNetwork } from './ip-address.js';

/** A place in the chain file, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** `tcp`, `tls`, `ws`, `wss`: how a leg is carried between two neighbours. */
export type LegScheme = 'tcp' | 'tls' | 'ws' | 'wss';

/**
 * Where a node listens or is dialed. `host` is a name or a literal address without brackets; `path` is for ws and wss.
 * Where references are not filled in, `host` may hold one, and `port` is 0 if it stands in one.
 */
export interface LegAddress {
  readonly scheme: LegScheme;
  readonly host: string;
  readonly port: number;
  readonly path?: string;
}

/** Where an application connects, or where a back end connects to. */
export type ServiceAddress = { readonly kind: 'tcp'; readonly host: string; readonly port: number } | { readonly kind: 'unix'; readonly path: string };

/** Text in which `${env:NAME}` and `${file:PATH}` are still to be filled in; resolveSecrets() does it on the node that uses it. */
export type SecretText = string;

/**
 * One proxy on the way out. User and password keep their references: resolveSecrets() when it is dialed.
 * Where references are not filled in, `host` may hold one, and `port` is 0 if it stands in one.
 */
export interface ProxyUrl {
  readonly scheme: 'socks4' | 'socks4a' | 'socks5' | 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly user?: SecretText;
  readonly password?: SecretText;
}

/** A way out: straight, or through proxies in this order. */
export interface EgressPath {
  readonly through: readonly ProxyUrl[];
  /** Where to ask for the proxies, for each dial; `through` is empty then. */
  readonly ask?: EgressSource;
}

/** The environment variables HTTPS_PROXY, ALL_PROXY and NO_PROXY, or a PAC file: its URL, or its path. */
export type EgressSource = { readonly from: 'env' } | { readonly from: 'pac'; readonly at: SecretText };

/** Alternatives in order of preference, for every neighbour or for one by name. */
export interface Egress {
  readonly default: readonly EgressPath[];
  readonly byNeighbour: ReadonlyMap<string, readonly EgressPath[]>;
}

export interface NodeConfig {
  readonly name: string;
  /** Every key pinned for this node; several while one is being rotated; none only for trials (`--all`). */
  readonly keys: readonly PublicKey[];
  readonly listen: readonly LegAddress[];
  /** What others dial, in order of preference: `address`, else `listen`. Empty where nobody dials it. */
  readonly address: readonly LegAddress[];
  readonly egress: Egress;
  /** Path of a file of certificate authorities (PEM), as written, that it believes beside the system's when it dials. */
  readonly authorities?: string;
  /** Paths, as written, of the certificate and its key (PEM) that it shows where it listens over tls and wss; else one of its own key. */
  readonly certificate?: { readonly chain: string; readonly key: string };
  /** From where connections come whose true source stands in a PROXY header. */
  readonly proxyProtocol?: readonly IpNetwork[];
  /** Path of the file of admitted keys, as written. */
  readonly admit?: string;
  readonly place: Place;
}

/** Who dials whom between two neighbours: the dialer is the `left` node in `left > right`, the `right` one in `left < right`. */
export interface Hop {
  readonly left: string;
  readonly right: string;
  readonly dialer: Side;
}

/** One way of a tunnel from its left end to its right end. `nodes` has at least two; `hops` one fewer. */
export interface Route {
  readonly nodes: readonly string[];
  readonly hops: readonly Hop[];
}

export interface ServiceConfig {
  readonly name: string;
  /** Name of the plugin, `forward` if the file is silent. */
  readonly plugin: string;
  /** The end where applications connect. */
  readonly at: string;
  /** Whether its channels share the tunnel's carriers or get one of their own. */
  readonly carrier: 'shared' | 'own';
  /** Name of the plugin that compresses it. */
  readonly codec?: string;
  /** Which targets its applications may choose; absent where they choose none. */
  readonly allow?: readonly AllowPattern[];
  /** How many targets it has, where applications choose none and there are several: a channel names one by its number. */
  readonly targets?: number;
  /** Who may use it, once logged in: names of users, and of groups with `@` in front. Absent: everybody at the other end. */
  readonly users?: readonly string[];
  /** In this order from the application on. */
  readonly rewriters?: readonly AttachedConfig[];
  readonly monitors?: readonly AttachedConfig[];
  /** All other keys of the service, as the plugin's own schema gives them. Secrets are filled in where loadChain() was told for whom; else they are still references. */
  readonly options: unknown;
  readonly place: Place;
}

/** A plugin that takes part in a service or tunnel of another. */
export interface AttachedConfig {
  readonly plugin: string;
  /** The end at which it works; of a log-in, the end that gives credentials. */
  readonly at: string;
  /** As those of a service. */
  readonly options: unknown;
}

export interface TunnelConfig {
  readonly name: string;
  /** The common name by which its ends are paired. */
  readonly common: string;
  /** Alternatives, expanded, in order of preference. All have the same two ends. */
  readonly routes: readonly Route[];
  readonly left: string;
  readonly right: string;
  readonly carriers: number;
  readonly spread: boolean;
  readonly graceMs: number;
  readonly login?: AttachedConfig;
  readonly services: ReadonlyMap<string, ServiceConfig>;
  readonly place: Place;
}

export interface Chain {
  /** The file it came from, as the user named it. */
  readonly file: string;
  readonly nodes: ReadonlyMap<string, NodeConfig>;
  readonly tunnels: ReadonlyMap<string, TunnelConfig>;
  /** Further plugin modules, by path or package name, as written. */
  readonly plugins: readonly string[];
}
