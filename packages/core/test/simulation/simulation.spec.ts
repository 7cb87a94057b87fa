import { explain } from './explain.js';
import { SeedCrew } from './seed-crew.js';

const SEEDS = Number(process.env.LSTP_SEEDS ?? 10_000);
const PER_TEST = Math.min(SEEDS, 1000);

describe('two tunnels with everything that can go wrong', () => {
  let crew: SeedCrew;
  before(() => {
    crew = new SeedCrew();
  });
  after(() => crew.stop());

  for (let from = 0; from < SEEDS; from += PER_TEST) {
    it(`lose, double and forget nothing: seeds ${from} to ${from + PER_TEST - 1}`, async function run() {
      this.timeout(120_000);
      const { failed } = await crew.run({ from, count: PER_TEST, mostFailures: 1 });
      if (failed[0] !== undefined) throw new Error(explain(failed[0]));
    });
  }
});
