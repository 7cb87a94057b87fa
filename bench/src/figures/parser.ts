/** The frame parser alone: how much of one core the headers cost. */
import { encodeFrame, encodeJson, encodeNumbers, FrameReader, FULL_DATA_BYTES, POSITION_BYTES } from '@lstp/core';
import type { Bench, Figure } from './figure.js';

/** TLS gives out a record at a time. */
const CHUNK_BYTES = 16_384;
const STREAM_BYTES = 4 * 1024 * 1024;

const STREAMS: Readonly<Record<string, () => Buffer>> = {
  'SERVICE_DATA of 64 KiB': () => encodeFrame('SERVICE_DATA', 1, Buffer.alloc(POSITION_BYTES + FULL_DATA_BYTES)),
  'SERVICE_DATA of 1 byte': () => encodeFrame('SERVICE_DATA', 1, Buffer.alloc(POSITION_BYTES + 1)),
  SERVICE_DATA_RESUME: () => encodeNumbers('SERVICE_DATA_RESUME', 1, 65_536, 1_048_576),
  SERVICE_FREE_REQUEST: () => encodeJson('SERVICE_FREE_REQUEST', 1, { reason: 'done' }),
};

export const parser: Figure = {
  name: 'parser',
  adapters: [],
  async run(bench) {
    for (const [name, frame] of Object.entries(STREAMS)) {
      const chunks = chunksOf(frame());
      readFor(0.2, chunks);
      for (let round = 0; round < bench.rounds; round += 1) record(bench, name, readFor(bench.quick ? 0.1 : 0.5, chunks));
    }
  },
};

function record({ results }: Bench, name: string, framesASecond: number): void {
  results.add({ figure: 'parser', case: name, subject: 'lstp', unit: 'million frames/s' }, framesASecond / 1e6);
}

/** Whole frames, about STREAM_BYTES of them, cut as TLS would cut them. */
function chunksOf(frame: Buffer): Buffer[] {
  const stream = Buffer.concat(Array.from({ length: Math.ceil(STREAM_BYTES / frame.length) }, () => frame));
  return Array.from({ length: Math.ceil(stream.length / CHUNK_BYTES) }, (_, index) => stream.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));
}

/** Reads the chunks over and over; frames a second. */
function readFor(seconds: number, chunks: readonly Buffer[]): number {
  const started = performance.now();
  let frames = 0;
  while (performance.now() - started < seconds * 1000) {
    const reader = new FrameReader('carrier');
    for (const chunk of chunks) {
      reader.push(chunk);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        if (frame.last) frames += 1;
      }
    }
  }
  return frames / ((performance.now() - started) / 1000);
}
