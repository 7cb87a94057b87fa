import { setTimeout as later } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;

/** Looks until `holds`; for states of other processes and of the system, which tell nobody when they change. Rejects with `what` after `withinMs`. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: () => string, withinMs = 20_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${withinMs / 1000} s: ${what()}`);
    await later(LOOK_EVERY_MS);
  }
}
