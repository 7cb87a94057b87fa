/** Chunked content, RFC 9112 section 7.1, in pieces of any size. As strict as message-head.ts, for the same reason. */
import { HttpFault } from './http-fault.js';
import { parseField, type Field } from './message-head.js';

export interface Decoded {
  /** Views of what came. */
  readonly data: readonly Buffer[];
  /** Once the content has ended: what came behind it. */
  readonly rest?: Buffer;
}

/** Of a line with a chunk's size. */
const CHUNK_LINE_BYTES = 4096;
/** Of all trailer fields. */
const TRAILER_BYTES = 65_536;
const SIZE_LINE = /^([0-9a-f]{1,12})[ \t]*(?:;[\t -~\u0080-\u00ff]*)?$/i;

export class ChunkDecoder {
  readonly trailers: Field[] = [];
  #state: 'size' | 'data' | 'data-end' | 'trailer' = 'size';
  #left = 0;
  #line = '';
  #trailerBytes = 0;

  /** Throws HttpFault. Not to be called again after it gave `rest`. */
  decode(bytes: Buffer): Decoded {
    const data: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const part = bytes.subarray(at, at + this.#left);
        data.push(part);
        at += part.length;
        this.#left -= part.length;
        if (this.#left === 0) this.#state = 'data-end';
        continue;
      }
      const feed = bytes.indexOf(0x0a, at);
      const end = feed < 0 ? bytes.length : feed + 1;
      this.#collect(bytes.toString('latin1', at, end));
      at = end;
      if (feed >= 0 && this.#handleLine()) return { data, rest: bytes.subarray(at) };
    }
    return { data };
  }

  #collect(text: string): void {
    this.#line += text;
    if (this.#state === 'trailer') this.#trailerBytes += text.length;
    const isTooLong = this.#state === 'trailer' ? this.#trailerBytes > TRAILER_BYTES : this.#line.length > CHUNK_LINE_BYTES;
    if (isTooLong) throw new HttpFault(400, `${this.#state === 'trailer' ? 'the trailer' : 'a line between chunks'} is too long`);
  }

  /** True at the end of the content. */
  #handleLine(): boolean {
    if (!this.#line.endsWith('\r\n')) throw new HttpFault(400, 'a line between chunks ends with a line feed alone');
    const line = this.#line.slice(0, -2);
    this.#line = '';
    if (this.#state === 'trailer') {
      if (line === '') return true;
      this.trailers.push(parseField(line));
      return false;
    }
    if (this.#state === 'data-end') {
      if (line !== '') throw new HttpFault(400, 'a chunk is longer than it says');
      this.#state = 'size';
      return false;
    }
    const [, size] = SIZE_LINE.exec(line) ?? [];
    if (size === undefined) throw new HttpFault(400, 'a chunk has no right size');
    this.#left = Number.parseInt(size, 16);
    this.#state = this.#left === 0 ? 'trailer' : 'data';
    return false;
  }
}
