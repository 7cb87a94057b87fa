/** What a codec must do: give back what it was given, at once, and never more than it may. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { until } from '@lstp/core/testing';
import type { Codec, PluginDefinition } from '@lstp/core/plugin';
import { pieces, readAll, sampleBytes } from './bytes.js';
import { checksOf, within, type Check } from './check.js';
import { expectEchoThrough } from './echo-through.js';
import { lifecycleChecks } from './lifecycle-checks.js';
import { makeRole, optionsAt } from './make-role.js';
import type { Place, PluginSample } from './sample.js';

/** What a host lets a decoder give out whatever it got. */
const SLACK_BYTES = 1_048_576;
const MOST_EXPANSION = 256;

const TEXTS: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'one byte': Buffer.of(0x61),
  'text that repeats': Buffer.from('Nov 22 19:20:12 host lstp[4242]: service web started\n'.repeat(2000)),
  'random bytes': sampleBytes(200_000),
  'zeros': Buffer.alloc(500_000),
};

export function conformsAsCodec(plugin: PluginDefinition, sample: PluginSample = {}): Check[] {
  const withCodec = (use: (codec: Codec) => Promise<void>) => async (place: Place) => use(await makeRole('codec', plugin, { options: optionsAt(sample, place), folder: place.folder }));
  return [
    ...lifecycleChecks('codec', 'codec', plugin, sample),
    ...checksOf('codec', {
      'gives back what it was given, in any chunking': withCodec(async (codec) => {
        for (const [what, bytes] of Object.entries(TEXTS)) {
          for (const most of [1 + bytes.length, 70_000, 900]) await expectRoundTrip(codec, bytes, `${what}, in pieces of at most ${most} bytes`, most);
        }
        await expectRoundTrip(codec, TEXTS['text that repeats']?.subarray(0, 3000) ?? Buffer.alloc(0), 'text byte by byte', 1);
      }),
      'holds nothing back: each write is decoded before the next': withCodec(async (codec) => {
        const [encoder, decoder] = [codec.encoder(), codec.decoder()];
        let decoded = '';
        encoder.on('data', (chunk: Buffer) => decoder.write(chunk));
        decoder.on('data', (chunk: Buffer) => (decoded += chunk.toString('latin1')));
        let sent = '';
        for (const word of ['l', 's', '\n', 'a longer line of text\n'.repeat(50), 'x']) {
          sent += word;
          encoder.write(Buffer.from(word));
          await until(`all of ${sent.length} bytes is decoded while the encoder is still open`, () => decoded === sent);
        }
        await drop(encoder, decoder);
      }),
      'does not shrink by more than it says': withCodec(async (codec) => {
        const plain = Buffer.alloc(16 * SLACK_BYTES);
        const coded = await encode(codec, [plain]);
        const most = codec.mostExpansion ?? MOST_EXPANSION;
        assert.ok(plain.length <= coded.length * most + SLACK_BYTES, `${plain.length} zeros became ${coded.length} bytes; the host takes that for a bomb. Say so in mostExpansion (now ${most}), or shrink less`);
      }),
      'ends, with an error or without, at input that is nonsense': withCodec(async (codec) => {
        const good = await encode(codec, [Buffer.from('some text, and more text '.repeat(100))]);
        const cut = Array.from({ length: 8 }, (_, index) => good.subarray(0, Math.floor((good.length * (index + 1)) / 9)));
        const broken = Array.from({ length: 16 }, (_, index) => flipped(good, index));
        const garbage = Array.from({ length: 24 }, (_, seed) => sampleBytes(1 + seed * 100, `garbage ${seed}`));
        for (const input of [...cut, ...broken, ...garbage]) await expectEnd(codec.decoder(), input);
        await expectRoundTrip(codec, Buffer.from('and the next channel works'), 'after nonsense', 7);
      }),
      'stops taking bytes that nobody reads': withCodec(async (codec) => {
        for (const [stream, input] of [[codec.encoder(), sampleBytes(65_536)], [codec.decoder(), await encode(codec, [sampleBytes(65_536)])]] as const) {
          let taken = true;
          for (let count = 0; taken && count < 1000; count += 1) taken = stream.write(input);
          assert.equal(taken, false, 'write() never gave false: a slow reader fills the memory of the node');
          await drop(stream);
        }
      }),
      'leaves nothing when it is destroyed in the middle': withCodec(async (codec) => {
        const [encoder, decoder] = [codec.encoder(), codec.decoder()];
        encoder.write(sampleBytes(100_000));
        decoder.write(await encode(codec, [sampleBytes(100_000)]));
        await drop(encoder, decoder);
      }),
      'carries a channel of a real tunnel': (place) => expectEchoThrough(plugin, place, { codec: plugin.name }),
    }),
  ];
}

async function expectRoundTrip(codec: Codec, bytes: Buffer, what: string, most: number): Promise<void> {
  const coded = await encode(codec, pieces(bytes, most, what));
  const decoded = await through(codec.decoder(), pieces(coded, most, `coded ${what}`));
  assert.ok(decoded.equals(bytes), `${what}: ${bytes.length} bytes became ${decoded.length} other ones`);
}

function encode(codec: Codec, chunks: readonly Buffer[]): Promise<Buffer> {
  return through(codec.encoder(), chunks);
}

async function through(stream: Duplex, chunks: readonly Buffer[]): Promise<Buffer> {
  const output = within('the end of its input is the end of its output', readAll(stream));
  output.catch(() => {});
  for (const chunk of chunks) if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), output]);
  stream.end();
  return output;
}

/** It ends or fails; all of its output is read, and little of it, as nonsense is short. */
async function expectEnd(decoder: Duplex, input: Buffer): Promise<void> {
  const over = new Promise<void>((resolve) => decoder.on('error', () => resolve()).on('end', resolve).on('close', resolve));
  decoder.resume().end(input);
  await within(`a decoder ends whose input is nonsense: ${input.toString('hex', 0, 40)}`, over);
  await drop(decoder);
}

function flipped(bytes: Buffer, index: number): Buffer {
  const changed = Buffer.from(bytes);
  const at = (index * 37) % changed.length;
  changed[at] = (changed[at] ?? 0) ^ (1 << index % 8);
  return changed;
}

/** Resolves when they are gone. */
async function drop(...streams: readonly Duplex[]): Promise<void> {
  for (const stream of streams) {
    stream.on('error', () => {});
    const closed = stream.closed ? undefined : once(stream, 'close');
    stream.destroy();
    await within('destroy() closes it', Promise.resolve(closed));
  }
}
