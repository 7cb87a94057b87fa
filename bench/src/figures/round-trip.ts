/** The round trip of one byte on an open connection of a chain that does nothing else. */
import { direct } from '../adapters/direct.js';
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import { stunnelChain } from '../adapters/stunnel-chain.js';
import { quantileOf } from '../report/statistics.js';
import { interleave, withChains, type Figure } from './figure.js';

/** The first ones only warm up. */
const WARM_UP = 200;

export const roundTrip: Figure = {
  name: 'rtt',
  adapters: [lstp, stunnelChain, opensshJump, direct],
  run: (bench) =>
    withChains(bench, (traffic, chains) =>
      interleave(bench, chains, async ({ name, entrance }) => {
        const count = WARM_UP + (bench.quick ? 500 : 3000);
        const all = await traffic.client.call('roundTrips', { port: entrance, count });
        const sorted = all.slice(WARM_UP).sort((a, b) => a - b);
        for (const share of [50, 99]) bench.results.add({ figure: 'rtt', case: `p${share}`, subject: name, unit: 'µs' }, quantileOf(sorted, share / 100));
      }),
    ),
};
