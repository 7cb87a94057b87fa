/**
 * A socket whose bytes pass a filter in both directions, at once and as views: nothing is held back. Each direction stops
 * when its reader does, and ends by itself.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** What X11Filter is, as far as this matters. A throw ends the stream with what was thrown. */
export interface ByteFilter {
  requests(bytes: Uint8Array): Uint8Array[];
  answers(bytes: Uint8Array): Uint8Array[];
}

const HIGH_WATER_BYTES = 65_536;

type Done = (error?: Error | null) => void;

export class FilteredStream extends Duplex {
  readonly #socket: Socket;
  readonly #filter: ByteFilter;

  /** Owns `socket`. */
  constructor(socket: Socket, filter: ByteFilter) {
    super({ allowHalfOpen: true, highWaterMark: HIGH_WATER_BYTES });
    this.#socket = socket;
    this.#filter = filter;
    socket.on('data', (bytes: Buffer) => this.#handleAnswers(bytes));
    socket.once('end', () => this.push(null));
    socket.once('error', (error) => this.destroy(error));
    // After its end there may be answers that nobody has read yet; they are not lost with it.
    socket.once('close', () => socket.readableEnded || this.destroy());
    socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#writeAll([bytes], done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    this.#writeAll(chunks.map(({ chunk }) => chunk), done);
  }

  override _final(done: Done): void {
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: Done): void {
    if (error === null) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
    done(error);
  }

  #handleAnswers(bytes: Buffer): void {
    try {
      for (const piece of this.#filter.answers(bytes)) if (!this.push(piece)) this.#socket.pause();
    } catch (error) {
      this.destroy(error as Error);
    }
  }

  /** `done` when the socket needs the bytes no more: they may be views into what is used again. */
  #writeAll(chunks: readonly Buffer[], done: Done): void {
    let pieces: Uint8Array[];
    try {
      pieces = chunks.flatMap((chunk) => this.#filter.requests(chunk));
    } catch (error) {
      return done(error as Error);
    }
    const last = pieces.pop();
    if (last === undefined) return done();
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    let isDone = false;
    const once = (error?: Error | null): void => {
      if (isDone) return;
      isDone = true;
      done(error);
    };
    this.#socket.write(last, once);
    this.#socket.uncork();
    // What the socket could take at once is gone; its callback comes a turn later.
    if (this.#socket.writableLength === 0) once();
  }
}
