/** Waits for what has no event: looks again every few milliseconds, and says what was awaited when it never came. */
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 5;
const DEADLINE_MS = 15_000;

/** Resolves with the first value of `look` that is neither undefined nor false. What `look` throws is "not yet". */
export async function until<T>(what: string, look: () => T | undefined | false, deadlineMs = DEADLINE_MS): Promise<T> {
  const giveUpAt = performance.now() + deadlineMs;
  for (;;) {
    const last = attempt(look);
    if (last.value !== undefined && last.value !== false) return last.value;
    if (performance.now() > giveUpAt) throw new Error(`still waiting after ${deadlineMs} ms: ${what}`, { cause: last.error });
    await pause(LOOK_EVERY_MS);
  }
}

function attempt<T>(look: () => T): { readonly value?: T; readonly error?: unknown } {
  try {
    return { value: look() };
  } catch (error) {
    return { error };
  }
}
