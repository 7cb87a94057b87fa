/** What it costs that the application chooses the target: services `socks` and `http-proxy` beside `forward`, in one chain. */
import { noHop } from '../adapters/adapter.js';
import { lstp } from '../adapters/lstp.js';
import { FRONT_ENDS, startFrontEnds, type FrontEndName } from '../adapters/lstp-front-ends.js';
import { Scope } from '../process/scope.js';
import { quantileOf } from '../report/statistics.js';
import { startTraffic, type Traffic } from '../traffic/traffic.js';
import type { Proxy } from '../traffic/wire.js';
import { interleave, type Bench, type Figure, type RunningChain } from './figure.js';
import { measureTransfer, nameOf, type Load, type Measured } from './transfer.js';

const FIGURE = 'front-ends';
const LOADS: readonly Load[] = [
  { streams: 1, direction: 'up' },
  { streams: 1, direction: 'down' },
];
/** Opened before the first round, through each: code is compiled by then. */
const WARM_UP = 1000;
/** Round trips at the beginning of a connection that do not count, as in the figure `rtt`. */
const SKIPPED = 100;

interface Way extends RunningChain {
  readonly name: FrontEndName;
  readonly proxy: Proxy | undefined;
}

export const frontEnds: Figure = {
  name: FIGURE,
  adapters: [lstp],
  async run(bench) {
    if (bench.adapters.length === 0) return;
    await Scope.with(async (scope) => {
      const traffic = await startTraffic(scope);
      const { target } = traffic;
      const chains = await startFrontEnds({ scope, target, hop: noHop });
      const ways = chains.map((chain): Way => ({ ...chain, encrypted: true, proxy: chain.name === 'forward' ? undefined : { speaks: chain.name, target } }));
      for (const load of LOADS) await takeTransfers(bench, traffic, ways, load);
      await takeOpenings(bench, traffic, ways);
    });
  },
};

async function takeTransfers(bench: Bench, traffic: Traffic, ways: readonly Way[], load: Load): Promise<void> {
  const transfer = (way: Way): Promise<readonly Measured[]> => measureTransfer(bench, traffic, way, { ...load, proxy: way.proxy });
  // All ways are the same processes: without this, the first would warm them for the others.
  for (const way of ways) await transfer(way);
  await interleave(bench, ways, async (way) => {
    for (const { kind, unit, value } of await transfer(way)) record(bench, way, { of: nameOf(load), kind, unit, value });
  });
}

async function takeOpenings(bench: Bench, traffic: Traffic, ways: readonly Way[]): Promise<void> {
  const open = ({ entrance, proxy }: Way, count: number): Promise<number[]> => traffic.client.call('openings', { port: entrance, count, proxy });
  for (const way of ways) await open(way, bench.quick ? 200 : WARM_UP);
  const inRound = new Map<FrontEndName, number>();
  let roundTrip = 0;
  await interleave(bench, ways, async (way) => {
    if (way.name === 'forward') roundTrip = medianOf((await traffic.client.call('roundTrips', { port: way.entrance, count: SKIPPED + (bench.quick ? 500 : 3000), seconds: 10 })).slice(SKIPPED));
    const opening = medianOf(await open(way, bench.quick ? 200 : 800));
    record(bench, way, { of: 'first byte after connect(), p50', kind: '', unit: 'µs', value: opening });
    inRound.set(way.name, opening);
    if (inRound.size < ways.length) return;
    recordLater(bench, inRound, roundTrip);
    inRound.clear();
  });
}

/** How much later than through `forward` the first byte comes back, in round trips of a byte through the chain. */
function recordLater({ results }: Bench, openings: ReadonlyMap<FrontEndName, number>, roundTrip: number): void {
  const forward = openings.get('forward') ?? 0;
  for (const [name, opening] of openings) if (name !== 'forward') results.add({ figure: FIGURE, case: `opens later than forward, ${name}`, subject: 'lstp', unit: 'round trips' }, (opening - forward) / roundTrip);
}

/** What `forward` did stands beside each of the others. */
function record({ results }: Bench, { name }: Way, { of, kind, unit, value }: { of: string; kind: string; unit: string; value: number }): void {
  const beside = name === 'forward' ? FRONT_ENDS.filter((other) => other !== 'forward') : [name];
  for (const other of beside) results.add({ figure: FIGURE, case: `${of}, ${other}${kind}`, subject: name === 'forward' ? name : 'lstp', unit }, value);
}

function medianOf(values: readonly number[]): number {
  return quantileOf([...values].sort((a, b) => a - b), 0.5);
}
