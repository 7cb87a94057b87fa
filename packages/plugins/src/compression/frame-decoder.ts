/** The receiving side: frames in, plain bytes out. What comes in is the peer's, and may be anything. */
import { Duplex, type Transform } from 'node:stream';
import { broken, decodeHeader, FRAME_BYTES, HEADER_BYTES, type Kind } from './codec-frame.js';
import { Engine } from './engine.js';

export interface Inflater {
  make(): Transform;
  /** Looks at the first byte of the compressed stream. Throws where it would take too much memory. */
  check?(first: number): void;
}

export class FrameDecoder extends Duplex {
  readonly #inflater: Inflater;
  #engine: Engine | undefined;
  /** Of a header that has not come whole. */
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** The frame under way, and what of its body is to come. */
  #kind: Kind = 'plain';
  #left = 0;
  /** Plain bytes that a compressed one has given. */
  #given = 0;
  #isFull = false;
  #resume: (() => void) | undefined;

  constructor(inflater: Inflater) {
    super({ readableHighWaterMark: FRAME_BYTES });
    this.#inflater = inflater;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#decode(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#left > 0 || this.#headerBytes > 0) return done(broken('it ends in the middle of a frame'));
    this.push(null);
    done();
  }

  override _read(): void {
    this.#isFull = false;
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#engine?.destroy();
    this.#resume?.();
    done(error);
  }

  async #decode(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length && !this.destroyed; ) {
      if (this.#left === 0) {
        at += this.#readHeader(chunk.subarray(at));
        continue;
      }
      const piece = chunk.subarray(at, at + this.#left);
      at += piece.length;
      this.#left -= piece.length;
      if (this.#kind === 'plain') this.#give(piece);
      if (this.#kind === 'coded') await this.#inflate(piece);
      if (this.#isFull) await new Promise<void>((resolve) => (this.#resume = resolve));
    }
  }

  /** Returns how much of `bytes` belongs to the header. */
  #readHeader(bytes: Buffer): number {
    const taken = bytes.copy(this.#header, this.#headerBytes);
    this.#headerBytes += taken;
    if (this.#headerBytes < HEADER_BYTES) return taken;
    const { kind, length } = decodeHeader(this.#header);
    this.#headerBytes = 0;
    this.#kind = kind;
    this.#left = length;
    this.#given = 0;
    return taken;
  }

  async #inflate(piece: Buffer): Promise<void> {
    this.#engine ??= this.#start(piece);
    try {
      await this.#engine.push(piece);
    } catch (error) {
      throw broken((error as Error).message);
    }
  }

  #start(first: Buffer): Engine {
    this.#inflater.check?.(first[0] ?? 0);
    return new Engine(this.#inflater.make(), (bytes) => {
      this.#given += bytes.length;
      if (this.#given <= FRAME_BYTES) this.#give(bytes);
      else this.destroy(Object.assign(new Error(`one frame became more than ${FRAME_BYTES} bytes: the peer sends a bomb`), { code: 'ERR_LSTP_CODEC_BOMB' }));
    });
  }

  #give(bytes: Buffer): void {
    if (!this.destroyed && !this.push(bytes)) this.#isFull = true;
  }
}
