/** Chains whose desk is far from the relay; the lab is near it. */
import type { Hop } from '../adapters/adapter.js';
import { Scope } from '../process/scope.js';
import type { LinkShape } from '../traffic/lane.js';
import { Program, startTraffic, type Traffic } from '../traffic/traffic.js';
import { startChain, type Bench, type RunningChain } from './figure.js';

/** Each chain has a link program of its own. Everything ends with `work`. */
export function withDistantChains(bench: Bench, shape: LinkShape, work: (traffic: Traffic, chains: readonly RunningChain[]) => Promise<void>): Promise<void> {
  return Scope.with(async (scope) => {
    const traffic = await startTraffic(scope);
    const chains: RunningChain[] = [];
    for (const adapter of bench.adapters) chains.push(await startChain(adapter, { scope, target: traffic.target, hop: linkHop(scope, shape) }));
    await work(traffic, chains);
  });
}

export function linkHop(scope: Scope, shape: LinkShape): Hop {
  return async (relayPort, end) => {
    if (end === 'lab') return relayPort;
    const link = new Program('link');
    scope.own({ dispose: () => link.stop(), abandon: () => link.kill() });
    return link.call('link', { target: relayPort, shape });
  };
}
