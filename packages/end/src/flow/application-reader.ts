/**
 * Bytes of an application into frame buffers: data from HEADROOM on, room for header and position in front.
 *
 * Idle and interactive connections read into one piece of memory that all share, and what came is copied out, small.
 * A connection that brought much reads its next bytes straight into a frame's own buffer: bulk is not copied, and
 * thousands of idle connections hold nothing.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FULL_DATA_BYTES, HEADROOM, readInto, type OwnReads } from '@lstp/core';
import type { Slabs } from './slabs.js';

const SHARED = Buffer.allocUnsafeSlow(FULL_DATA_BYTES);
/** From here on it is bulk. Less than this of a slab is copied out, so that a keystroke does not hold 64 KiB until it is acknowledged. */
const WORTHY_BYTES = 16_384;

export class ApplicationReader implements OwnReads {
  readonly #slabs: Slabs;
  readonly #emit: (frame: Buffer) => void;
  #slab: Buffer | undefined;
  #bulk = false;

  /** `emit` gets buffers whose data begins at HEADROOM; it owns them. */
  constructor(slabs: Slabs, emit: (frame: Buffer) => void) {
    this.#slabs = slabs;
    this.#emit = emit;
  }

  /** Reads `stream` from now on. */
  attach(stream: Duplex): void {
    if (stream instanceof Socket && stream.constructor === Socket && readInto(stream, this)) {
      stream.resume();
      return;
    }
    stream.on('data', (chunk: Uint8Array) => this.copy(chunk));
  }

  buffer(): Uint8Array {
    if (!this.#bulk) return SHARED;
    this.#slab = this.#slabs.take();
    return this.#slab.subarray(HEADROOM);
  }

  handleRead(length: number): void {
    const slab = this.#slab;
    this.#slab = undefined;
    this.#bulk = length >= WORTHY_BYTES;
    if (slab === undefined) return this.copy(SHARED.subarray(0, length));
    if (length >= WORTHY_BYTES) return this.#emit(slab.subarray(0, HEADROOM + length));
    this.copy(slab.subarray(HEADROOM, HEADROOM + length));
    this.#slabs.giveBack(slab);
  }

  /** Bytes that belong to somebody else. */
  copy(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += FULL_DATA_BYTES) {
      const part = bytes.subarray(at, at + FULL_DATA_BYTES);
      const frame = part.length < WORTHY_BYTES ? Buffer.allocUnsafe(HEADROOM + part.length) : this.#slabs.take().subarray(0, HEADROOM + part.length);
      frame.set(part, HEADROOM);
      this.#emit(frame);
    }
  }

  /** Gives up the slab that the last read left prepared. */
  release(): void {
    if (this.#slab !== undefined) this.#slabs.giveBack(this.#slab);
    this.#slab = undefined;
  }
}
