/** One timed transfer through one chain, every byte checked at the receiver. */
import type { Place } from '../adapters/adapter.js';
import { usageOf } from '../process/process-tree.js';
import type { Traffic } from '../traffic/traffic.js';
import type { Direction } from '../traffic/wire.js';
import { runFor, type Bench, type RunningChain } from './figure.js';

export interface Load {
  readonly streams: number;
  readonly direction: Direction;
}

/** Until windows have opened and buffers are full. */
const WARM_UP_SECONDS = 0.5;

/** Runs `load` and records its rate, and the CPU time per gigabyte of each place of the chain and of all of them. */
export async function recordTransfer(bench: Bench, traffic: Traffic, chain: RunningChain, figure: string, load: Load): Promise<void> {
  const receiver = load.direction === 'up' ? traffic.server : traffic.client;
  const places = Object.entries(chain.pids) as [Place, readonly number[]][];
  const cpuNow = (): number[] => places.map(([, pids]) => usageOf(pids).cpuSeconds);
  await traffic.client.call('startBulk', { port: chain.entrance, ...load });
  await runFor(WARM_UP_SECONDS);
  const [start, cpuAtStart] = [await receiver.call('mark', {}), cpuNow()];
  await runFor(bench.quick ? 0.7 : 2.5);
  const [end, cpuAtEnd] = [await receiver.call('mark', {}), cpuNow()];
  await finishTransfer(traffic, chain, load.direction);

  const bytes = end.bytes - start.bytes;
  const name = `${load.streams} ${load.streams === 1 ? 'stream' : 'streams'} ${load.direction}`;
  const add = (kind: string, unit: string, value: number): void => bench.results.add({ figure, case: `${name}${kind}`, subject: chain.name, unit }, value);
  add('', 'Gbit/s', (bytes * 8) / 1e9 / (end.seconds - start.seconds));
  const perGigabyte = places.map((_, index) => ((cpuAtEnd[index] ?? 0) - (cpuAtStart[index] ?? 0)) / (bytes / 1e9));
  places.forEach(([place], index) => add(`, CPU at ${place}`, 's/GB', perGigabyte[index] ?? 0));
  if (places.length > 1) add(', CPU in all', 's/GB', perGigabyte.reduce((sum, value) => sum + value, 0));
}

/** Ends the streams in order. Throws when not every byte that was sent arrived. */
export async function finishTransfer(traffic: Traffic, chain: RunningChain, direction: Direction): Promise<void> {
  await traffic.client.call('finishBulk', {});
  const [client, server] = [await traffic.client.call('totals', {}), await traffic.server.call('totals', {})];
  const [sent, received] = direction === 'up' ? [client.sent, server.received] : [server.sent, client.received];
  if (sent !== received) throw new Error(`${chain.name}: ${received} of ${sent} bytes arrived`);
}
