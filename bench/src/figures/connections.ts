/** New connections a second: connect, one byte each way, close in order. */
import { direct } from '../adapters/direct.js';
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import { stunnelChain } from '../adapters/stunnel-chain.js';
import { startCpuClock } from './cpu-clock.js';
import { interleave, withChains, type Figure } from './figure.js';

const CONCURRENCY = 32;

export const connections: Figure = {
  name: 'connections',
  adapters: [lstp, opensshJump, stunnelChain, direct],
  run: (bench) =>
    withChains(bench, async (traffic, chains) => {
      // A node that has run for a while is what is measured; its code is compiled by then.
      for (const { entrance } of chains) await traffic.client.call('connections', { port: entrance, concurrency: CONCURRENCY, seconds: bench.quick ? 1 : 6 });
      await interleave(bench, chains, async (chain) => {
        const cpu = startCpuClock(chain);
        const { bytes: count, seconds } = await traffic.client.call('connections', { port: chain.entrance, concurrency: CONCURRENCY, seconds: bench.quick ? 0.7 : 2 });
        const used = cpu().reduce((sum, place) => sum + place.seconds, 0);
        const add = (kind: string, unit: string, value: number): void => bench.results.add({ figure: 'connections', case: `${CONCURRENCY} at once${kind}`, subject: chain.name, unit }, value);
        add('', '1/s', count / seconds);
        if (used > 0) add(', CPU in all', 'ms each', (used * 1000) / count);
      });
    }),
};
