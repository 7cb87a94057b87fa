/** How much passes from end to end: one stream and eight, in both directions. */
import { direct } from '../adapters/direct.js';
import { lstp } from '../adapters/lstp.js';
import { opensshJump, opensshJumpAes } from '../adapters/openssh-jump.js';
import { stunnelChain } from '../adapters/stunnel-chain.js';
import { interleave, withChains, type Figure } from './figure.js';
import { recordTransfer, type Load } from './transfer.js';

const LOADS: readonly Load[] = [
  { streams: 1, direction: 'up' },
  { streams: 1, direction: 'down' },
  { streams: 8, direction: 'up' },
  { streams: 8, direction: 'down' },
];

export const bulk: Figure = {
  name: 'bulk',
  adapters: [lstp, stunnelChain, opensshJump, opensshJumpAes, direct],
  run: (bench) =>
    withChains(bench, async (traffic, chains) => {
      for (const load of LOADS) await interleave(bench, chains, (chain) => recordTransfer(bench, traffic, chain, 'bulk', load));
    }),
};
