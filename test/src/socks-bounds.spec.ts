/** What bounds SOCKS: the far end's own file, the number of flows, a reload, the end of a node. */
import { expect } from 'chai';
import { handlesSince, openHandles, skipBecause, until } from '@lstp/core/testing';
import { echo, freePorts, TestServer, Workplace } from 'lstp/testing';
import type { ComposedNode } from 'lstp/node';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { eventually } from './support/eventually.js';
import { makeNodes } from './support/in-process-chain.js';
import { ProcessChain } from './support/process-chain.js';
import { SocksClient } from './support/socks-client.js';

/** Of a datagram to a port of loopback. */
function framed(port: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]), Buffer.from(text)]);
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

describe('SOCKS is bounded', function () {
  this.timeout(60_000);

  describe('by what the far end and a reload say:', () => {
    const place = new Workplace();
    let chain: ProcessChain;
    let port: number;
    const service = (more: string): string => `socks: { plugin: socks, at: desk, listen: "127.0.0.1:${port}", allow: ["127.0.0.1:*"]${more} }`;

    before(async () => {
      [port = 0] = await freePorts(1);
      chain = await ProcessChain.make(place);
      chain.write({ route: 'desk > west < lab', services: [service('')] });
      chain.writeAs('lab.yaml', { route: 'desk > west < lab', services: [service(', bind: false, udp: false')] });
      await Promise.all([chain.start('west'), chain.start('lab', { file: 'lab.yaml' }), chain.start('desk')]);
    });
    afterEach(function () {
      if (this.currentTest?.state === 'failed') process.stderr.write(chain.logs());
    });
    after(() => place.remove());

    it('an end that has bind: false listens for nobody, whatever the other end asks', async () => {
      const asking = await (await SocksClient.connect(port)).greet();
      expect((await asking.request(2, '127.0.0.1', 21)).code).to.equal(2);
    });

    it('an end that has udp: false sends no datagram, whatever the other end asks; and says so once for each target', async () => {
      const asking = await (await SocksClient.connect(port)).greet();
      const relay = portOf((await asking.request(3, '0.0.0.0', 0)).bound);
      const own = createSocket('udp4');
      const denials = (): number => chain.running.get('lab')?.stderr.match(/udp: false/g)?.length ?? 0;
      for (let count = 0; count < 20; count += 1) own.send(framed(9, 'x'), relay, '127.0.0.1');
      await until('it is denied', () => denials() > 0);
      for (let count = 0; count < 20; count += 1) own.send(framed(9, 'x'), relay, '127.0.0.1');
      own.send(framed(10, 'x'), relay, '127.0.0.1');
      await until('the other target is denied too', () => denials() > 1);
      expect(denials()).to.equal(2);
      own.close();
      asking.socket.destroy();
    });

    it('a service that is gone tells those who wait, and lets associations go', async () => {
      chain.writeAs('lab.yaml', { route: 'desk > west < lab', services: [service('')] });
      expect((await place.run(['reload', 'lab.yaml', '--as', 'lab'])).status).to.equal(0);
      const [waiting, associated] = await Promise.all([SocksClient.connect(port), SocksClient.connect(port)]);
      expect((await (await waiting.greet()).request(2, '127.0.0.1', 21)).code).to.equal(0);
      expect((await (await associated.greet()).request(3, '0.0.0.0', 0)).code).to.equal(0);
      chain.write({ route: 'desk > west < lab', services: [service(', bind: false')] });
      expect((await place.run(['reload', 'chain.yaml', '--as', 'desk'])).status).to.equal(0);
      expect((await waiting.reply()).code).to.equal(1);
      await Promise.all([waiting.ended, associated.ended]);
    });
  });

  describe('in one process:', () => {
    const place = new Workplace();
    let nodes: Map<string, ComposedNode>;
    let port: number;

    after(() => place.remove());

    async function start({ listen = '127.0.0.1', allow = '127.0.0.1:*' } = {}): Promise<void> {
      const [lab, front = 0] = await freePorts(2);
      port = front;
      nodes = await makeNodes(place.folder, `lstp: 1
nodes:
  desk: {}
  lab: { listen: "127.0.0.1:${lab}" }
tunnels:
  acme:
    route: desk > lab
    services:
      socks: { plugin: socks, at: desk, listen: "${listen}:${port}", allow: ["${allow}"] }
`);
      await Promise.all([...nodes.values()].map((node) => node.start()));
      await Promise.all([...nodes.values()].map((node) => node.established()));
    }

    async function stop(): Promise<void> {
      await Promise.all([...nodes.values()].map((node) => node.stop()));
    }

    it('an application has no more than 256 flows of datagrams; the one idle for longest goes', async () => {
      await start();
      const asking = await (await SocksClient.connect(port)).greet();
      const relay = portOf((await asking.request(3, '0.0.0.0', 0)).bound);
      const [target, own] = [createSocket('udp4').bind(0, '127.0.0.1'), createSocket('udp4').bind(0, '127.0.0.1')];
      await Promise.all([once(target, 'listening'), once(own, 'listening')]);
      const open = (): number => nodes.get('desk')?.status().tunnels[0]?.channels.length ?? 0;
      for (let to = 1; to <= 300; to += 1) {
        own.send(framed(to, 'x'), relay, '127.0.0.1');
        if (to % 50 === 0) await eventually(() => open() >= Math.min(to, 256), () => `${open()} flows after ${to}`);
      }
      own.send(framed(target.address().port, 'last'), relay, '127.0.0.1');
      await once(target, 'message');
      expect(open()).to.equal(256);
      asking.socket.destroy();
      await eventually(() => open() === 0, () => `${open()} flows are left`);
      for (const socket of [target, own]) socket.close();
      await stop();
    });

    it('256 applications wait for a BIND or have an association; the next one is told so, and served once one has left', async () => {
      await start();
      const all: SocksClient[] = [];
      for (let count = 0; count < 256; count += 1) {
        const asking = await (await SocksClient.connect(port)).greet();
        expect((await asking.request(count % 2 === 0 ? 2 : 3, '127.0.0.1', count % 2 === 0 ? 21 : 0)).code).to.equal(0);
        all.push(asking);
      }
      for (const command of [2, 3]) {
        const tooMany = await (await SocksClient.connect(port)).greet();
        expect((await tooMany.request(command, '127.0.0.1', 21)).code).to.equal(1);
        tooMany.socket.destroy();
      }
      const leaving = all[1] as SocksClient;
      leaving.socket.end();
      await leaving.ended;
      const next = await (await SocksClient.connect(port)).greet();
      expect((await next.request(2, '127.0.0.1', 21)).code).to.equal(0);
      for (const { socket } of [...all, next]) socket.destroy();
      await stop();
    });

    it('1024 applications are in the middle of their handshakes; the next one is closed', async () => {
      await start();
      const all: SocksClient[] = [];
      for (let count = 0; count < 1024; count += 1) all.push(await SocksClient.connect(port));
      const tooMany = await SocksClient.connect(port);
      await tooMany.ended;
      const [first] = all as [SocksClient];
      first.socket.end();
      await first.ended;
      const next = await (await SocksClient.connect(port)).greet();
      for (const { socket } of [...all, tooMany, next]) socket.destroy();
      await stop();
    });

    it('nodes that end leave nothing of handshakes, BINDs, associations and connections', async () => {
      const before = openHandles();
      const server = await TestServer.start(echo);
      await start();
      const clients = await Promise.all([1, 2, 3, 4].map(async () => (await SocksClient.connect(port)).greet()));
      const [joined, waiting, associated] = clients as [SocksClient, SocksClient, SocksClient];
      expect((await joined.request(1, '127.0.0.1', server.port)).code).to.equal(0);
      expect((await waiting.request(2, '127.0.0.1', 21)).code).to.equal(0);
      const relay = portOf((await associated.request(3, '0.0.0.0', 0)).bound);
      const own = createSocket('udp4');
      own.send(framed(9, 'x'), relay, '127.0.0.1');
      await eventually(() => nodes.get('lab')?.status().tunnels[0]?.channels.length === 3, () => 'three channels');
      await Promise.all([stop(), server.stop()]);
      await Promise.all(clients.map(({ ended }) => ended));
      for (const { socket } of clients) socket.destroy();
      own.close();
      await until('nothing is left', () => handlesSince(before).length === 0);
    });

    it('whatever byte of a request is another one, its connection comes to an end; and the next one is served', async () => {
      const server = await TestServer.start(echo);
      await start({ allow: `127.0.0.1:${server.port}` });
      const [high, low] = [server.port >> 8, server.port & 255];
      // The port of names is far from the allowed one: none is ever looked up.
      const names = [3, 9, ...Buffer.from('some.acme'), high ^ 255, low ^ 255];
      const requests = [
        [5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, high, low], [5, 2, 2, 0, 5, 1, 0, ...names], [5, 1, 0, 5, 2, 0, 1, 127, 0, 0, 1, high, low], [5, 1, 0, 5, 3, 0, 1, 0, 0, 0, 0, 0, 0],
        [4, 1, high, low, 127, 0, 0, 1, 117, 0], [4, 2, high, low, 127, 0, 0, 1, 0], [4, 1, high ^ 255, low ^ 255, 0, 0, 0, 1, 0, ...Buffer.from('some.acme'), 0],
      ];
      const mutated = requests.flatMap((bytes) => bytes.flatMap((_, at) => [0, 1, 2, 5, 127, 255].map((value) => Buffer.from(bytes.with(at, value)))));
      for (const bytes of mutated) {
        const asking = await SocksClient.connect(port);
        asking.socket.end(bytes);
        await asking.ended;
        asking.socket.destroy();
      }
      const asking = await (await SocksClient.connect(port)).greet();
      expect((await asking.request(1, '127.0.0.1', server.port)).code).to.equal(0);
      asking.socket.destroy();
      await Promise.all([stop(), server.stop()]);
    });

    it('an application on IPv6 gets and uses addresses of IPv6', async function () {
      if (!Object.values(networkInterfaces()).flat().some((one) => one?.address === '::1')) skipBecause(this, 'this machine has no IPv6');
      await start({ listen: '[::1]' });
      const target = createSocket('udp4', (datagram, { port: from, address }) => target.send(datagram, from, address)).bind(0, '127.0.0.1');
      const own = createSocket('udp6').bind(0, '::1');
      await Promise.all([once(target, 'listening'), once(own, 'listening')]);
      const asking = await (await SocksClient.connect(port, '::1')).greet();
      const { code, bound } = await asking.request(3, '0.0.0.0', 0);
      expect([code, bound.replace(/:\d+$/, '')]).to.deep.equal([0, `[${'0'.repeat(31)}1]`]);
      own.send(framed(target.address().port, 'x'), portOf(bound), '::1');
      expect(String(((await once(own, 'message')) as [Buffer])[0].subarray(10))).to.equal('x');
      for (const socket of [target, own]) socket.close();
      asking.socket.destroy();
      await stop();
    });
  });
});
