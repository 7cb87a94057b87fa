/** X clients through lstp and through `ssh -X -J`, near and far: x11perf, a terminal, images. */
import { fileURLToPath } from 'node:url';
import { noHop, type Hop } from '../adapters/adapter.js';
import { startLstpDisplay, startSshDisplay, type DisplayChain, type DisplaySetting } from '../adapters/displays.js';
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import type { Scope } from '../process/scope.js';
import type { LinkShape } from '../traffic/lane.js';
import { linkHop } from './distant-chains.js';
import type { Bench, Figure } from './figure.js';
import { hasXPrograms, inTurns, LINES, printLines, run, withDisplays } from './x-displays.js';

const FIGURE = 'x11';
const IMAGE_STREAM = fileURLToPath(new URL('../programs/image-stream.js', import.meta.url));
/** Of x11perf, all of the core protocol: `ssh -X` shows no other. */
const TESTS = [
  'noop', 'dot', 'rect10', 'rect100', 'seg100', 'fcircle100', 'trap100', 'f8text', 'ftext', 'scroll100', 'copypixwin100',
  'putimage10', 'putimage100', 'putimage500', 'getimage100', 'getimage500', 'prop', 'pointer', 'create', 'map', 'move',
] as const;
const QUICK_TESTS = ['noop', 'f8text', 'putimage100', 'prop'] as const;
/** Long, and not thin: what fills it is a window. */
const FAR: LinkShape = { bitsPerSecond: 2e9, delayMs: 20, queueBytes: 4_194_304 };

export const x11: Figure = {
  name: FIGURE,
  adapters: [lstp, opensshJump],
  async run(bench) {
    if (!hasXPrograms(bench)) return;
    await compare(bench, 'near', () => noHop);
    await compare({ ...bench, rounds: Math.ceil(bench.rounds / 2) }, '40 ms', (scope) => linkHop(scope, FAR));
  },
};

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

function add({ results }: Bench, { name }: DisplayChain, what: string, unit: string, value: number): void {
  results.add({ figure: FIGURE, case: what, subject: name, unit }, value);
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
