import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { Duplex, PassThrough, Transform } from 'node:stream';
import { deflateRawSync } from 'node:zlib';
import { PLUGIN_API, type Codec, type PluginDefinition } from '@lstp/core';
import { until } from '@lstp/core/testing';
import { bundledPlugins } from '@lstp/plugins';
import { Application, ApplicationServer, digestOf, echo } from './support/application.js';
import { chainOf, PairPlan, type TestEnd } from './support/test-end.js';

const LINE = 'a line of a log, as there are many\n';
/** Shrinks, does not, and does again. */
const MIXED = Buffer.concat([Buffer.alloc(700_000, LINE), randomBytes(1_500_000), Buffer.alloc(1_300_000, LINE)]);

/** `zlib` of an end that sends what `lie` says instead of what it should. */
function lying(lie: Buffer): PluginDefinition {
  class Liar implements Codec {
    encoder(): Duplex {
      return new Transform({ transform: (_chunk, _encoding, done) => done(null, lie) });
    }

    decoder(): Duplex {
      return new PassThrough();
    }
  }
  return { name: 'zlib', api: PLUGIN_API, about: 'lies', codec: Liar };
}

describe('a compressed service', function () {
  this.timeout(30_000);
  let plan: PairPlan;
  let echoes: ApplicationServer;
  const running: TestEnd[] = [];

  before(async () => {
    plan = await PairPlan.make();
    echoes = await ApplicationServer.start(echo);
  });
  after(() => echoes.stop());
  afterEach('nothing is left', async () => {
    await Promise.all(running.splice(0).map((end) => end.stop()));
    await until('no connection of an application', () => echoes.openCount === 0);
  });

  const service = (name: string, { port }: { readonly port: number }, more: string) => `${name}: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${port}"${more} }`;

  async function start(services: readonly string[]): Promise<{ desk: TestEnd; lab: TestEnd }> {
    const ends = await plan.start({ services });
    running.push(ends.desk, ends.lab);
    return ends;
  }

  async function expectEcho(end: TestEnd, name: string, bytes: Buffer): Promise<void> {
    const client = Application.connect(end.address(name)).read().send(bytes).finish();
    expect(await client.ended).to.equal('end');
    expect(client.digest()).to.equal(digestOf(bytes));
  }

  for (const codec of ['zlib', 'brotli']) {
    it(`(${codec}) carries everything, with half-close, and says how much it saved`, async () => {
      const { desk, lab } = await start([service('echo', echoes, `, codec: ${codec}`)]);
      for (const bytes of [Buffer.alloc(0), Buffer.of(1), MIXED]) await expectEcho(desk, 'echo', bytes);
      await Promise.all(Array.from({ length: 8 }, () => expectEcho(desk, 'echo', randomBytes(200_000))));
      const counts = desk.tunnel().services[0]?.codec;
      expect(counts).to.include({ name: codec, plainOut: 1 + MIXED.length + 1_600_000, plainIn: 1 + MIXED.length + 1_600_000 });
      expect(counts?.codedOut).to.equal(lab.tunnel().services[0]?.codec?.codedIn).and.to.be.lessThan(3_500_000);
    });
  }

  it('is refused by the check of the file where this Node lacks its codec', function () {
    const text = plan.text({ services: [service('echo', echoes, ', codec: zstd')] });
    if (bundledPlugins.some(({ name, codec }) => name === 'zstd' && codec !== undefined)) chainOf(text);
    else expect(() => chainOf(text)).to.throw(/chain\.yaml:\d+:\d+: codec: "zstd" is no codec here \(compresses with Zstandard; needs Node 22\.15 or later\)/);
  });

  it('resets wherever the reset comes', async () => {
    const server = await ApplicationServer.start();
    const { desk } = await start([service('s', server, ', codec: zlib')]);
    for (const bytes of [0, 1, 70, 5000, 65_536, 1_000_000]) {
      for (const who of ['client', 'server'] as const) {
        const client = Application.connect(desk.address('s')).read().send(Buffer.alloc(bytes, LINE));
        const accepted = (await server.accept()).read();
        const [leaver, other] = who === 'client' ? [client, accepted] : [accepted, client];
        leaver.reset();
        expect(await other.ended, `${who} after ${bytes}`).to.equal('reset');
      }
    }
    await until('no channel is left', () => desk.tunnel().channels.length === 0);
    await server.stop();
  });

  const lies: Readonly<Record<string, { readonly lie: Buffer; readonly code: string }>> = {
    'garbage': { lie: randomBytes(500).fill(0xff, 0, 1), code: 'ERR_LSTP_CODEC_DATA' },
    'a bomb': { lie: framed(deflateRawSync(Buffer.alloc(60_000_000))), code: 'ERR_LSTP_CODEC_BOMB' },
  };
  for (const [what, { lie, code }] of Object.entries(lies)) {
    it(`ends the channel of a peer that sends ${what}, with the reason in the log, and no other`, async () => {
      const services = [service('echo', echoes, ', codec: zlib'), service('plain', echoes, '')];
      const [desk, lab] = await Promise.all([
        plan.end('desk', { services }, { plugins: [...bundledPlugins.filter(({ name }) => name !== 'zlib'), lying(lie)] }),
        plan.end('lab', { services }),
      ]);
      running.push(desk, lab);
      await Promise.all([lab.start(), desk.start()]);
      await Promise.all([desk.role.established(), lab.role.established()]);
      const other = Application.connect(desk.address('plain')).read().send(Buffer.from('before'));
      await other.got(6);
      const client = Application.connect(desk.address('echo')).read().send(Buffer.from('hello'));
      expect(await client.ended).to.equal('reset');
      expect(await lab.says(/ended by its codec/)).to.include({ level: 'warn', code });
      other.send(Buffer.from('after')).finish();
      expect(await other.ended).to.equal('end');
      expect(other.digest()).to.equal(digestOf(Buffer.from('beforeafter')));
    });
  }
});

/** A frame of kind 1. */
function framed(body: Buffer): Buffer {
  return Buffer.concat([Buffer.of(1, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff), body]);
}
