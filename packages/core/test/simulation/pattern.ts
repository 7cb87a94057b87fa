/** What applications say: bytes that depend on who speaks and on the offset, so that any loss, doubling or swap shows. */
import { Chance } from './chance.js';

/** A prime, so that no frame or window size is a multiple of it. */
const PATTERN_BYTES = 262_147;

const pattern = makePattern();

function makePattern(): Buffer {
  const chance = new Chance(20_240_229);
  const bytes = Buffer.alloc(2 * PATTERN_BYTES);
  for (let at = 0; at < PATTERN_BYTES; at += 1) bytes[at] = chance.int(0, 255);
  bytes.copy(bytes, PATTERN_BYTES, 0, PATTERN_BYTES);
  return bytes;
}

/** Up to PATTERN_BYTES of what `voice` says from `offset` on: a view. */
export function speech(voice: number, offset: number, length: number): Buffer {
  const start = (voice * 7919 + offset) % PATTERN_BYTES;
  return pattern.subarray(start, start + length);
}
