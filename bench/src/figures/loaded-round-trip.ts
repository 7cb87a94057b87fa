/** The round trip of a keystroke while a bulk transfer fills a slow uplink. */
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import { stunnelChain } from '../adapters/stunnel-chain.js';
import { quantileOf } from '../report/statistics.js';
import type { Traffic } from '../traffic/traffic.js';
import { withDistantChains } from './distant-chains.js';
import { runFor, interleave, type Bench, type Figure, type RunningChain } from './figure.js';
import { finishTransfer } from './transfer.js';

/** The queue is what a home router keeps: 50 ms. */
const SHAPE = { bitsPerSecond: 20e6, delayMs: 25, queueBytes: 131_072 };
const OPENING_SECONDS = 3;

export const loadedRoundTrip: Figure = {
  name: 'loaded-rtt',
  adapters: [lstp, opensshJump, stunnelChain],
  run: (bench) => withDistantChains(bench, SHAPE, (traffic, chains) => interleave({ ...bench, rounds: Math.ceil(bench.rounds / 2) }, chains, (chain) => measure(bench, traffic, chain))),
};

async function measure(bench: Bench, traffic: Traffic, chain: RunningChain): Promise<void> {
  const count = bench.quick ? 20 : 100;
  const add = (name: string, unit: string, value: number): void => bench.results.add({ figure: 'loaded-rtt', case: name, subject: chain.name, unit }, value);
  const idle = await sortedRoundTrips(traffic, chain, count);
  await traffic.client.call('startBulk', { port: chain.entrance, streams: 1, direction: 'up' });
  await runFor(OPENING_SECONDS);
  const start = await traffic.server.call('mark', {});
  const loaded = await sortedRoundTrips(traffic, chain, count);
  const end = await traffic.server.call('mark', {});
  await finishTransfer(traffic, chain, 'up');
  add('20 Mbit/s, 50 ms: p50 idle', 'ms', quantileOf(idle, 0.5));
  add('20 Mbit/s, 50 ms: p50 loaded', 'ms', quantileOf(loaded, 0.5));
  add('20 Mbit/s, 50 ms: p99 loaded', 'ms', quantileOf(loaded, 0.99));
  add('p99 loaded : p50 idle', 'times', quantileOf(loaded, 0.99) / quantileOf(idle, 0.5));
  add('bulk beside it', 'Mbit/s', ((end.bytes - start.bytes) * 8) / 1e6 / (end.seconds - start.seconds));
}

/** Milliseconds, ascending. */
async function sortedRoundTrips(traffic: Traffic, { entrance }: RunningChain, count: number): Promise<number[]> {
  const microseconds = await traffic.client.call('roundTrips', { port: entrance, count, seconds: 10 });
  return microseconds.map((each) => each / 1000).sort((a, b) => a - b);
}
