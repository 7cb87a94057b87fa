/** The round trip of one byte on an open connection of a chain that does nothing else. */
import { direct } from '../adapters/direct.js';
import { lstp } from '../adapters/lstp.js';
import { opensshJump } from '../adapters/openssh-jump.js';
import { stunnelChain } from '../adapters/stunnel-chain.js';
import { quantileOf } from '../report/statistics.js';
import { interleave, withChains, type Figure } from './figure.js';

/** Before the first round: a node that has run for a while is what is measured; its code is compiled by then. */
const WARM_UP = { count: 10_000, seconds: 5 };
/** At the beginning of each round, of a new connection. */
const SKIPPED = 100;

export const roundTrip: Figure = {
  name: 'rtt',
  adapters: [lstp, stunnelChain, opensshJump, direct],
  run: (bench) =>
    withChains(bench, async (traffic, chains) => {
      for (const { entrance } of chains) await traffic.client.call('roundTrips', { port: entrance, ...WARM_UP });
      await interleave(bench, chains, async ({ name, entrance }) => {
        const count = SKIPPED + (bench.quick ? 500 : 3000);
        const all = await traffic.client.call('roundTrips', { port: entrance, count, seconds: 10 });
        const sorted = all.slice(SKIPPED).sort((a, b) => a - b);
        for (const share of [50, 99]) bench.results.add({ figure: 'rtt', case: `p${share}`, subject: name, unit: 'µs' }, quantileOf(sorted, share / 100));
      });
    }),
};
