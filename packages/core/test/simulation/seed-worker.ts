/** A thread of SeedCrew: simulates the seeds of each message, and answers it. */
import { parentPort } from 'node:worker_threads';
import { simulate } from './simulate.js';

export interface Stretch {
  readonly from: number;
  /** The first seed that is not simulated. */
  readonly end: number;
  readonly mostFailures: number;
}

export interface StretchOutcome {
  readonly failed: readonly number[];
  readonly steps: number;
}

parentPort?.on('message', ({ from, end, mostFailures }: Stretch) => {
  const failed: number[] = [];
  let steps = 0;
  for (let seed = from; seed < end && failed.length < mostFailures; seed += 1) {
    const outcome = simulate(seed);
    steps += outcome.steps;
    if (outcome.failure !== undefined) failed.push(seed);
  }
  parentPort?.postMessage({ failed, steps } satisfies StretchOutcome);
});
