/** One timed transfer through one chain, every byte checked at the receiver. */
import type { Traffic } from '../traffic/traffic.js';
import type { Direction } from '../traffic/wire.js';
import { startCpuClock } from './cpu-clock.js';
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
  await traffic.client.call('startBulk', { port: chain.entrance, ...load });
  await runFor(WARM_UP_SECONDS);
  const [start, cpu] = [await receiver.call('mark', {}), startCpuClock(chain)];
  await runFor(bench.quick ? 0.7 : 2.5);
  const [end, used] = [await receiver.call('mark', {}), cpu()];
  await finishTransfer(traffic, chain, load.direction);

  const bytes = end.bytes - start.bytes;
  const name = `${load.streams} ${load.streams === 1 ? 'stream' : 'streams'} ${load.direction}`;
  const add = (kind: string, unit: string, value: number): void => bench.results.add({ figure, case: `${name}${kind}`, subject: chain.name, unit }, value);
  add('', 'Gbit/s', (bytes * 8) / 1e9 / (end.seconds - start.seconds));
  const gigabytes = bytes / 1e9;
  for (const { place, seconds } of used) add(`, CPU at ${place}`, 's/GB', seconds / gigabytes);
  if (used.length > 1) add(', CPU in all', 's/GB', used.reduce((sum, { seconds }) => sum + seconds, 0) / gigabytes);
}

/** Ends the streams in order. Throws when not every byte that was sent arrived. */
export async function finishTransfer(traffic: Traffic, chain: RunningChain, direction: Direction): Promise<void> {
  await traffic.client.call('finishBulk', {});
  const [client, server] = [await traffic.client.call('totals', {}), await traffic.server.call('totals', {})];
  const [sent, received] = direction === 'up' ? [client.sent, server.received] : [server.sent, client.received];
  if (sent !== received) throw new Error(`${chain.name}: ${received} of ${sent} bytes arrived`);
}
