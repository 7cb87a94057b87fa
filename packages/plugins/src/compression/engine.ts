/** A stream of node:zlib, used piece by piece: what a piece makes has come out before the next goes in. */
import type { Transform } from 'node:stream';

export class Engine {
  readonly #stream: Transform;
  #failed: Error | undefined;
  #reject: ((error: Error) => void) | undefined;

  /** Owns `stream`, which flushes after every write. `take` gets its output; views are its own. */
  constructor(stream: Transform, take: (bytes: Buffer) => void) {
    this.#stream = stream;
    stream.on('data', take);
    stream.on('error', (error) => this.#fail(error));
    stream.on('end', () => this.#fail(new Error('it ends in the middle')));
  }

  /** Resolves when everything that `piece` makes has been taken. Rejects with what the algorithm says of wrong bytes. */
  push(piece: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) return reject(this.#failed);
      this.#reject = reject;
      this.#stream.write(piece, (error) => {
        if (error) return reject(error);
        this.#drain();
        this.#reject = undefined;
        resolve();
      });
    });
  }

  destroy(): void {
    this.#stream.destroy();
  }

  /** The first output may wait for a turn of the loop in the stream's buffer; reading it makes it a 'data' event. */
  #drain(): void {
    let piece: unknown = this.#stream.read();
    while (piece !== null) piece = this.#stream.read();
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#reject?.(error);
  }
}
