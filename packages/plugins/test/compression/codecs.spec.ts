import 'reflect-metadata';
import { expect } from 'chai';
import { array, assert, asyncProperty, constantFrom, integer, nat, record, uint8Array } from 'fast-check';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { brotliCompressSync, constants, deflateRawSync } from 'node:zlib';
import type { Codec } from '@lstp/core';
import brotli from '../../src/brotli/index.js';
import zlib from '../../src/zlib/index.js';
import zstd from '../../src/zstd/index.js';
import { cut, frame, through, type Decoded } from './support.js';

const codecs = [zlib, brotli, zstd];
const CODED = 1;
const FRAME_BYTES = 65_536;
const LINE = '2026-11-22T19:20:21Z INFO a line of a log, as there are many\n';

/** Bytes that shrink, that do not, and both. */
const text = nat(200_000).map((bytes) => Buffer.alloc(bytes, LINE));
const noise = uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const incompressible = nat(200_000).map((bytes) => randomBytes(bytes));
const content = array(constantFrom(text, noise, incompressible).chain((kind) => kind), { maxLength: 6 }).map((parts) => Buffer.concat(parts));
const sizes = array(integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 5 });

for (const { name, codec: Made } of codecs) {
  describe(`codec ${name}`, function () {
    this.timeout(60_000);
    if (Made === undefined) {
      it('is not in this Node', () => expect(name).to.equal('zstd'));
      return;
    }
    const make = (): Codec => new Made();

    it('gives back what was put in, however it is cut', async () => {
      await assert(
        asyncProperty(record({ bytes: content, in: sizes, out: sizes }), async (sample) => {
          const coded = await through(make().encoder(), cut(sample.bytes, sample.in));
          const plain = await through(make().decoder(), cut(coded.bytes, sample.out));
          expect(plain.code).to.equal(undefined);
          expect(plain.bytes.equals(sample.bytes)).to.equal(true);
        }),
        { numRuns: 40 },
      );
    });

    it('works byte by byte', async () => {
      const bytes = Buffer.alloc(3000, LINE);
      const coded = await through(make().encoder(), cut(bytes, [1, 100]));
      expect((await through(make().decoder(), cut(coded.bytes, [1]))).bytes.equals(bytes)).to.equal(true);
    });

    it('gives out all of a write before the next comes', async () => {
      const [encoder, decoder] = [make().encoder(), make().decoder()];
      encoder.pipe(decoder);
      for (const size of [1, 1, 63, 64, 65, 1000, 1, 70_000, 1]) {
        encoder.write(Buffer.alloc(size, LINE));
        let got = 0;
        while (got < size) got += ((await once(decoder, 'data')) as [Buffer])[0].length;
        expect(got).to.equal(size);
      }
      encoder.destroy();
      decoder.destroy();
    });

    it('shrinks text, and lets pass what does not shrink with a thousandth on top', async () => {
      const shrunk = await through(make().encoder(), cut(Buffer.alloc(2_000_000, LINE), [65_536]));
      expect(shrunk.bytes.length).to.be.lessThan(60_000);
      const passed = await through(make().encoder(), cut(randomBytes(8_000_000), [65_536]));
      expect(passed.bytes.length).to.be.within(8_000_000, 8_008_000);
    });

    it('shrinks what comes after something that did not', async () => {
      const bytes = Buffer.concat([randomBytes(300_000), Buffer.alloc(8_000_000, LINE)]);
      const { bytes: coded } = await through(make().encoder(), cut(bytes, [65_536]));
      expect(coded.length).to.be.lessThan(1_200_000);
      expect((await through(make().decoder(), [coded])).bytes.equals(bytes)).to.equal(true);
    });

    it('never shrinks so much that it would be taken for a bomb', async () => {
      const { bytes } = await through(make().encoder(), cut(Buffer.alloc(4_000_000), [65_536, 1, 4000]));
      expect(4_000_000 / bytes.length).to.be.within(100, 256);
    });

    it('stops taking when nobody reads', async () => {
      for (const stream of [make().encoder(), make().decoder()]) {
        let written = 0;
        while (written < 300 && stream.write(frame(0, randomBytes(30_000)))) {
          written += 1;
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(written).to.be.lessThan(30);
        stream.destroy();
      }
    });

    it('throws nothing and ends in order or with a code of its own, whatever comes', async () => {
      const good = (await through(make().encoder(), cut(Buffer.alloc(5000, LINE), [700]))).bytes;
      const wrong = record({ at: nat(good.length - 1), byte: nat(255), sizes }).map(({ at, byte, sizes: by }) => cut(Buffer.concat([good.subarray(0, at), Buffer.of(byte), good.subarray(at + 1)]), by));
      const garbage = uint8Array({ maxLength: 2000 }).map((bytes) => [Buffer.from(bytes)]);
      await assert(
        asyncProperty(constantFrom(wrong, garbage).chain((kind) => kind), async (pieces) => {
          const { code = 'none' } = await through(make().decoder(), pieces);
          expect(code).to.be.oneOf(['none', 'ERR_LSTP_CODEC_DATA', 'ERR_LSTP_CODEC_BOMB']);
        }),
        { numRuns: 300 },
      );
    });

    it('refuses frames of other kinds, that are too long, or that break off', async () => {
      const wrong = [frame(3, Buffer.of(1)), frame(0, Buffer.alloc(0), 66_561), frame(0, Buffer.alloc(10), 11), Buffer.of(0, 0)];
      for (const bytes of wrong) expect((await through(make().decoder(), [bytes])).code).to.equal('ERR_LSTP_CODEC_DATA');
    });

    it('takes padding, and frames of nothing', async () => {
      const bytes = Buffer.concat([frame(2, Buffer.alloc(500)), frame(0, Buffer.alloc(0)), frame(0, Buffer.from('a')), frame(2, Buffer.alloc(0)), frame(0, Buffer.from('b'))]);
      expect((await through(make().decoder(), cut(bytes, [7]))).bytes.toString()).to.equal('ab');
    });
  });
}

describe('a bomb made by hand', () => {
  const decoder = (name: string) => {
    const found = codecs.find((codec) => codec.name === name)?.codec;
    if (found === undefined) throw new Error(`no codec ${name}`);
    return new found().decoder();
  };

  async function explode(name: string, body: Buffer): Promise<Decoded> {
    const { bytes, code } = await through(decoder(name), [frame(CODED, body)]);
    expect(body.length).to.be.lessThan(66_560);
    return { bytes, code: code ?? 'none' };
  }

  it('of Deflate is stopped at one frame’s bytes', async () => {
    const { bytes, code } = await explode('zlib', deflateRawSync(Buffer.alloc(60_000_000)));
    expect(code).to.equal('ERR_LSTP_CODEC_BOMB');
    expect(bytes.length).to.be.at.most(FRAME_BYTES);
  });

  it('of Brotli is stopped at one frame’s bytes', async () => {
    const params = { [constants.BROTLI_PARAM_LGWIN]: 18, [constants.BROTLI_PARAM_QUALITY]: 1 };
    const { bytes, code } = await explode('brotli', brotliCompressSync(Buffer.alloc(60_000_000), { params }));
    expect(code).to.equal('ERR_LSTP_CODEC_BOMB');
    expect(bytes.length).to.be.at.most(FRAME_BYTES);
  });

  it('of memory: Brotli with a larger window than ours is refused before it is made', async () => {
    for (const bits of [16, 17, 19, 22, 24]) {
      const params = { [constants.BROTLI_PARAM_LGWIN]: bits };
      const { code } = await explode('brotli', brotliCompressSync(randomBytes(20_000), { params }));
      expect(code, `${bits} bits`).to.equal('ERR_LSTP_CODEC_DATA');
    }
  });

  it('that ends its stream early is refused', async () => {
    const { code } = await through(decoder('zlib'), [frame(CODED, deflateRawSync(Buffer.from('all'))), frame(CODED, deflateRawSync(Buffer.from('more')))]);
    expect(code).to.equal('ERR_LSTP_CODEC_DATA');
  });
});
