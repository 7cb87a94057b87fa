/** New connections a second: connect, one byte each way, close in order. */
import { direct } from '../adapters/direct.js';
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import { stunnelChain } from '../adapters/stunnel-chain.js';
import { interleave, withChains, type Figure } from './figure.js';

const CONCURRENCY = 32;

export const connections: Figure = {
  name: 'connections',
  adapters: [lstp, opensshJump, stunnelChain, direct],
  run: (bench) =>
    withChains(bench, (traffic, chains) =>
      interleave(bench, chains, async ({ name, entrance }) => {
        const { bytes, seconds } = await traffic.client.call('connections', { port: entrance, concurrency: CONCURRENCY, seconds: bench.quick ? 0.7 : 2 });
        bench.results.add({ figure: 'connections', case: `${CONCURRENCY} at once`, subject: name, unit: '1/s' }, bytes / seconds);
      }),
    ),
};
