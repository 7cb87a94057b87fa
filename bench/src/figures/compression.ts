/** What the codecs take of log text for a second of CPU time, and how long a single byte waits for one. */
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Codec } from '@lstp/core';
import { bundledPlugins } from '@lstp/plugins';
import { lstp, lstpWith } from '../adapters/lstp.js';
import { quantileOf } from '../report/statistics.js';
import type { Traffic } from '../traffic/traffic.js';
import { interleave, withChains, type Bench, type Figure } from './figure.js';

/** What an application's socket gives at once. */
const CHUNK_BYTES = 65_536;
const TEXT_BYTES = 8 * 1024 * 1024;
const CODED = 'lstp, codec zlib';
/** As in the figure `rtt`. */
const WARM_UP = { count: 5000, seconds: 5 };
const SKIPPED = 100;

export const compression: Figure = {
  name: 'compression',
  adapters: [lstp, lstpWith({ name: CODED, keys: 'codec: zlib' })],
  async run(bench) {
    const text = logText(TEXT_BYTES);
    for (const { name, codec: Made } of bundledPlugins) if (Made !== undefined) await measureCodec(bench, text, name, () => new Made());
    await measureByte(bench);
  },
};

async function measureCodec({ results, rounds, quick }: Bench, text: Buffer, name: string, make: () => Codec): Promise<void> {
  await compress(make(), text);
  for (let round = 0; round < rounds; round += 1) {
    const used = process.cpuUsage();
    let coded = 0;
    const times = quick ? 2 : 6;
    for (let count = 0; count < times; count += 1) coded = await compress(make(), text);
    const { user, system } = process.cpuUsage(used);
    results.add({ figure: 'compression', case: `log text, ${name}`, subject: 'lstp', unit: 'MB/s a core' }, (times * text.length) / (user + system));
    results.add({ figure: 'compression', case: `remains of it, ${name}`, subject: 'lstp', unit: '%' }, (coded / text.length) * 100);
  }
}

/** Bytes that come out. */
async function compress(codec: Codec, text: Buffer): Promise<number> {
  let coded = 0;
  const encoder = codec.encoder();
  const sink = new Writable({
    write(chunk: Buffer, _encoding, taken) {
      coded += chunk.length;
      taken();
    },
  });
  const done = pipeline(encoder, sink);
  for (let at = 0; at < text.length; at += CHUNK_BYTES) await new Promise((resolve) => encoder.write(text.subarray(at, at + CHUNK_BYTES), resolve));
  encoder.end();
  await done;
  return coded;
}

/** On a service with a codec and on one without, in turns; what the codec adds is taken round by round. */
function measureByte(bench: Bench): Promise<void> {
  return withChains(bench, async (traffic, chains) => {
    for (const { entrance } of chains) await traffic.client.call('roundTrips', { port: entrance, ...WARM_UP });
    const lastOf = new Map<string, number>();
    await interleave(bench, chains, async ({ name, entrance }) => {
      const p50 = await medianByte(bench, traffic, entrance);
      bench.results.add({ figure: 'compression', case: 'a byte there and back, p50', subject: name, unit: 'µs' }, p50);
      lastOf.set(name, p50);
      const [plain, coded] = [lastOf.get('lstp'), lastOf.get(CODED)];
      if (plain === undefined || coded === undefined) return;
      bench.results.add({ figure: 'compression', case: 'a byte waits for the codec', subject: 'lstp', unit: 'µs' }, coded - plain);
      lastOf.clear();
    });
  });
}

async function medianByte(bench: Bench, traffic: Traffic, port: number): Promise<number> {
  const all = await traffic.client.call('roundTrips', { port, count: SKIPPED + (bench.quick ? 500 : 3000), seconds: 10 });
  return quantileOf(all.slice(SKIPPED).sort((a, b) => a - b), 0.5);
}

/** Lines as servers write them, the same in every run. */
function logText(bytes: number): Buffer {
  const words = ['GET /api/v1/items/', 'POST /login', 'connection from 10.0.', 'cache miss for ', 'user ', 'job '];
  let seed = 1;
  const next = (most: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7f_ff_ff_ff;
    return seed % most;
  };
  const lines: string[] = [];
  for (let length = 0; length < bytes; ) {
    const line = `2026-11-22T19:${10 + next(50)}:${10 + next(50)}.${100 + next(900)}Z INFO ${words[next(words.length)]}${next(100_000)} took ${next(5000)} ms, id ${(seed * 7919).toString(16)}\n`;
    lines.push(line);
    length += line.length;
  }
  return Buffer.from(lines.join('')).subarray(0, bytes);
}
