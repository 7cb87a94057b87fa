/** How long applications wait when a relay is killed, stands still or is restarted, and what it costs to be ready for that. */
import { FULL_DATA_BYTES } from '@lstp/core';
import { lstp } from '../adapters/lstp.js';
import { RelayedChain } from '../adapters/relayed-chain.js';
import { JoinedTunnels } from '../memory/joined-tunnels.js';
import { usageOf } from '../process/process-tree.js';
import { Scope } from '../process/scope.js';
import { quantileOf } from '../report/statistics.js';
import { startTraffic } from '../traffic/traffic.js';
import { startEcho, Talkers } from '../traffic/talkers.js';
import { noHop } from '../adapters/adapter.js';
import { runFor, startChain, type Bench, type Figure } from './figure.js';
import { measureTransfer } from './transfer.js';

const ALTERNATIVES = 'desk > (west | south) < lab';
const CASCADE = 'desk > west > east < lab';
/** Between two kills: carriers have come up again everywhere. */
const CALM_SECONDS = 1.5;

export const recovery: Figure = {
  name: 'recovery',
  adapters: [],
  async run(bench) {
    const kills = bench.quick ? 3 : 10;
    await afterKills(bench, { name: 'relay back after kill -9', route: 'desk > west < lab', kills });
    await afterKills(bench, { name: 'one of two relays back after kill -9', route: CASCADE, kills });
    await overAnother(bench, { name: 'kill -9, another relay', kills: bench.quick ? 1 : 4, fault: 'SIGKILL' });
    await overAnother(bench, { name: 'stands still, another relay', kills: bench.quick ? 1 : 3, fault: 'SIGSTOP' });
    await rollingRestarts(bench);
    await costOfProtocol(bench);
  },
};

function add({ results }: Bench, name: string, unit: string, value: number): void {
  results.add({ figure: 'recovery', case: name, subject: 'lstp', unit }, value);
}

/** Of the times of all rounds together: those of one would be too few for p99. */
function addQuantiles(bench: Bench, name: string, times: readonly number[]): void {
  const sorted = times.toSorted((a, b) => a - b);
  add(bench, `${name}, p50`, 'ms', quantileOf(sorted, 0.5));
  add(bench, `${name}, p99`, 'ms', quantileOf(sorted, 0.99));
}

/** A chain with one talker, which is ready. */
function withTalker(plan: { route: string; options?: readonly string[]; talkers?: number; paceMs?: number }, work: (chain: RelayedChain, talkers: Talkers) => Promise<void>): Promise<void> {
  return Scope.with(async (scope) => {
    const chain = await RelayedChain.start(scope, { ...plan, target: await startEcho(scope) });
    const talkers = new Talkers({ port: chain.entrance, count: plan.talkers ?? 1, paceMs: plan.paceMs ?? 2, bytes: 64 });
    await talkers.nextEcho(0);
    await runFor(CALM_SECONDS);
    await work(chain, talkers);
    await talkers.stop();
    if (talkers.faults.length > 0) throw new Error(talkers.faults.join('; '));
  });
}

/** From "ready" of the relay's next process to the first echo. */
async function afterKills(bench: Bench, { name, route, kills }: { name: string; route: string; kills: number }): Promise<void> {
  await withTalker({ route }, async (chain, talkers) => {
    const times: number[] = [];
    for (let round = 0; round < bench.rounds; round += 1) {
      bench.say(`  ${name}, round ${round + 1} of ${bench.rounds}`);
      for (let kill = 0; kill < kills; kill += 1) {
        const relay = chain.relays[kill % chain.relays.length] as string;
        await chain.kill(relay);
        const echo = talkers.nextEcho(performance.now());
        await chain.startAgain(relay);
        const readyAt = performance.now();
        times.push(Math.max(0, (await echo) - readyAt));
        await runFor(CALM_SECONDS);
      }
    }
    addQuantiles(bench, name, times);
  });
}

/** From the fault of the relay in use to the first echo over the other one. */
async function overAnother(bench: Bench, { name, kills, fault }: { name: string; kills: number; fault: 'SIGKILL' | 'SIGSTOP' }): Promise<void> {
  await withTalker({ route: ALTERNATIVES }, async (chain, talkers) => {
    const times: number[] = [];
    for (let round = 0; round < bench.rounds; round += 1) {
      bench.say(`  ${name}, round ${round + 1} of ${bench.rounds}`);
      for (let kill = 0; kill < kills; kill += 1) {
        // The first is preferred, and gone back to.
        const relay = chain.relays[0] as string;
        const since = performance.now();
        chain.signal(relay, fault);
        times.push((await talkers.nextEcho(since + 1)) - since);
        if (fault === 'SIGSTOP') chain.signal(relay, 'SIGCONT');
        else await chain.startAgain(relay);
        await runFor(CALM_SECONDS + 6);
      }
    }
    addQuantiles(bench, name, times);
  });
}

/** Every relay of a cascade, one after the other, under 200 connections: the longest wait of any of them. */
async function rollingRestarts(bench: Bench): Promise<void> {
  await withTalker({ route: CASCADE, talkers: 200, paceMs: 100 }, async (chain, talkers) => {
    for (let round = 0; round < bench.rounds; round += 1) {
      bench.say(`  rolling restart, round ${round + 1} of ${bench.rounds}`);
      talkers.takeLongest();
      await runFor(2);
      add(bench, 'no restart, 200 connections, longest wait', 'ms', talkers.takeLongest());
      for (const relay of chain.relays) await chain.replace(relay);
      await runFor(1);
      add(bench, 'rolling restart, 200 connections, longest wait', 'ms', talkers.takeLongest());
    }
  });
}

/** All that the protocol does for a byte, both ends, as a part of what the chain takes for it: retaining and acknowledging are less. */
async function costOfProtocol(bench: Bench): Promise<void> {
  await Scope.with(async (scope) => {
    const traffic = await startTraffic(scope);
    const chain = await startChain(lstp, { scope, target: traffic.target, hop: noHop });
    // The first only warms up the compiler.
    protocolSeconds(1);
    for (let round = 0; round < bench.rounds; round += 1) {
      const measured = await measureTransfer(bench, traffic, chain, { streams: 1, direction: 'up' });
      const whole = measured.find(({ kind }) => kind === ', CPU in all')?.value ?? NaN;
      const own = protocolSeconds(1);
      add(bench, 'protocol alone, both ends', 's/GB', own);
      add(bench, 'the same, of the CPU of a transfer', '%', (own / whole) * 100);
      add(bench, 'memory of the sending end after each further transfer', 'MiB', usageOf(chain.pids.desk ?? []).residentBytes / 1_048_576);
    }
  });
}

/** CPU seconds for a gigabyte through two tunnels joined in memory. */
function protocolSeconds(seconds: number): number {
  const tunnels = new JoinedTunnels(1000);
  tunnels.open();
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  while (performance.now() - started < seconds * 1000) {
    tunnels.write(FULL_DATA_BYTES);
    tunnels.run();
  }
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1e6 / (tunnels.arrived / 1e9);
}
