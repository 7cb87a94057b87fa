/** The sending side: plain bytes in, frames out; every write is out before the next is taken. */
import { Duplex, type Transform } from 'node:stream';
import { encodeFrame, FRAME_BYTES, HEADER_BYTES, LEAST_SHARE } from './codec-frame.js';
import { Engine } from './engine.js';
import { Worth } from './worth.js';

/** What waits to be compressed; the writer waits beyond it. */
const WAITING_BYTES = 131_072;

interface Written {
  readonly chunk: Buffer;
}

export class FrameEncoder extends Duplex {
  readonly #make: () => Transform;
  readonly #worth = new Worth();
  /** Made for the first bytes that are worth it: an idle channel costs nothing. */
  #engine: Engine | undefined;
  #made: Buffer[] = [];
  #madeBytes = 0;
  #resume: (() => void) | undefined;

  constructor(make: () => Transform) {
    super({ writableHighWaterMark: WAITING_BYTES, readableHighWaterMark: WAITING_BYTES });
    this.#make = make;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#encode([chunk]).then(() => done(), done);
  }

  /** What came in while the last was under way goes together: many small writes would cost a flush each. */
  override _writev(written: readonly Written[], done: (error?: Error | null) => void): void {
    this.#encode(gathered(written)).then(() => done(), done);
  }

  override _final(done: () => void): void {
    this.push(null);
    done();
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#engine?.destroy();
    this.#resume?.();
    done(error);
  }

  async #encode(chunks: readonly Buffer[]): Promise<void> {
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += FRAME_BYTES) {
        const piece = chunk.subarray(at, at + FRAME_BYTES);
        const frame = this.#worth.isWorth(piece.length) ? await this.#compress(piece) : encodeFrame('plain', [piece], piece.length);
        if (this.destroyed) return;
        if (!this.push(frame)) await new Promise<void>((resolve) => (this.#resume = resolve));
      }
    }
  }

  async #compress(piece: Buffer): Promise<Buffer> {
    this.#engine ??= new Engine(this.#make(), (bytes) => {
      this.#made.push(bytes);
      this.#madeBytes += bytes.length;
    });
    await this.#engine.push(piece);
    const length = this.#madeBytes;
    const frame = encodeFrame('coded', this.#made, length);
    this.#made = [];
    this.#madeBytes = 0;
    this.#worth.learn(piece.length, length);
    return padded(frame, Math.ceil(piece.length * LEAST_SHARE));
  }
}

/** At least `least` bytes, with a frame of padding behind it where need be. */
function padded(frame: Buffer, least: number): Buffer {
  if (frame.length >= least) return frame;
  const length = Math.max(0, least - frame.length - HEADER_BYTES);
  return Buffer.concat([frame, encodeFrame('padding', [Buffer.alloc(length)], length)]);
}

/** The same bytes; small neighbours are one. */
function gathered(written: readonly Written[]): Buffer[] {
  const chunks: Buffer[] = [];
  let small: Buffer[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (small.length > 0) chunks.push(small.length === 1 ? (small[0] as Buffer) : Buffer.concat(small, bytes));
    small = [];
    bytes = 0;
  };
  for (const { chunk } of written) {
    if (bytes + chunk.length > FRAME_BYTES) flush();
    small.push(chunk);
    bytes += chunk.length;
  }
  flush();
  return chunks;
}
