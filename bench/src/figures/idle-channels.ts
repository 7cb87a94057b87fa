/** The memory that an open, idle connection costs at each place of a chain. */
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import { stunnelChain } from '../adapters/stunnel-chain.js';
import type { Adapter } from '../adapters/adapter.js';
import { noHop } from '../adapters/adapter.js';
import { usageOf } from '../process/process-tree.js';
import { Scope } from '../process/scope.js';
import { startTraffic, type Traffic } from '../traffic/traffic.js';
import { runFor, startChain, type Bench, type Figure, type RunningChain } from './figure.js';

/** A process may have 20 000 descriptors on common machines; an end needs one a channel, stunnel two. */
const CHANNELS = 8000;
/** stunnel has a thread for each: the figure for one is the same with fewer. */
const PEER_CHANNELS = 1000;
/** Opened and closed first, so that what a process allocates once and keeps is not counted. */
const WARM_UP_CHANNELS = 200;
const SETTLE_SECONDS = 2;

export const idleChannels: Figure = {
  name: 'idle',
  adapters: [lstp, stunnelChain, opensshJump],
  async run(bench) {
    for (const adapter of bench.adapters) await Scope.with((scope) => measure(bench, scope, adapter));
  },
};

async function measure(bench: Bench, scope: Scope, adapter: Adapter): Promise<void> {
  const traffic = await startTraffic(scope);
  const chain = await startChain(adapter, { scope, target: traffic.target, hop: noHop });
  const count = (adapter === lstp ? CHANNELS : PEER_CHANNELS) / (bench.quick ? 10 : 1);
  bench.say(`  ${adapter.name}: ${count} connections`);
  await hold(traffic, chain, WARM_UP_CHANNELS);
  await traffic.client.call('release', {});
  const before = residentBytes(chain);
  await hold(traffic, chain, count);
  await runFor(SETTLE_SECONDS);
  const after = residentBytes(chain);
  await traffic.client.call('release', {});
  for (const [place, bytes] of Object.entries(after)) {
    bench.results.add({ figure: 'idle', case: `a connection, at ${place}`, subject: adapter.name, unit: 'KiB' }, (bytes - (before[place] ?? 0)) / count / 1024);
  }
}

async function hold(traffic: Traffic, chain: RunningChain, count: number): Promise<void> {
  await traffic.client.call('hold', { port: chain.entrance, count });
}

function residentBytes(chain: RunningChain): Record<string, number> {
  return Object.fromEntries(Object.entries(chain.pids).map(([place, pids]) => [place, usageOf(pids).residentBytes]));
}
