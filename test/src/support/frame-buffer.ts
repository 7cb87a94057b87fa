/**
 * What an Xvfb shows: the file of `-fbdir`, in the format of xwd(1). Numbers of its header have their high byte first; the
 * colour map and then the lines follow it, 32 bits a pixel: blue, green, red, unused.
 */
import { readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';

/** A part of the screen that moves by itself, and what it is: hands, a cursor. */
export interface Region {
  readonly what: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const COLOUR_ENTRY_BYTES = 12;
const PIXEL_BYTES = 4;

export class Screenshot {
  readonly width: number;
  readonly height: number;
  readonly #pixels: Buffer;

  static ofFrameBuffer(file: string): Screenshot {
    const bytes = readFileSync(file);
    const field = (index: number): number => bytes.readUInt32BE(index * 4);
    const [header, width, height, bitsPerPixel, lineBytes, colours] = [field(0), field(4), field(5), field(11), field(12), field(19)];
    if (bitsPerPixel !== 32 || lineBytes !== width * PIXEL_BYTES) throw new Error(`${file}: ${bitsPerPixel} bits a pixel, ${lineBytes} bytes a line`);
    const start = header + colours * COLOUR_ENTRY_BYTES;
    return new Screenshot(width, bytes.subarray(start, start + lineBytes * height));
  }

  constructor(width: number, pixels: Buffer) {
    this.width = width;
    this.height = pixels.length / PIXEL_BYTES / width;
    this.#pixels = pixels;
  }

  /** The same, black where something moves. */
  masked(regions: readonly Region[]): Screenshot {
    const pixels = Buffer.from(this.#pixels);
    for (const { x, y, width, height } of regions) {
      for (let line = y; line < y + height; line += 1) pixels.fill(0, (line * this.width + x) * PIXEL_BYTES, (line * this.width + x + width) * PIXEL_BYTES);
    }
    return new Screenshot(this.width, pixels);
  }

  /** Pixels that differ. */
  differences(other: Screenshot): number {
    let count = 0;
    for (let at = 0; at < this.#pixels.length; at += PIXEL_BYTES) if (this.#colourAt(at) !== other.#colourAt(at)) count += 1;
    return count;
  }

  equals(other: Screenshot): boolean {
    return this.#pixels.equals(other.#pixels) || this.differences(other) === 0;
  }

  /** How many different colours; a screen without windows has one. */
  get colours(): number {
    const seen = new Set<number>();
    for (let at = 0; at < this.#pixels.length; at += PIXEL_BYTES) seen.add(this.#colourAt(at));
    return seen.size;
  }

  png(): Buffer {
    const lines = Buffer.alloc(this.height * (1 + this.width * 3));
    for (let line = 0, to = 0; line < this.height; line += 1) {
      to += 1;
      for (let column = 0; column < this.width; column += 1, to += 3) lines.writeUIntBE(this.#colourAt((line * this.width + column) * PIXEL_BYTES), to, 3);
    }
    const header = Buffer.alloc(13);
    header.writeUInt32BE(this.width, 0);
    header.writeUInt32BE(this.height, 4);
    header.set([8, 2], 8);
    return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header), chunk('IDAT', deflateSync(lines)), chunk('IEND', Buffer.alloc(0))]);
  }

  #colourAt(at: number): number {
    return this.#pixels.readUIntLE(at, 3);
  }
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
