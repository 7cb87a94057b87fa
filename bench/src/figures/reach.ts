/**
 * What it costs to get out: the bulk of a tunnel whose desk goes through a proxy, beside the same tunnel led through the same
 * proxy by socat; and of one whose legs are on TLS or WebSocket, beside plain TCP.
 */
import type { Adapter } from '../adapters/adapter.js';
import { lstp, lstpWith, type Legs } from '../adapters/lstp.js';
import { startDante, startSocat, startTinyproxy } from '../adapters/proxies.js';
import type { DebianPackage } from '../process/debian-packages.js';
import { interleave, withChains, type Bench, type Figure, type RunningChain } from './figure.js';
import { measureTransfer, nameOf, type Load } from './transfer.js';

const FIGURE = 'reach';
const SCHEMES = ['tls', 'ws', 'wss'] as const;
const LOADS: readonly Load[] = [
  { streams: 1, direction: 'up' },
  { streams: 1, direction: 'down' },
];

/** What is compared: `of` with lstp's own way, `beside` with another's. */
interface Comparison {
  readonly case: string;
  readonly of: Adapter;
  readonly beside: Adapter;
  readonly peer: string;
}

const over = (scheme: (typeof SCHEMES)[number]): Adapter => lstpWith({ name: `legs over ${scheme}`, legs: { scheme } });
const legsOf = (kind: string, legs: Legs, packages: readonly DebianPackage[]): Adapter => lstpWith({ name: kind, legs, packages });

const COMPARISONS: readonly Comparison[] = [
  ...SCHEMES.map((scheme): Comparison => ({ case: `legs over ${scheme}`, of: over(scheme), beside: lstp, peer: 'tcp' })),
  {
    case: 'through SOCKS',
    of: legsOf('through SOCKS', { egress: async (scope) => `socks5://127.0.0.1:${await startDante(scope)}` }, ['dante-server']),
    beside: legsOf('socat through SOCKS', { hop: async (scope, target) => startSocat(scope, { kind: 'socks', proxy: await startDante(scope), target }) }, ['dante-server', 'socat']),
    peer: 'socat',
  },
  {
    case: 'through CONNECT',
    of: legsOf('through CONNECT', { egress: async (scope) => `http://127.0.0.1:${await startTinyproxy(scope)}` }, ['tinyproxy-bin']),
    beside: legsOf('socat through CONNECT', { hop: async (scope, target) => startSocat(scope, { kind: 'http', proxy: await startTinyproxy(scope), target }) }, ['tinyproxy-bin', 'socat']),
    peer: 'socat',
  },
];

export const reach: Figure = {
  name: FIGURE,
  adapters: [...new Set(COMPARISONS.flatMap(({ of, beside }) => [of, beside]))],
  run: (bench) =>
    withChains(bench, async (traffic, chains) => {
      for (const load of LOADS) await interleave(bench, chains, async (chain) => record(bench, chain, { load, value: (await measureTransfer(bench, traffic, chain, load))[0]?.value ?? 0 }));
    }),
};

/** One rate may stand in several rows. */
function record({ results }: Bench, { name }: RunningChain, { load, value }: { readonly load: Load; readonly value: number }): void {
  for (const { case: what, of, beside, peer } of COMPARISONS) {
    if (name === of.name) results.add({ figure: FIGURE, case: `${nameOf(load)}, ${what}`, subject: 'lstp', unit: 'Gbit/s' }, value);
    if (name === beside.name) results.add({ figure: FIGURE, case: `${nameOf(load)}, ${what}`, subject: peer, unit: 'Gbit/s' }, value);
  }
}
