/** X programs over a thin line, with compression and without. */
import { startLstpDisplay, type DisplaySetting } from '../adapters/displays.js';
import { lstp } from '../adapters/lstp.js';
import type { LinkShape } from '../traffic/lane.js';
import { linkHop } from './distant-chains.js';
import type { Figure } from './figure.js';
import { hasXPrograms, inTurns, LINES, printLines, withDisplays } from './x-displays.js';

const FIGURE = 'x11-codec';
const THIN: LinkShape = { bitsPerSecond: 10e6, delayMs: 20, queueBytes: 262_144 };

export const x11Codec: Figure = {
  name: FIGURE,
  adapters: [lstp],
  async run(bench) {
    if (bench.adapters.length === 0 || !hasXPrograms(bench)) return;
    const starts = [(setting: DisplaySetting) => startLstpDisplay(setting, 'lstp', 'codec: zlib'), (setting: DisplaySetting) => startLstpDisplay(setting, 'no codec')];
    await withDisplays((scope) => linkHop(scope, THIN), starts, (chains) =>
      inTurns(bench, chains, async (chain) => bench.results.add({ figure: FIGURE, case: `10 Mbit/s, zlib: xterm, ${LINES} lines`, subject: chain.name, unit: 'lines/s' }, LINES / (await printLines(chain)))),
    );
  },
};
