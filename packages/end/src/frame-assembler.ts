/**
 * Bytes of an application into frames that fill TLS records: each frame's data is gathered in one buffer behind room for
 * its header, so that it leaves as one contiguous write of 65 536 bytes. A read that fills the socket's buffer is
 * followed by more at once, so its last few bytes wait for it instead of making a frame of their own.
 */
import { FULL_DATA_BYTES, HEADROOM } from '@lstp/core';

/** A read of this size means that the kernel had more. */
const FULL_READ_BYTES = 65_536;

export class FrameAssembler {
  #frame: Buffer | undefined;
  #filled = HEADROOM;

  /** Whether bytes wait for more to come. */
  get holding(): boolean {
    return this.#frame !== undefined;
  }

  /** Copies `chunk`; gives every frame buffer that is ready, data from HEADROOM to its end. */
  push(chunk: Buffer, emit: (frame: Buffer) => void): void {
    if (this.#frame === undefined && chunk.length < FULL_DATA_BYTES) return emit(framed(chunk));
    let at = 0;
    while (at < chunk.length) {
      this.#frame ??= Buffer.allocUnsafeSlow(HEADROOM + FULL_DATA_BYTES);
      const copied = chunk.copy(this.#frame, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled === this.#frame.length) this.flush(emit);
    }
    if (chunk.length < FULL_READ_BYTES) this.flush(emit);
  }

  /** Gives what waits. */
  flush(emit: (frame: Buffer) => void): void {
    if (this.#frame === undefined) return;
    const frame = this.#filled * 4 < this.#frame.length ? Buffer.from(this.#frame.subarray(0, this.#filled)) : this.#frame.subarray(0, this.#filled);
    this.#frame = undefined;
    this.#filled = HEADROOM;
    emit(frame);
  }
}

function framed(chunk: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(HEADROOM + chunk.length);
  chunk.copy(frame, HEADROOM);
  return frame;
}
