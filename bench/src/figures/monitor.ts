/** What a monitor costs that does nothing, one at each end. */
import { fileURLToPath } from 'node:url';
import { lstpWith } from '../adapters/lstp.js';
import { interleave, withChains, type Figure } from './figure.js';
import { recordTransfer, type Load } from './transfer.js';

const IDLE_MONITOR = fileURLToPath(new URL('../programs/idle-monitor.js', import.meta.url));
const LOADS: readonly Load[] = [
  { streams: 1, direction: 'up' },
  { streams: 8, direction: 'down' },
];

export const monitor: Figure = {
  name: 'monitor',
  adapters: [
    // Under lstp's own name: the table puts it beside the other.
    lstpWith({ name: 'lstp', keys: 'monitors: [idle, { plugin: idle, at: lab }]', plugins: [IDLE_MONITOR] }),
    lstpWith({ name: 'without' }),
  ],
  run: (bench) =>
    withChains(bench, async (traffic, chains) => {
      for (const load of LOADS) await interleave(bench, chains, (chain) => recordTransfer(bench, traffic, chain, 'monitor', load));
    }),
};
