/** Whether thousands of idle connections slow down the few that work: round trips of 80 connections among 100 and among 8000. */
import { lstp } from '../adapters/lstp.js';
import { interleave, withChains, type Figure } from './figure.js';

const ACTIVE = 80;
const FEW = 100;
const MANY = 8000;

export const manyChannels: Figure = {
  name: 'many',
  adapters: [lstp],
  run: (bench) =>
    withChains(bench, (traffic, chains) =>
      interleave(bench, chains, async ({ name, entrance }) => {
        const rates: number[] = [];
        for (const total of [FEW, bench.quick ? MANY / 10 : MANY]) {
          await traffic.client.call('hold', { port: entrance, count: total - ACTIVE });
          const { bytes, seconds } = await traffic.client.call('echoes', { port: entrance, count: ACTIVE, seconds: bench.quick ? 0.5 : 2 });
          await traffic.client.call('release', {});
          rates.push(bytes / seconds);
          bench.results.add({ figure: 'many', case: `${ACTIVE} of ${total} work`, subject: name, unit: 'round trips/s' }, bytes / seconds);
        }
        bench.results.add({ figure: 'many', case: 'few : many', subject: name, unit: 'times' }, (rates[0] ?? 0) / (rates[1] ?? 0));
      }),
    ),
};
