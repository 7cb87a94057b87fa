import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Stretch, StretchOutcome } from './seed-worker.js';

/** Seeds that a worker takes at once: few, that all end at about the same time; many, that handing out costs nothing. */
const STRETCH = 25;

export interface SeedsOutcome {
  /** In rising order. */
  readonly failed: readonly number[];
  readonly steps: number;
}

/** Threads that simulate seeds, one a core. What a seed does is the same in each. */
export class SeedCrew {
  readonly #workers: readonly Worker[];

  constructor(size = availableParallelism()) {
    this.#workers = Array.from({ length: size }, () => new Worker(new URL('./seed-worker.js', import.meta.url)));
  }

  /** Seeds `from` to `from + count - 1`. None is begun once `mostFailures` have failed; all below the lowest failure have been seen then. Once at a time. */
  async run({ from, count, mostFailures }: { readonly from: number; readonly count: number; readonly mostFailures: number }): Promise<SeedsOutcome> {
    const failed: number[] = [];
    let [next, steps] = [from, 0];
    const end = from + count;
    const work = async (worker: Worker): Promise<void> => {
      while (next < end && failed.length < mostFailures) {
        const stretch: Stretch = { from: next, end: Math.min(next + STRETCH, end), mostFailures };
        next = stretch.end;
        worker.postMessage(stretch);
        const [outcome] = (await once(worker, 'message')) as [StretchOutcome];
        failed.push(...outcome.failed);
        steps += outcome.steps;
      }
    };
    await Promise.all(this.#workers.map(work));
    return { failed: failed.sort((a, b) => a - b), steps };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
