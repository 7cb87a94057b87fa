/** Frames made by hand, and what a decoder makes of them. */
import type { Duplex } from 'node:stream';

export interface Decoded {
  readonly bytes: Buffer;
  /** The code of the error that it ended with. */
  readonly code?: string;
}

/** Writes each piece when the one before was taken, ends, and reads to the end or the error. */
export function through(stream: Duplex, pieces: readonly Buffer[]): Promise<Decoded> {
  return new Promise((resolve) => {
    const got: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => got.push(chunk));
    stream.on('end', () => resolve({ bytes: Buffer.concat(got) }));
    stream.on('error', (error: NodeJS.ErrnoException) => resolve({ bytes: Buffer.concat(got), code: error.code ?? error.message }));
    let index = 0;
    const next = (error?: Error | null): void => {
      if (error) return;
      const piece = pieces[index];
      index += 1;
      if (piece === undefined) stream.end();
      else stream.write(piece, next);
    };
    next();
  });
}

/** One frame: kind, length, body. */
export function frame(kind: number, body: Buffer, length = body.length): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt8(kind, 0);
  header.writeUIntBE(length, 1, 3);
  return Buffer.concat([header, body]);
}

/** `bytes` in pieces of these sizes, over and over. */
export function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; at < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? bytes.length;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
