/** Two streams back to back: what is written to one is read from the other, with back-pressure; a reset goes over too. */
import { Duplex } from 'node:stream';

export function streamPair(): readonly [Duplex, Duplex] {
  const [one, other] = [new PairedStream(), new PairedStream()];
  one.pair(other);
  other.pair(one);
  return [one, other];
}

class PairedStream extends Duplex {
  #other: PairedStream | undefined;
  /** Of the other one's write that waits until this one is read. */
  #taken: (() => void) | undefined;

  constructor() {
    super({ allowHalfOpen: true });
  }

  pair(other: PairedStream): void {
    this.#other = other;
  }

  override _read(): void {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (chunk.length === 0) return process.nextTick(done);
    this.#other?.receive(chunk, done);
  }

  override _final(done: () => void): void {
    this.#other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const isComplete = this.readableEnded && this.writableFinished;
    if (!isComplete) this.#other?.destroy(error ?? new Error('the other side was closed'));
    done(error);
  }

  /** Bytes that the other one was given. */
  receive(chunk: Buffer, done: () => void): void {
    this.#taken = done;
    this.push(chunk);
  }
}
