import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { encodeFrame, encodeJson, encodeNumbers } from '@lstp/core';
import { until } from '@lstp/core/testing';
import { Application, ApplicationServer, digestOf, echo } from './support/application.js';
import { pluginsWithStreams } from './support/tapped-security.js';
import { PairPlan, type TestEnd } from './support/test-end.js';

/** More than the kernel, on both sides of the tunnel, takes for a client that does not read. */
const FILE = randomBytes(33_554_432);

const VIOLATIONS: readonly { readonly what: string; readonly bytes: Buffer; readonly message: RegExp }[] = [
  { what: 'an unknown type', bytes: Buffer.from('ff00000000000000', 'hex'), message: /type/ },
  { what: 'a length beyond the limit', bytes: Buffer.from('30ffffff00000001', 'hex'), message: /SERVICE_DATA/ },
  { what: 'data of a channel that never was', bytes: encodeFrame('SERVICE_DATA', 9999, Buffer.alloc(20)), message: /9999/ },
  { what: 'a message of legs', bytes: encodeFrame('PASS_THROUGH', 0), message: /PASS_THROUGH/ },
  { what: 'set-up a third time', bytes: encodeFrame('COMMONUNIQUE_INFO', 0, Buffer.from('{}')), message: /COMMONUNIQUE_INFO/ },
  { what: 'an exchange that is over', bytes: encodeNumbers('SERVICE_DATA_RESUME', 0, 3, 0), message: /channel 0/ },
  { what: 'JSON that is none', bytes: encodeFrame('SERVICE_FREE_REQUEST', 1, Buffer.from('{"reason"')), message: /SERVICE_FREE_REQUEST/ },
  { what: 'a reason that is none', bytes: encodeFrame('SERVICE_FREE_REQUEST', 1, Buffer.from('{"reason":"bored"}')), message: /SERVICE_FREE_REQUEST/ },
];

describe('a peer that breaks the protocol', function () {
  this.timeout(30_000);
  let files: ApplicationServer;
  let echoes: ApplicationServer;
  let desk: TestEnd;
  let lab: TestEnd;
  /** Of lab, in the order in which its carriers came up. */
  const streams: Duplex[] = [];

  before(async () => {
    files = await ApplicationServer.start((application) => void application.read().send(FILE).finish());
    echoes = await ApplicationServer.start(echo);
    const plan = await PairPlan.make();
    const services = (tunnel: string): string[] => [`file-${tunnel}: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${files.port}" }`, `echo-${tunnel}: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}" }`];
    const options = { services: services('acme'), globex: services('globex') };
    desk = await (await plan.end('desk', options)).start();
    lab = await (await plan.end('lab', options, { plugins: pluginsWithStreams(streams) })).start();
    await Promise.all([desk.role.established(), lab.role.established()]);
  });

  after(async () => {
    await Promise.all([desk.stop(), lab.stop(), files.stop(), echoes.stop()]);
  });

  /** An application with a channel that stays open. */
  async function openChannel(tunnel: string): Promise<Application> {
    const client = Application.connect(desk.address(`echo-${tunnel}`)).read().send(Buffer.from('ping'));
    await client.got(4);
    return client;
  }

  for (const { what, bytes, message } of VIOLATIONS) {
    it(`(${what}) is told so, its tunnel is built anew, and another tunnel goes on undisturbed`, async () => {
      const stream = streams.findLast((candidate) => !candidate.destroyed) as Duplex;
      const tunnels = ['acme', 'globex'];
      const channels = await Promise.all(tunnels.map(openChannel));
      const downloads = tunnels.map((tunnel) => Application.connect(desk.address(`file-${tunnel}`)));
      await until('both downloads are under way', () => desk.role.status().every((tunnel) => tunnel.channels.some(({ bytesOut }) => bytesOut > 65_536)));
      const known = desk.log.length;
      stream.write(bytes);
      const line = await until('desk closes a carrier', () => desk.log.slice(known).find(({ msg }) => msg === 'carrier closed'));
      expect(line).to.include({ code: 'PROTOCOL' });
      expect(line['reason']).to.match(message);
      const broken = tunnels.indexOf(String(line['tunnel']));
      const whole = 1 - broken;
      expect(await channels[broken]?.ended).to.equal('reset');
      expect(await downloads[broken]?.read().ended).to.equal('reset');
      expect(await downloads[whole]?.read().finish().ended).to.equal('end');
      expect(downloads[whole]?.digest()).to.equal(digestOf(FILE));
      await until('lab was told why', () => lab.log.some(({ msg, reason, tunnel }) => msg === 'carrier closed' && tunnel === line['tunnel'] && /the peer says: /.test(String(reason)) && message.test(String(reason))));
      await until('both tunnels stand', () => desk.role.status().every(({ state }) => state === 'established'));
      expect(await (await openChannel(tunnels[broken] as string)).finish().ended).to.equal('end');
      expect(await channels[whole]?.finish().ended).to.equal('end');
      await until('no channel is left', () => [desk, lab].every(({ role }) => role.status().every((tunnel) => tunnel.channels.length === 0)));
    });
  }

  it('(an orderly ERROR) takes down that carrier only; channels go on with the next', async () => {
    const stream = streams.findLast((candidate) => !candidate.destroyed) as Duplex;
    const channels = await Promise.all(['acme', 'globex'].map(openChannel));
    const built = streams.length;
    stream.write(encodeJson('ERROR', 0, { code: 'LOST', message: 'this one is to be replaced' }));
    await until('a new carrier', () => streams.length > built && desk.role.status().every(({ state }) => state === 'established'));
    for (const channel of channels) {
      channel.send(Buffer.from('pong'));
      await channel.got(8);
      expect(await channel.finish().ended).to.equal('end');
    }
  });
});
