/** X clients through lstp and through `ssh -X -J`, near and far: x11perf, a terminal, images; and what monitor and codec do. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { noHop, type Hop } from '../adapters/adapter.js';
import { startLstpDisplay, startSshDisplay, startXServer, type DisplayChain, type DisplaySetting } from '../adapters/displays.js';
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import { missingOf } from '../process/debian-packages.js';
import { Scope } from '../process/scope.js';
import type { LinkShape } from '../traffic/lane.js';
import { startCpuClock } from './cpu-clock.js';
import { linkHop } from './distant-chains.js';
import type { Bench, Figure } from './figure.js';

const FIGURE = 'x11';
const IMAGE_STREAM = fileURLToPath(new URL('../programs/image-stream.js', import.meta.url));
/** Of x11perf, all of the core protocol: `ssh -X` shows no other. */
const TESTS = [
  'noop', 'dot', 'rect10', 'rect100', 'seg100', 'fcircle100', 'trap100', 'f8text', 'ftext', 'scroll100', 'copypixwin100',
  'putimage10', 'putimage100', 'putimage500', 'getimage100', 'getimage500', 'prop', 'pointer', 'create', 'map', 'move',
] as const;
const QUICK_TESTS = ['noop', 'f8text', 'putimage100', 'prop'] as const;
const LINES = 100_000;
/** Long, and not thin: what fills it is a window. */
const FAR: LinkShape = { bitsPerSecond: 2e9, delayMs: 20, queueBytes: 4_194_304 };
const THIN: LinkShape = { bitsPerSecond: 10e6, delayMs: 20, queueBytes: 262_144 };

export const x11: Figure = {
  name: FIGURE,
  adapters: [lstp, opensshJump],
  async run(bench) {
    const missing = missingOf(['xvfb', 'x11-apps', 'xterm', 'xauth']);
    if (missing.length > 0) return bench.say(`  x11 is left out: apt-get install ${missing.join(' ')}`);
    await compare(bench, 'near', () => noHop);
    await compare({ ...bench, rounds: Math.ceil(bench.rounds / 2) }, '40 ms', (scope) => linkHop(scope, FAR));
    await takeMonitor(bench);
    await takeCodec({ ...bench, rounds: Math.ceil(bench.rounds / 2) });
  },
};

/** Each of those that can run here, all up at once; they end with `work`. */
function withDisplays(hopOf: (scope: Scope) => Hop, starts: readonly ((setting: DisplaySetting) => Promise<DisplayChain>)[], work: (chains: readonly DisplayChain[]) => Promise<void>): Promise<void> {
  return Scope.with(async (scope) => {
    const server = await startXServer(scope);
    const chains: DisplayChain[] = [];
    for (const start of starts) chains.push(await start({ scope, server, hop: hopOf(scope) }));
    await work(chains);
  });
}

function compare(bench: Bench, distance: string, hopOf: (scope: Scope) => Hop): Promise<void> {
  const starts = bench.adapters.map(({ name }) => (setting: DisplaySetting) => (name === lstp.name ? startLstpDisplay(setting, name) : startSshDisplay(setting, 'ssh -X -J')));
  return withDisplays(hopOf, starts, (chains) =>
    inTurns(bench, chains, async (chain) => {
      const rates: number[] = [];
      for (const test of bench.quick ? QUICK_TESTS : TESTS) rates.push(await takeTest(bench, chain, { test, distance }));
      add(bench, chain, `${distance}: x11perf, geometric mean`, '/s', geometricMean(rates));
      add(bench, chain, `${distance}: images, full screen`, 'MB/s', await streamImages(bench, chain));
      add(bench, chain, `${distance}: xterm, ${LINES} lines`, 'lines/s', LINES / (await printLines(chain)));
    }),
  );
}

async function takeTest(bench: Bench, chain: DisplayChain, { test, distance }: { readonly test: string; readonly distance: string }): Promise<number> {
  const { stdout } = await run(chain, 'x11perf', ['-repeat', '1', '-time', '1', `-${test}`]);
  const rate = Number(/\( *([\d.]+)\/sec\)/.exec(stdout)?.[1]);
  if (!(rate > 0)) throw new Error(`x11perf -${test} through ${chain.name} says no rate: ${stdout}`);
  add(bench, chain, `${distance}: x11perf -${test}`, '/s', rate);
  return rate;
}

async function streamImages(bench: Bench, chain: DisplayChain): Promise<number> {
  return Number((await run(chain, process.execPath, [IMAGE_STREAM, bench.quick ? '1' : '4'])).stdout);
}

/** Seconds, the start of the terminal and its end included. */
async function printLines(chain: DisplayChain): Promise<number> {
  return (await run(chain, 'xterm', ['-e', 'seq', String(LINES)])).seconds;
}

/** CPU time of the whole chain for the same work, watched (as it comes) and not. */
function takeMonitor(bench: Bench): Promise<void> {
  if (!bench.adapters.includes(lstp)) return Promise.resolve();
  const starts = [(setting: DisplaySetting) => startLstpDisplay(setting, 'lstp'), (setting: DisplaySetting) => startLstpDisplay(setting, 'no monitor', 'monitors: []')];
  return withDisplays(() => noHop, starts, async (chains) => {
    const work = async (chain: DisplayChain): Promise<void> => {
      for (const test of ['f8text', 'rect10', 'putimage100', 'prop']) await run(chain, 'x11perf', ['-repeat', '1', '-reps', MONITOR_REPS[test] ?? '1', `-${test}`]);
      await printLines(chain);
    };
    for (const chain of chains) await work(chain);
    await inTurns(bench, chains, async (chain) => {
      const stop = startCpuClock({ pids: chain.pids });
      await work(chain);
      add(bench, chain, 'watched: CPU in all', 's', stop().reduce((sum, { seconds }) => sum + seconds, 0));
    });
  });
}

/** Of x11perf, each of many objects: so that each test takes about as long. */
const MONITOR_REPS: Readonly<Record<string, string>> = { f8text: '20000', rect10: '5000', putimage100: '600', prop: '1000' };

/** The same over a thin line, with and without compression. */
function takeCodec(bench: Bench): Promise<void> {
  if (!bench.adapters.includes(lstp)) return Promise.resolve();
  const starts = [(setting: DisplaySetting) => startLstpDisplay(setting, 'lstp', 'codec: zlib'), (setting: DisplaySetting) => startLstpDisplay(setting, 'no codec')];
  return withDisplays((scope) => linkHop(scope, THIN), starts, (chains) =>
    inTurns(bench, chains, async (chain) => add(bench, chain, `10 Mbit/s, codec zlib: xterm, ${LINES} lines`, 'lines/s', LINES / (await printLines(chain)))),
  );
}

/** As interleave() does it. */
async function inTurns(bench: Bench, chains: readonly DisplayChain[], measure: (chain: DisplayChain) => Promise<void>): Promise<void> {
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.say(`  round ${round + 1} of ${bench.rounds}`);
    for (const chain of round % 2 === 0 ? chains : [...chains].reverse()) await measure(chain);
  }
}

function add({ results }: Bench, { name }: DisplayChain, what: string, unit: string, value: number): void {
  results.add({ figure: FIGURE, case: what, subject: name, unit }, value);
}

/** Resolves when the program has ended well. */
function run({ environment, name }: DisplayChain, program: string, args: readonly string[]): Promise<{ readonly stdout: string; readonly seconds: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (status === 0) resolve({ stdout, seconds: (performance.now() - start) / 1000 });
      else reject(new Error(`${program} ${args.join(' ')} through ${name} ended with ${signal ?? status}: ${stderr}`));
    });
  });
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
