/**
 * One-time codes are for one time (RFC 6238, section 5.2): of each secret, the time steps whose codes were taken in this
 * process, whatever file and tunnel they were taken for. A code that is no longer right need not be remembered.
 */
import { createHash } from 'node:crypto';

/** More than there are right codes at a time. */
const REMEMBERED_STEPS = 4;
const used = new Map<string, number[]>();

/** Takes the code of `step`; false where it was taken before. */
export function useStep(secret: Uint8Array, step: number): boolean {
  const name = createHash('sha256').update(secret).digest('base64');
  const steps = used.get(name) ?? [];
  // What is older than all that are remembered may have been forgotten.
  if (steps.includes(step) || (steps.length === REMEMBERED_STEPS && step < Math.min(...steps))) return false;
  used.set(name, [...steps, step].sort((a, b) => b - a).slice(0, REMEMBERED_STEPS));
  return true;
}
