/**
 * One-time codes are for one time (RFC 6238, section 5.2): of each secret, the last time step whose code was taken, in
 * this process, whatever file and tunnel it was taken for. A code of that step or an earlier one is not taken again.
 */
import { createHash } from 'node:crypto';

const used = new Map<string, number>();

/** Takes the code of `step`; false where it was taken before. */
export function useStep(secret: Uint8Array, step: number): boolean {
  const name = createHash('sha256').update(secret).digest('base64');
  if (step <= (used.get(name) ?? -1)) return false;
  used.set(name, step);
  return true;
}
