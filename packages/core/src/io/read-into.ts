/**
 * Reading a socket into memory of one's own: no buffer a read, no garbage. node:net has it as `onread`, but only for
 * sockets that net.connect() makes, not for accepted ones and not for TLS over an existing socket. This sets the same
 * three fields on any socket. They are Node's own: where they are not found nothing is changed and the answer is false.
 * Why, with figures: docs/decisions/0002-own-read-buffers.md.
 */
import type { Duplex } from 'node:stream';

export interface OwnReads {
  /** Where the next read goes; asked once before the first and after each read. Must stay the same memory until then. */
  buffer(): Uint8Array;
  /** `length` bytes lie at the start of what buffer() last gave. */
  handleRead(length: number): void;
}

/** A stream over another that hands its reads through. It is closed only when nothing is read into the memory of `reads` any more: its owner then gives it to others. */
export interface ReadsInto {
  /** As readInto(): false where something was read already. */
  readInto(reads: OwnReads): boolean;
  /** From now on the reader needs the bytes of a `data` event only as long as the event lasts. */
  lendReads(): void;
}

interface Internals {
  readonly _handle?: { useUserBuffer?: (buffer: Uint8Array) => void } | null;
  [field: symbol]: unknown;
}

interface Fields {
  readonly buffer: symbol;
  readonly generator: symbol;
  readonly callback: symbol;
}

/** The same for every socket of a process. */
let fields: Fields | undefined;

function fieldsOf(socket: Duplex): Fields | undefined {
  const symbols = Object.getOwnPropertySymbols(socket);
  const field = (name: string): symbol | undefined => symbols.find(({ description }) => description === name);
  const [buffer, generator, callback] = [field('kBuffer'), field('kBufferGen'), field('kBufferCb')];
  return buffer === undefined || generator === undefined || callback === undefined ? undefined : { buffer, generator, callback };
}

/** True when `socket` reads by `reads` from now on; `data` is not emitted then, `end` is. Before anything was read. */
export function readInto(socket: Duplex, reads: OwnReads): boolean {
  if (handsThrough(socket)) return socket.readInto(reads);
  const internals = socket as unknown as Internals;
  const handle = internals._handle;
  if (typeof handle?.useUserBuffer !== 'function') return false;
  fields ??= fieldsOf(socket);
  if (fields === undefined) return false;
  const { buffer, generator, callback } = fields;
  if (socket.readableLength > 0) return false;
  let current = reads.buffer();
  internals[generator] = () => {
    const next = reads.buffer();
    // Node goes on with the same memory when it is given none; telling it again costs more than a small read.
    if (next === current) return undefined;
    current = next;
    return next;
  };
  internals[callback] = (length: number) => reads.handleRead(length);
  internals[buffer] = current;
  handle.useUserBuffer(current);
  return true;
}

/** Says of the reader of `stream` that it copies what it is given, as TLS over a stream that is no socket does. */
export function lendReads(stream: Duplex): void {
  if (handsThrough(stream)) stream.lendReads();
}

function handsThrough(stream: Duplex): stream is Duplex & ReadsInto {
  return typeof (stream as Partial<ReadsInto>).lendReads === 'function';
}
