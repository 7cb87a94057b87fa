/**
 * The bytes that bulk transfers carry: one random block, repeated for ever, the same in both programs.
 *
 * Checking costs one memory comparison a chunk. The block's length is a prime, so a lost, doubled or
 * swapped piece of any power of two shows; whole blocks lost show in the totals.
 */
import { createCipheriv } from 'node:crypto';

const BLOCK_BYTES = 524_287;
/** What a sender hands over in one write. */
export const WRITE_BYTES = 262_144;
/** Plain text that stands at the start of each block: nobody between the ends of an encrypted chain may see it. */
export const MARKER = Buffer.from('lstp bench: nobody but the two ends may read this');

/** Two blocks in a row, so that a piece never needs to be put together. */
const BLOCKS = twoBlocks();

/** `length` bytes (at most WRITE_BYTES) of the pattern from `position`. A view; do not write into it. */
export function patternAt(position: number, length: number): Buffer {
  const start = position % BLOCK_BYTES;
  return BLOCKS.subarray(start, start + length);
}

/** Whether `chunk` is what stands at `position` of the pattern. */
export function isPattern(chunk: Buffer, position: number): boolean {
  for (let at = 0; at < chunk.length; at += WRITE_BYTES) {
    const piece = chunk.subarray(at, at + WRITE_BYTES);
    if (!piece.equals(patternAt(position + at, piece.length))) return false;
  }
  return true;
}

function twoBlocks(): Buffer {
  const random = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(BLOCK_BYTES));
  MARKER.copy(random);
  return Buffer.concat([random, random]);
}
