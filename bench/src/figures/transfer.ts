/** One timed transfer through one chain, every byte checked at the receiver. */
import type { Traffic } from '../traffic/traffic.js';
import type { Direction, Proxy } from '../traffic/wire.js';
import { startCpuClock } from './cpu-clock.js';
import { runFor, type Bench, type RunningChain } from './figure.js';

export interface Load {
  readonly streams: number;
  readonly direction: Direction;
  readonly proxy?: Proxy | undefined;
}

export interface Measured {
  /** What follows the load in the case's name: nothing for the rate, `, CPU at desk`. */
  readonly kind: string;
  readonly unit: string;
  readonly value: number;
}

/** Until windows have opened and buffers are full. */
const WARM_UP_SECONDS = 0.5;

/** Runs `load` and records its rate, and the CPU time per gigabyte of each place of the chain and of all of them. */
export async function recordTransfer(bench: Bench, traffic: Traffic, chain: RunningChain, figure: string, load: Load): Promise<void> {
  for (const { kind, unit, value } of await measureTransfer(bench, traffic, chain, load)) bench.results.add({ figure, case: `${nameOf(load)}${kind}`, subject: chain.name, unit }, value);
}

/** `8 streams up` */
export const nameOf = ({ streams, direction }: Load): string => `${streams} ${streams === 1 ? 'stream' : 'streams'} ${direction}`;

/** Runs `load`: its rate, and the CPU time per gigabyte of each place of the chain and of all of them. */
export async function measureTransfer({ quick }: Pick<Bench, 'quick'>, traffic: Traffic, chain: RunningChain, load: Load): Promise<readonly Measured[]> {
  const receiver = load.direction === 'up' ? traffic.server : traffic.client;
  await traffic.client.call('startBulk', { port: chain.entrance, ...load });
  await runFor(WARM_UP_SECONDS);
  const [start, cpu] = [await receiver.call('mark', {}), startCpuClock(chain)];
  await runFor(quick ? 0.7 : 2.5);
  const [end, used] = [await receiver.call('mark', {}), cpu()];
  await finishTransfer(traffic, chain, load.direction);

  const bytes = end.bytes - start.bytes;
  const gigabytes = bytes / 1e9;
  const rate = (bytes * 8) / 1e9 / (end.seconds - start.seconds);
  const cpuOf = (kind: string, seconds: number): Measured => ({ kind: `, CPU ${kind}`, unit: 's/GB', value: seconds / gigabytes });
  const places = used.map(({ place, seconds }) => cpuOf(`at ${place}`, seconds));
  const all = used.length > 1 ? [cpuOf('in all', used.reduce((sum, { seconds }) => sum + seconds, 0))] : [];
  return [{ kind: '', unit: 'Gbit/s', value: rate }, ...places, ...all];
}

/** Ends the streams in order. Throws when not every byte that was sent arrived. */
export async function finishTransfer(traffic: Traffic, chain: RunningChain, direction: Direction): Promise<void> {
  await traffic.client.call('finishBulk', {});
  const [client, server] = [await traffic.client.call('totals', {}), await traffic.server.call('totals', {})];
  const [sent, received] = direction === 'up' ? [client.sent, server.received] : [server.sent, client.received];
  if (sent !== received) throw new Error(`${chain.name}: ${received} of ${sent} bytes arrived`);
}
