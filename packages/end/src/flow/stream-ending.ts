/** What Node does not say, or do, at the end of an application's connection: whether it was a reset, and a reset at any time. */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const NOTHING = Buffer.alloc(0);

export class StreamEnding {
  readonly #stream: Duplex;
  readonly #tcp: Socket | undefined;

  /** To be made while the connection stands: one that was reset no longer says what it was. */
  constructor(stream: Duplex) {
    this.#stream = stream;
    // Unix sockets have no reset, and Node throws for them: only TCP has a remote family.
    this.#tcp = stream instanceof Socket && stream.remoteFamily !== undefined ? stream : undefined;
  }

  /**
   * Calls `ended` after an `end` that was one. Where a reset came close behind data, libuv reports an end; only writing
   * tells, and no bytes are enough: the reset is the stream's error then.
   */
  confirm(ended: () => void): void {
    const stream = this.#tcp;
    if (stream === undefined || stream.writableEnded) return ended();
    // Something is being written: its error comes in this turn of the event loop, if it is one.
    if (stream.writableLength > 0) return void setImmediate(() => stream.destroyed || ended());
    stream.write(NOTHING, (error) => error ?? ended());
  }

  /**
   * Whether writing tells nothing any more. Then one read a turn of the event loop keeps an end and a reset apart: libuv
   * mistakes one for the other only where it is still reading.
   */
  get isBlind(): boolean {
    return this.#tcp?.writableEnded === true;
  }

  /** A reset where the stream can say so: the application must not take it for a complete answer. */
  abort(): void {
    const stream = this.#tcp;
    if (stream === undefined) return void this.#stream.destroy(new Error('the channel was reset'));
    // While an end is on its way to the kernel libuv refuses to reset, and the socket would stay open for ever.
    const isEnding = stream.writableEnded && stream.writableLength === 0 && !stream.writableFinished;
    if (isEnding) stream.once('finish', () => stream.resetAndDestroy());
    else stream.resetAndDestroy();
  }
}
