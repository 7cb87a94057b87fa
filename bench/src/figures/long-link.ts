/** One stream over a long, fast link: windows that do not grow leave it empty. */
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import { stunnelChain } from '../adapters/stunnel-chain.js';
import { runFor, interleave, type Figure } from './figure.js';
import { withDistantChains } from './distant-chains.js';
import { finishTransfer } from './transfer.js';

const SHAPE = { bitsPerSecond: 500e6, delayMs: 50, queueBytes: 1_048_576 };
/** Until the windows, the kernel's and those above, have opened. */
const OPENING_SECONDS = 3;

export const longLink: Figure = {
  name: 'long-link',
  adapters: [lstp, opensshJump, stunnelChain],
  run: (bench) =>
    withDistantChains(bench, SHAPE, (traffic, chains) =>
      interleave({ ...bench, rounds: Math.ceil(bench.rounds / 2) }, chains, async (chain) => {
        await traffic.client.call('startBulk', { port: chain.entrance, streams: 1, direction: 'up' });
        await runFor(OPENING_SECONDS);
        const start = await traffic.server.call('mark', {});
        await runFor(bench.quick ? 1 : 4);
        const end = await traffic.server.call('mark', {});
        await finishTransfer(traffic, chain, 'up');
        const share = ((end.bytes - start.bytes) * 8) / (end.seconds - start.seconds) / SHAPE.bitsPerSecond;
        bench.results.add({ figure: 'long-link', case: '500 Mbit/s, 100 ms: used', subject: chain.name, unit: '%' }, 100 * share);
      }),
    ),
};
