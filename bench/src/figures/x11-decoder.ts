/**
 * What looks at X connections, alone: how much of one core the monitor and the policy cost for each request. Beside the
 * figure x11, which has all of it with a real X server.
 */
import type { ChannelWatch } from '@lstp/core';
import { bundledPlugins } from '@lstp/plugins';
import type { Bench, Figure } from './figure.js';

/** What a socket gives at once. */
const CHUNK_BYTES = 65_536;
const STREAM_BYTES = 4 * 1024 * 1024;
const POLICY = { shm: false, windows: 'own', keyboard: 'own', grabs: 'refused', sendEvents: 'own', clipboard: 'none' } as const;

/** A client of low byte first without a cookie, and a server that gives it ids from 0x400000 on. */
const SETUP = Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const SETUP_REPLY = Buffer.from([1, 0, 11, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0xff, 0xff, 0x1f, 0, ...Buffer.alloc(20)]);
const [WINDOW, GC] = [0x40_0001, 0x40_0002] as const;

const REQUESTS: Readonly<Record<string, () => Buffer>> = {
  'requests of 4 bytes (NoOperation)': () => request(127, 4),
  'requests of 20 bytes (one rectangle)': () => request(70, 20),
  'pictures of 200 KiB (PutImage)': () => request(72, 200 * 1024),
};

/** Takes what a client sends. */
type Take = (bytes: Buffer) => void;

const SUBJECTS: Readonly<Record<string, () => Take>> = { monitor: watched, policy: filtered };

export const x11Decoder: Figure = {
  name: 'x11-decoder',
  adapters: [],
  async run(bench) {
    for (const [name, make] of Object.entries(REQUESTS)) {
      const stream = streamOf(make());
      for (const [subject, start] of Object.entries(SUBJECTS)) {
        takeFor(0.2, start(), stream);
        for (let round = 0; round < bench.rounds; round += 1) record(bench, { name, subject }, takeFor(bench.quick ? 0.1 : 0.5, start(), stream));
      }
    }
  },
};

interface Stream {
  readonly chunks: readonly Buffer[];
  readonly requests: number;
}

function record({ results }: Bench, { name, subject }: { readonly name: string; readonly subject: string }, requestsASecond: number): void {
  results.add({ figure: 'x11-decoder', case: name, subject, unit: 'million requests/s' }, requestsASecond / 1e6);
}

function request(opcode: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes[0] = opcode;
  bytes.writeUInt16LE(length / 4, 2);
  if (length < 12) return bytes;
  bytes.writeUInt32LE(WINDOW, 4);
  bytes.writeUInt32LE(GC, 8);
  return bytes;
}

function streamOf(one: Buffer): Stream {
  const requests = Math.ceil(STREAM_BYTES / one.length);
  const all = Buffer.concat(Array<Buffer>(requests).fill(one));
  return { requests, chunks: Array.from({ length: Math.ceil(all.length / CHUNK_BYTES) }, (_, index) => all.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)) };
}

/** Requests a second. */
function takeFor(seconds: number, take: Take, { chunks, requests }: Stream): number {
  const started = performance.now();
  let taken = 0;
  while (performance.now() - started < seconds * 1000) {
    for (const chunk of chunks) take(chunk);
    taken += requests;
  }
  return taken / ((performance.now() - started) / 1000);
}

function watched(): Take {
  const monitor = x11().monitor;
  if (monitor === undefined) throw new Error('x11 is no monitor');
  const watch = new monitor({ now: () => performance.now() }).watch({ id: '1', kind: 'stream', role: 'front' }) as ChannelWatch;
  watch.outgoing?.(SETUP);
  watch.incoming?.(SETUP_REPLY);
  return (bytes) => watch.outgoing?.(bytes);
}

function filtered(): Take {
  const rewriter = x11().rewriter;
  if (rewriter === undefined) throw new Error('x11 is no rewriter');
  const { outgoing, incoming } = new rewriter(POLICY, { warn: () => {} }, { count: () => {} }).rewrite({ id: '1', kind: 'stream', role: 'front' }) ?? {};
  outgoing?.write(SETUP);
  incoming?.write(SETUP_REPLY);
  return (bytes) => {
    outgoing?.write(bytes);
    while (outgoing?.read() !== null);
  };
}

function x11() {
  const plugin = bundledPlugins.find(({ name }) => name === 'x11');
  if (plugin === undefined) throw new Error('there is no plugin x11');
  return plugin;
}
