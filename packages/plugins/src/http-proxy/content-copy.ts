/** Moves the content of one message from one connection to another, with back-pressure. Nothing of it is kept. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { ByteSource } from './byte-source.js';
import { ChunkDecoder } from './chunk-decoder.js';
import type { Framing } from './framing.js';
import { HttpFault } from './http-fault.js';
import type { Field } from './message-head.js';

export interface ContentCopy {
  readonly from: ByteSource;
  readonly framing: Framing;
  readonly to: Duplex;
  /** `plain`: whoever gets it knows its length, or reads until the connection ends. */
  readonly as: 'chunked' | 'plain';
}

const CRLF = Buffer.from('\r\n');

/** Resolves when all of it was written. Rejects with HttpFault where it is malformed or incomplete, or with what broke `to`. */
export async function copyContent({ from, framing, to, as }: ContentCopy): Promise<void> {
  if (framing.kind === 'none') return;
  const trailers = framing.kind === 'chunked' ? await copyChunks(from, to, as) : await copyBytes(from, to, { as, limit: framing.kind === 'length' ? framing.bytes : Infinity });
  if (as === 'chunked') await write(to, [Buffer.from(`0\r\n${trailers.map(({ name, value }) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1')]);
}

/** Waits until `to` takes more. */
export async function write(to: Duplex, pieces: readonly Buffer[]): Promise<void> {
  if (to.destroyed || to.writableEnded) throw to.errored ?? new Error('the connection was closed');
  to.cork();
  for (const piece of pieces) to.write(piece);
  to.uncork();
  if (to.writableNeedDrain) await drained(to);
}

async function copyChunks(from: ByteSource, to: Duplex, as: ContentCopy['as']): Promise<readonly Field[]> {
  const decoder = new ChunkDecoder();
  for (;;) {
    const { data, rest } = decoder.decode(await more(from));
    for (const piece of data) await write(to, shaped(piece, as));
    if (rest === undefined) continue;
    from.unread(rest);
    return decoder.trailers;
  }
}

async function copyBytes(from: ByteSource, to: Duplex, { as, limit }: { readonly as: ContentCopy['as']; readonly limit: number }): Promise<readonly Field[]> {
  for (let left = limit; left > 0;) {
    const bytes = limit === Infinity ? await from.next() : await more(from);
    if (bytes === undefined) break;
    const part = bytes.subarray(0, left);
    from.unread(bytes.subarray(part.length));
    left -= part.length;
    await write(to, shaped(part, as));
  }
  return [];
}

function shaped(piece: Buffer, as: ContentCopy['as']): readonly Buffer[] {
  return as === 'plain' ? [piece] : [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, CRLF];
}

async function more(from: ByteSource): Promise<Buffer> {
  const bytes = await from.next();
  if (bytes === undefined) throw new HttpFault(400, 'the connection ended in the middle of the content');
  return bytes;
}

async function drained(to: Duplex): Promise<void> {
  const over = new AbortController();
  const closed = once(to, 'close', { signal: over.signal }).then(() => {
    throw new Error('the connection was closed');
  });
  try {
    await Promise.race([once(to, 'drain', { signal: over.signal }), closed]);
  } finally {
    closed.catch(() => {});
    over.abort();
  }
}
