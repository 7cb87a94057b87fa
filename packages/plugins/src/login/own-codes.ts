/**
 * One-time codes that this process makes for itself. Each is for one log-in, and a log-in comes with every tunnel and
 * after every restart of either end: so those of the step before and after are used as well, which are right too, and
 * first of all those that the process before this one, which may have logged in a moment ago, cannot have used.
 */
import { totpCode } from '@lstp/core/security';

const STEP_MS = 30_000;

/** Steps whose codes were given out, by secret. */
const given = new Map<string, Set<number>>();

/** Throws where every code that is right now was given out: there are three, and a new one each half minute. */
export function nextOwnCode(secret: Buffer, { nowMs, startedMs }: { readonly nowMs: number; readonly startedMs: number }): string {
  const name = secret.toString('base64');
  const used = given.get(name) ?? new Set<number>();
  given.set(name, used);
  const [now, started] = [Math.floor(nowMs / STEP_MS), Math.floor(startedMs / STEP_MS)];
  for (const step of used) if (step < now - 1) used.delete(step);
  const free = [now, now + 1, now - 1].filter((step) => !used.has(step));
  const step = free.find((one) => one > started) ?? free[0];
  if (step === undefined) throw new Error('every one-time code of now was used already, by other tunnels or associations; one comes each half minute');
  used.add(step);
  return totpCode(secret, step * STEP_MS);
}
