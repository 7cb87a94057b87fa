/** CPU time of a chain by place, between two moments. */
import type { Chain, Place } from '../adapters/adapter.js';
import { usageOf } from '../process/process-tree.js';

/** Starts now; the function it gives says what each place has used since, in seconds. */
export function startCpuClock(chain: Pick<Chain, 'pids'>): () => readonly { readonly place: Place; readonly seconds: number }[] {
  const places = Object.entries(chain.pids) as [Place, readonly number[]][];
  const start = places.map(([, pids]) => usageOf(pids).cpuSeconds);
  return () => places.map(([place, pids], index) => ({ place, seconds: usageOf(pids).cpuSeconds - (start[index] ?? 0) }));
}
