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
  /** Written, and not yet taken. */
  readonly #written: Buffer[] = [];
  /** Writes that were seen to be taken before their callbacks come. */
  #ahead = 0;

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
    this.#stream.write(bytes, this.#handleWritten);
    // What a socket could take at once is gone when write() returns; its callback comes a turn later, and costs one.
    const isTaken = this.#stream.writableLength === 0 && this.#stream.errored === null && !this.#stream.destroyed;
    if (!isTaken) return void this.#written.push(bytes);
    if (this.#written.length > 0) this.#tookEarlier();
    this.#ahead += 1;
    this.#took(bytes);
  }

  #tookEarlier(): void {
    this.#ahead += this.#written.length;
    for (const bytes of this.#written.splice(0)) this.#took(bytes);
  }

  /** In the order of the writes. */
  readonly #handleWritten = (error?: Error | null): void => {
    if (error) return;
    if (this.#ahead > 0) {
      this.#ahead -= 1;
      return;
    }
    const bytes = this.#written.shift();
    if (bytes !== undefined) this.#took(bytes);
  };

  #join(before: Buffer, after: Buffer): Buffer {
    if (before.buffer === after.buffer && before.byteOffset + before.length === after.byteOffset) return Buffer.from(before.buffer, before.byteOffset, before.length + after.length);
    this.flush();
    return after;
  }
}
