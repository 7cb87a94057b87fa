/**
 * Buffers of one full frame each, used again when what was in them has been acknowledged: bulk makes no garbage.
 * A frame of 65 536 bytes with its header is four full TLS records.
 */
import { FULL_DATA_BYTES, HEADROOM } from '@lstp/core';

const SLAB_BYTES = HEADROOM + FULL_DATA_BYTES;
/** Kept for use again; beyond that the garbage collector gets them. */
const KEPT_SLABS = 256;

export class Slabs {
  readonly #free: Buffer[] = [];
  readonly #ours = new WeakSet<ArrayBufferLike>();

  take(): Buffer {
    const used = this.#free.pop();
    if (used !== undefined) return used;
    const slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#ours.add(slab.buffer);
    return slab;
  }

  /** Takes back the slab that `frame` is a view of; anything else is left alone. */
  giveBack(frame: Buffer): void {
    if (this.#free.length >= KEPT_SLABS || !this.#ours.has(frame.buffer)) return;
    this.#free.push(Buffer.from(frame.buffer, 0, SLAB_BYTES));
  }
}
