/**
 * Bytes for an application: views that lie side by side become one write. A full TLS record is followed by more at once,
 * so what came in it waits for the rest of its frame; anything smaller goes out immediately.
 */
import type { Duplex } from 'node:stream';
import { FULL_DATA_BYTES } from '@lstp/core';

export class ApplicationWriter {
  readonly #stream: Duplex;
  readonly #took: (bytes: Buffer) => void;
  #waiting: Buffer | undefined;

  /** `took` is told what the stream has taken. */
  constructor(stream: Duplex, took: (bytes: Buffer) => void) {
    this.#stream = stream;
    this.#took = took;
  }

  /** Whether bytes wait for their neighbours; flush() them at the end of this turn of the event loop. */
  get holding(): boolean {
    return this.#waiting !== undefined;
  }

  /** Owns the view until the stream has taken it. */
  write(bytes: Buffer, followed: boolean): void {
    this.#waiting = this.#waiting === undefined ? bytes : this.#join(this.#waiting, bytes);
    if (!followed || this.#waiting.length >= FULL_DATA_BYTES) this.flush();
  }

  flush(): void {
    const bytes = this.#waiting;
    if (bytes === undefined) return;
    this.#waiting = undefined;
    this.#stream.write(bytes, (error) => {
      if (!error) this.#took(bytes);
    });
  }

  #join(before: Buffer, after: Buffer): Buffer {
    if (before.buffer === after.buffer && before.byteOffset + before.length === after.byteOffset) return Buffer.from(before.buffer, before.byteOffset, before.length + after.length);
    this.flush();
    return after;
  }
}
