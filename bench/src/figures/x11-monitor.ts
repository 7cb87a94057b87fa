/** What it costs to watch X programs: CPU time of the whole chain for the same work, watched (as an `x11` service comes) and not. */
import { noHop } from '../adapters/adapter.js';
import { startLstpDisplay, type DisplayChain, type DisplaySetting } from '../adapters/displays.js';
import { lstp } from '../adapters/lstp.js';
import { startCpuClock } from './cpu-clock.js';
import type { Figure } from './figure.js';
import { hasXPrograms, inTurns, printLines, run, withDisplays } from './x-displays.js';

const FIGURE = 'x11-monitor';
/** Tests of x11perf, and how often: each is of many objects, and they take about as long. */
const WORK = { f8text: 20_000, rect10: 5000, putimage100: 600, prop: 1000 } as const;
const WATCHED = (setting: DisplaySetting): Promise<DisplayChain> => startLstpDisplay(setting, 'lstp');
const UNWATCHED = (setting: DisplaySetting): Promise<DisplayChain> => startLstpDisplay(setting, 'no monitor', 'monitors: []');

export const x11Monitor: Figure = {
  name: FIGURE,
  adapters: [lstp],
  async run(bench) {
    if (bench.adapters.length === 0 || !hasXPrograms(bench)) return;
    await withDisplays(() => noHop, [WATCHED, UNWATCHED], async (chains) => {
      for (const chain of chains) await work(chain);
      await inTurns(bench, chains, async (chain) => {
        const stop = startCpuClock({ pids: chain.pids });
        await work(chain);
        bench.results.add({ figure: FIGURE, case: 'x11perf and xterm, CPU in all', subject: chain.name, unit: 's' }, stop().reduce((sum, { seconds }) => sum + seconds, 0));
      });
    });
  },
};

async function work(chain: DisplayChain): Promise<void> {
  for (const [test, times] of Object.entries(WORK)) await run(chain, 'x11perf', ['-repeat', '1', '-reps', String(times), `-${test}`]);
  await printLines(chain);
}
