/** Memory of a reader that wants the payload at its start: where it was read there already, headers make way in place. */
import type { OwnReads } from '@lstp/core';

export class OwnMemory {
  readonly #reads: OwnReads;
  /** What the reader gave last, while it is not handed on. */
  #memory: Buffer | undefined;
  #filled = 0;

  constructor(reads: OwnReads) {
    this.#reads = reads;
  }

  get buffer(): Buffer {
    if (this.#memory !== undefined) return this.#memory;
    const { buffer, byteOffset, length } = this.#reads.buffer();
    this.#memory = Buffer.from(buffer, byteOffset, length);
    return this.#memory;
  }

  /** `bytes` may lie in the memory itself, at or behind what is filled, and then fits. */
  put(bytes: Buffer): void {
    const memory = this.buffer;
    const room = memory.length - this.#filled;
    memory.set(bytes.length > room ? bytes.subarray(0, room) : bytes, this.#filled);
    this.#filled += Math.min(bytes.length, room);
    if (bytes.length <= room) return;
    this.handOn();
    this.put(bytes.subarray(room));
  }

  /** What lies there is the reader's from here on. */
  handOn(): void {
    const length = this.#filled;
    if (length === 0) return;
    this.#filled = 0;
    this.#memory = undefined;
    this.#reads.handleRead(length);
  }
}
