/** What a middle alone costs, with the set-up done: bytes from one socket to the other and back. */
import { haproxy } from '../adapters/haproxy.js';
import { lstpPassThrough } from '../adapters/lstp-pass-through.js';
import { interleave, withChains, type Figure } from './figure.js';
import { recordTransfer, type Load } from './transfer.js';

const LOADS: readonly Load[] = [
  { streams: 1, direction: 'up' },
  { streams: 8, direction: 'up' },
];

export const passThrough: Figure = {
  name: 'pass-through',
  adapters: [lstpPassThrough, haproxy],
  run: (bench) =>
    withChains(bench, async (traffic, chains) => {
      for (const load of LOADS) await interleave(bench, chains, (chain) => recordTransfer(bench, traffic, chain, 'pass-through', load));
    }),
};
