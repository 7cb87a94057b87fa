import { explain } from './explain.js';
import { simulate } from './simulate.js';

const SEEDS = Number(process.env.LSTP_SEEDS ?? 10_000);
const PER_TEST = Math.min(SEEDS, 1000);

describe('two tunnels with everything that can go wrong', () => {
  for (let from = 0; from < SEEDS; from += PER_TEST) {
    it(`lose, double and forget nothing: seeds ${from} to ${from + PER_TEST - 1}`, function run() {
      this.timeout(120_000);
      for (let seed = from; seed < from + PER_TEST; seed += 1) if (simulate(seed).failure !== undefined) throw new Error(explain(seed));
    });
  }
});
