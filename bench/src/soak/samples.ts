/** What the ends hold, over time. */
import { readdirSync } from 'node:fs';
import type { RelayedChain } from '../adapters/relayed-chain.js';
import { usageOf } from '../process/process-tree.js';

export const ENDS = ['desk', 'lab'] as const;
export type End = (typeof ENDS)[number];

export interface Sample {
  readonly minutes: number;
  readonly memoryMiB: Readonly<Record<End, number>>;
  readonly descriptors: Readonly<Record<End, number>>;
  /** The longest that a connection waited since the sample before. */
  readonly longestMs: number;
}

export function takeSample(chain: RelayedChain, { minutes, longestMs }: Pick<Sample, 'minutes' | 'longestMs'>): Sample {
  const of = (measure: (pid: number) => number): Record<End, number> => ({ desk: measure(chain.pid('desk')), lab: measure(chain.pid('lab')) });
  return { minutes, longestMs, memoryMiB: of((pid) => usageOf([pid]).residentBytes / 1_048_576), descriptors: of((pid) => readdirSync(`/proc/${pid}/fd`).length) };
}

/** Least squares: what is added in an hour. The first fifth, in which buffers and compiled code come about, does not count. */
export function slopeAnHour(samples: readonly Sample[], read: (sample: Sample) => number): number {
  const late = samples.slice(Math.floor(samples.length / 5));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(late.map(({ minutes }) => minutes)), mean(late.map(read))];
  const [over, under] = [late.reduce((sum, one) => sum + (one.minutes - x) * (read(one) - y), 0), late.reduce((sum, { minutes }) => sum + (minutes - x) ** 2, 0)];
  return under === 0 ? 0 : (over / under) * 60;
}
