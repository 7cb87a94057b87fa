/**
 * Reads a stream piece by piece. It reads ahead by a little, so that a peer who leaves is noticed while nobody waits for
 * its bytes.
 */
import type { Duplex } from 'node:stream';

/** Read and not yet taken; then the stream is paused. */
const AHEAD_BYTES = 65_536;

export class ByteSource {
  readonly #stream: Duplex;
  #pieces: Buffer[] = [];
  #held = 0;
  #ended = false;
  #fault: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', this.#handleData).on('end', this.#handleEnd).on('error', this.#handleFault).on('close', this.#handleEnd);
  }

  /** Whether the peer said that nothing more comes, whatever waits to be taken. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Whether nothing will come any more. */
  get isGone(): boolean {
    return this.#held === 0 && (this.#ended || this.#fault !== undefined);
  }

  /** The next bytes, all that are there; undefined at the end. Rejects with what broke the stream. For one caller at a time. */
  async next(): Promise<Buffer | undefined> {
    while (this.#held === 0) {
      if (this.#fault !== undefined) throw this.#fault;
      if (this.#ended) return undefined;
      this.#stream.resume();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const [first = Buffer.alloc(0)] = this.#pieces;
    const bytes = this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces, this.#held);
    this.#pieces = [];
    this.#held = 0;
    this.#stream.resume();
    return bytes;
  }

  /** Gives back what was too much. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#pieces.unshift(bytes);
    this.#held += bytes.length;
  }

  /** Whoever waits for bytes gets this error instead. */
  fail(error: Error): void {
    this.#fault ??= error;
    this.#wake?.();
  }

  /** Leaves the stream alone, paused; gives what was read and not taken. */
  release(): Buffer {
    this.#stream.off('data', this.#handleData).off('end', this.#handleEnd).off('error', this.#handleFault).off('close', this.#handleEnd).pause();
    const rest = Buffer.concat(this.#pieces, this.#held);
    this.#pieces = [];
    this.#held = 0;
    this.fail(new Error('nobody reads any more'));
    return rest;
  }

  readonly #handleData = (bytes: Buffer): void => {
    this.#pieces.push(bytes);
    this.#held += bytes.length;
    if (this.#held >= AHEAD_BYTES) this.#stream.pause();
    this.#wake?.();
  };

  readonly #handleEnd = (): void => {
    if (!this.#stream.readableEnded) this.#fault ??= new Error('the connection was closed in the middle');
    this.#ended = true;
    this.#wake?.();
  };

  readonly #handleFault = (error: Error): void => {
    this.fail(error);
    this.#ended = true;
  };
}
