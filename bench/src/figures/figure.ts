/** One question that the bench answers, and what it has at hand to do so. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Adapter, Chain, Setting } from '../adapters/adapter.js';
import { noHop } from '../adapters/adapter.js';
import { Scope } from '../process/scope.js';
import type { Results } from '../report/results.js';
import { startTraffic, type Traffic } from '../traffic/traffic.js';

export interface Figure {
  /** For --only. */
  readonly name: string;
  /** Every adapter that it would like to compare; what cannot run is left out by `bench.available`. */
  readonly adapters: readonly Adapter[];
  run(bench: Bench): Promise<void>;
}

export interface Bench {
  readonly results: Results;
  /** Those of the figure's adapters that can run here. */
  readonly adapters: readonly Adapter[];
  /** How often each thing is measured. */
  readonly rounds: number;
  /** Short runs: for trying the bench out, not for figures. */
  readonly quick: boolean;
  /** A line for whoever waits. */
  readonly say: (line: string) => void;
}

export interface RunningChain extends Chain {
  readonly name: string;
  readonly encrypted: boolean;
}

/** Traffic and one chain of every adapter, all up at once; idle chains cost nothing. They end with `work`. */
export function withChains(bench: Bench, work: (traffic: Traffic, chains: readonly RunningChain[]) => Promise<void>): Promise<void> {
  return Scope.with(async (scope) => {
    const traffic = await startTraffic(scope);
    const chains: RunningChain[] = [];
    for (const adapter of bench.adapters) chains.push(await startChain(adapter, { scope, target: traffic.target, hop: noHop }));
    await work(traffic, chains);
  });
}

export async function startChain(adapter: Adapter, setting: Setting): Promise<RunningChain> {
  const chain = await adapter.start(setting);
  return { ...chain, name: adapter.name, encrypted: adapter.encrypted };
}

/** Calls `measure` for each chain in each round; every second round backwards, so that a drift of the machine favours nobody. */
export async function interleave<C extends RunningChain>(bench: Bench, chains: readonly C[], measure: (chain: C) => Promise<void>): Promise<void> {
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.say(`  round ${round + 1} of ${bench.rounds}`);
    for (const chain of round % 2 === 0 ? chains : [...chains].reverse()) await measure(chain);
  }
}

/** Lets a measured load run for so long. */
export const runFor = (seconds: number): Promise<void> => pause(seconds * 1000);
