import { expect } from 'chai';
import { createSocket } from 'node:dgram';
import dns from 'node:dns/promises';
import { once } from 'node:events';
import { syncBuiltinESMExports } from 'node:module';
import { PassThrough } from 'node:stream';
import type { ChannelCode, ChannelRefusal, ChannelRequestBody } from '@lstp/core';
import { until } from '@lstp/core/testing';
import { bundledPlugins } from '@lstp/plugins';
import { Application, ApplicationServer, digestOf, echo } from './support/application.js';
import { lyingPlugins, type Liar } from './support/lying-security.js';
import { deflate, line, packets, passwords } from './support/role-plugins.js';
import { PairPlan, type PairOptions, type TestEnd } from './support/test-end.js';

/** Where the names of this test are. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'loopback.acme': ['127.0.0.1'],
  'loopback6.acme': ['::1'],
  'mapped.acme': ['::ffff:127.0.0.1'],
  'link-local.acme': ['169.254.7.7', 'fe80::7'],
  'metadata.acme': ['169.254.169.254'],
  'metadata6.acme': ['fd00:ec2::254'],
  'unspecified.acme': ['0.0.0.0', '::'],
  'multicast.acme': ['224.0.0.1'],
  'several.acme': ['169.254.169.254', '127.0.0.1', '::1'],
};

interface Case {
  readonly what: string;
  readonly lie: (victim: number) => Partial<ChannelRequestBody>;
  readonly code: ChannelCode;
  readonly reason: RegExp;
}

const CASES: readonly Case[] = [
  { what: 'a service that is not declared', lie: () => ({ service: 'shell' }), code: 'unknown-service', reason: /service shell is not declared for this tunnel in the chain file of lab/ },
  { what: 'a service of another tunnel', lie: () => ({ service: 'secret' }), code: 'unknown-service', reason: /secret is not declared/ },
  { what: 'a name that objects have by nature', lie: () => ({ service: '__proto__' }), code: 'unknown-service', reason: /__proto__ is not declared/ },
  { what: 'a service whose applications connect at the other side', lie: () => ({ service: 'back' }), code: 'denied', reason: /takes applications in at lab/ },
  { what: 'another target than `to`', lie: (victim) => ({ target: `127.0.0.1:${victim}` }), code: 'denied', reason: /service echo has one target, which lab decides/ },
  { what: 'a target outside `allow`', lie: () => ({ service: 'proxy', target: '127.0.0.1:1' }), code: 'denied', reason: /allow of service proxy does not permit 127.0.0.1:1/ },
  { what: 'an address of the victim that no pattern names', lie: (victim) => ({ service: 'proxy', target: `127.0.0.1:${victim}` }), code: 'denied', reason: /does not permit/ },
  { what: 'that address, written for IPv6', lie: (victim) => ({ service: 'proxy', target: `[::ffff:127.0.0.1]:${victim}` }), code: 'denied', reason: /does not permit/ },
  { what: 'that address, as one number', lie: (victim) => ({ service: 'proxy', target: `2130706433:${victim}` }), code: 'denied', reason: /does not permit/ },
  { what: 'the address of every interface', lie: (victim) => ({ service: 'proxy', target: `0.0.0.0:${victim}` }), code: 'denied', reason: /does not permit/ },
  { what: 'localhost', lie: (victim) => ({ service: 'proxy', target: `localhost:${victim}` }), code: 'denied', reason: /does not permit|not allowed/ },
  { what: 'a target that is none', lie: () => ({ service: 'proxy', target: 'nonsense' }), code: 'denied', reason: /does not permit/ },
  { what: 'no target where one is wanted', lie: () => ({ service: 'proxy' }), code: 'denied', reason: /must name one/ },
  { what: 'datagrams of a service of streams', lie: () => ({ kind: 'datagram' }), code: 'denied', reason: /carries stream, not datagram/ },
  { what: 'a listener of a service of streams', lie: () => ({ kind: 'listen' }), code: 'denied', reason: /carries stream, not listen/ },
  { what: 'a stream of a service of datagrams', lie: () => ({ service: 'dns' }), code: 'denied', reason: /carries datagram, not stream/ },
  { what: 'a listener for whom nobody may wait', lie: () => ({ service: 'proxy', kind: 'listen', target: '10.9.9.9:1' }), code: 'denied', reason: /does not permit/ },
  { what: 'a codec where there is none', lie: () => ({ codec: 'deflate' }), code: 'denied', reason: /service echo has no codec in the chain file of lab, not deflate/ },
  { what: 'another codec than the file’s', lie: () => ({ service: 'coded', codec: 'bomb' }), code: 'denied', reason: /has the codec deflate .*, not bomb/ },
  { what: 'a connection of a listener that is none', lie: () => ({ service: 'back', binding: 2 }), code: 'denied', reason: /channel 2 is no binding of service back/ },
  { what: 'a connection of a listener, to reach a back end', lie: () => ({ binding: 1 }), code: 'denied', reason: /channel 1 is no binding of service echo/ },
  { what: 'a carrier of its own where channels share one', lie: () => ({ carrier: 'own', slot: 9 }), code: 'denied', reason: /channels of service echo share carriers/ },
  { what: 'a service for users without one', lie: () => ({ service: 'staff' }), code: 'denied', reason: /the log-in of ann is wrong/ },
];

describe('an end that lies, with a valid key', function () {
  this.timeout(20_000);
  const { lookup } = dns;
  const liar: Liar = { lie: (honest) => honest };
  let victim: ApplicationServer;
  let echoes: ApplicationServer;
  let desk: TestEnd;
  let lab: TestEnd;
  const datagrams = createSocket('udp4');
  let received = 0;

  before(async () => {
    const known = (host: string) => NAMES[host]?.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    dns.lookup = (async (host: string) => known(host) ?? lookup(host, { all: true })) as unknown as typeof lookup;
    syncBuiltinESMExports();
    victim = await ApplicationServer.start(echo);
    echoes = await ApplicationServer.start(echo);
    datagrams.on('message', () => (received += 1)).bind(0, '127.0.0.1');
    await once(datagrams, 'listening');
    const to = `to: "127.0.0.1:${victim.port}"`;
    const options: PairOptions = {
      tunnel: ['login: { plugin: passwords, at: desk, user: ann, password: "bob!ops" }'],
      services: [
        `echo: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}" }`,
        `back: { at: lab, listen: "127.0.0.1:0", ${to} }`,
        'proxy: { plugin: line, at: desk, listen: "127.0.0.1:0", allow: ["*.acme:*", "10.1.0.0/16:22"] }',
        `dns: { plugin: packets, at: desk, to: "127.0.0.1:${datagrams.address().port}" }`,
        `coded: { at: desk, listen: "127.0.0.1:0", ${to}, codec: deflate }`,
        `staff: { at: desk, listen: "127.0.0.1:0", ${to}, users: [ann] }`,
      ],
      globex: [`secret: { at: desk, listen: "127.0.0.1:0", ${to} }`],
    };
    const more = [line, packets, deflate, passwords()];
    const plan = await PairPlan.make();
    lab = await (await plan.end('lab', options, { plugins: [...bundledPlugins, ...more] })).start();
    desk = await (await plan.end('desk', options, { plugins: [...lyingPlugins(liar), ...more] })).start();
    await Promise.all([desk.role.established(), lab.role.established()]);
    await lab.says(/log-in denied/);
  });

  after(async () => {
    dns.lookup = lookup;
    syncBuiltinESMExports();
    await Promise.all([desk.stop(), lab.stop(), victim.stop(), echoes.stop()]);
    datagrams.close();
  });

  afterEach('the tunnel is unharmed, nothing is left, and the victim was never met', async () => {
    liar.lie = (honest) => honest;
    const client = Application.connect(desk.address('echo')).read().send(Buffer.from('honest')).finish();
    expect(await client.ended).to.equal('end');
    expect(client.digest()).to.equal(digestOf(Buffer.from('honest')));
    await until('no channel is left', () => [desk, lab].every(({ role }) => role.status().every(({ channels }) => channels.length === 0)));
    expect([victim.accepted, received]).to.deep.equal([0, 0]);
    expect(lab.log.filter(({ msg }) => msg === 'carrier closed')).to.deep.equal([]);
  });

  /** The code that the liar is answered with, and what is audited of it. */
  async function ask(lie: Partial<ChannelRequestBody>): Promise<{ code: ChannelCode; audits: readonly object[] }> {
    const known = lab.log.length;
    liar.lie = (honest) => ({ ...honest, ...lie });
    const stream = new PassThrough();
    // Data on a listener breaks the protocol, which is another test's business.
    if (lie.kind !== 'listen') stream.write('let me in');
    const { connected } = desk.role.connect({ service: 'echo' }, stream);
    const refusal = await connected.then(() => undefined, (error: ChannelRefusal) => error);
    if (refusal === undefined) throw new Error('the lie was believed');
    return { code: refusal.reason, audits: lab.log.slice(known).filter(({ audit }) => audit === 'denied') };
  }

  function expectAudit(audit: object | undefined, { service = 'echo', kind = 'stream', target }: Partial<ChannelRequestBody>, { code, reason }: Pick<Case, 'code' | 'reason'>): void {
    expect(audit).to.include({ level: 'warn', msg: 'channel denied', peer: 'desk', tunnel: 'acme', service, kind, code, ...(target === undefined ? {} : { target }) });
    expect(audit).to.have.property('reason').that.matches(reason);
  }

  for (const { what, lie, code, reason } of CASES) {
    it(`is denied ${what}, and that is audited once`, async () => {
      const asked = lie(victim.port);
      const answer = await ask(asked);
      expect(answer.code).to.equal(code);
      expect(answer.audits).to.have.length(1);
      expectAudit(answer.audits[0], asked, { code, reason });
    });
  }

  for (const [host, addresses] of Object.entries(NAMES)) {
    it(`is denied a name that \`allow\` permits, since it is at ${addresses.join(', ')}; audited once`, async () => {
      const asked = { service: 'proxy', target: `${host}:${victim.port}` };
      const answer = await ask(asked);
      expect(answer.code).to.equal('denied');
      expect(answer.audits).to.have.length(1);
      expectAudit(answer.audits[0], asked, { code: 'denied', reason: new RegExp(`${host}:${victim.port} is at ${addresses.join(', ')}, which is not allowed`) });
    });
  }

  it('is denied a thousand times in a row, each of them audited', async () => {
    const known = lab.log.length;
    liar.lie = (honest) => ({ ...honest, service: 'shell' });
    const asked = Array.from({ length: 1000 }, () => desk.role.connect({ service: 'echo' }, new PassThrough()).closed);
    expect(new Set(await Promise.all(asked))).to.deep.equal(new Set(['unknown-service']));
    expect(lab.log.slice(known).filter(({ audit }) => audit === 'denied')).to.have.length(1000);
  });
});
