import { expect } from 'chai';
import { MUTANTS } from './mutants.js';
import { simulate } from './simulate.js';

/** Seeds within which every mutant must be found. */
const MOST_SEEDS = 1500;

describe('the simulation finds that', () => {
  for (const [title, mutate] of Object.entries(MUTANTS)) {
    it(title, function run() {
      this.timeout(30_000);
      const undo = mutate();
      try {
        expect(firstFailure(), 'no seed fails').to.not.equal(undefined);
      } finally {
        undo();
      }
    });
  }
});

function firstFailure(): number | undefined {
  for (let seed = 0; seed < MOST_SEEDS; seed += 1) if (simulate(seed).failure !== undefined) return seed;
  return undefined;
}
