/** Bytes for checks: the same in every run, so that what fails fails again. */
import { createHash } from 'node:crypto';
import type { Duplex, Readable } from 'node:stream';

/** `count` bytes that look random, by `seed`. */
export function sampleBytes(count: number, seed: string | number = 0): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < count; at += 32) blocks.push(createHash('sha256').update(`${seed} ${at}`).digest());
  return Buffer.concat(blocks).subarray(0, count);
}

/** `bytes` in pieces of sizes between 1 and `most`, by `seed`; views into it. */
export function pieces(bytes: Buffer, most: number, seed: string | number = 0): Buffer[] {
  const made: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + (sampleBytes(4, `${seed} ${made.length}`).readUInt32BE() % most);
    made.push(bytes.subarray(at, at + size));
    at += size;
  }
  return made;
}

/** Everything up to the end; the stream is not destroyed by it. Rejects where the stream breaks before. */
export async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * For the client of a sample: reads on until `find` sees in what came how many bytes of it are wanted, gives those, and
 * puts the rest back. Rejects when the stream ends before.
 */
export function readUntil(stream: Duplex, find: (bytes: Buffer) => number | undefined): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const leave = (): void => {
      stream.off('readable', take).off('end', ended).off('close', ended);
    };
    const ended = (): void => {
      leave();
      reject(new Error(`the connection ended after ${bytes.length} bytes: ${JSON.stringify(bytes.toString('latin1', 0, 80))}`));
    };
    const take = (): void => {
      for (let chunk = stream.read() as Buffer | null; chunk !== null; chunk = stream.read() as Buffer | null) {
        bytes = Buffer.concat([bytes, chunk]);
        const length = find(bytes);
        if (length === undefined) continue;
        leave();
        if (bytes.length > length) stream.unshift(bytes.subarray(length));
        return resolve(bytes.subarray(0, length));
      }
    };
    stream.on('readable', take).on('end', ended).on('close', ended);
    take();
  });
}
