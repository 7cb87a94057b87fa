import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { handlesSince, openHandles, until } from '@lstp/core/testing';
import { DatagramProgram } from './support/datagrams.js';
import { chainOf, PairPlan, type TestEnd } from './support/test-end.js';

/** The largest datagram of IPv4. */
const MOST_BYTES = 65_507;

describe('a udp service', function () {
  this.timeout(30_000);
  let plan: PairPlan;
  const running: { stop(): Promise<void> }[] = [];

  before(async () => void (plan = await PairPlan.make()));
  afterEach(async () => void (await Promise.all(running.splice(0).map((one) => one.stop()))));

  async function start(service: string): Promise<{ desk: TestEnd; lab: TestEnd }> {
    const ends = await plan.start({ services: [service] });
    running.push(ends.desk, ends.lab);
    return ends;
  }

  async function startServer(host?: string): Promise<DatagramProgram> {
    const server = await DatagramProgram.listen(host);
    running.push(server);
    return server;
  }

  async function startClient(end: TestEnd): Promise<DatagramProgram> {
    const client = await DatagramProgram.connect(end.address('dns'));
    running.push(client);
    return client;
  }

  const service = ({ port }: DatagramProgram, { at = 'desk', listen = '127.0.0.1:0', host = '127.0.0.1', more = '' } = {}) =>
    `dns: { plugin: udp, at: ${at}, listen: "${listen}", to: "${host}:${port}"${more} }`;

  const counts = (end: TestEnd) => end.tunnel().services[0]?.counts ?? {};

  for (const at of ['desk', 'lab'] as const) {
    it(`carries datagrams of every size unchanged and in order, at ${at}`, async () => {
      const ends = await start(service((await startServer()).echo(), { at }));
      const client = await startClient(ends[at]);
      const sizes = [0, 1, 511, 512, 1232, 1472, 1473, 9000, 16_383, 16_384, 16_385, 32_768, 65_506, MOST_BYTES];
      for (const [index, size] of sizes.entries()) {
        const sent = randomBytes(size);
        const { datagram } = await client.send(sent).nth(index);
        expect(datagram.equals(sent), `${size} bytes`).to.equal(true);
      }
      expect(counts(ends[at])).to.include({ 'flows': 1, 'datagrams in': sizes.length, 'datagrams out': sizes.length });
    });
  }

  it('works over IPv6, and between IPv6 and IPv4', async () => {
    for (const [listen, host, ip] of [['[::1]:0', '[::1]', '::1'], ['[::1]:0', '127.0.0.1', '127.0.0.1'], ['127.0.0.1:0', '[::1]', '::1']] as const) {
      const server = (await startServer(ip)).echo();
      const { desk, lab } = await start(service(server, { listen, host }));
      const client = await startClient(desk);
      expect((await client.send('six').nth(0)).datagram.toString()).to.equal('six');
      await Promise.all([desk.stop(), lab.stop()]);
    }
  });

  it('takes IPv4 and IPv6 at one wildcard, and names clients by their own addresses', async () => {
    const { desk } = await start(service((await startServer()).echo(), { listen: '[::]:0' }));
    const { port } = desk.address('dns');
    for (const host of ['127.0.0.1', '::1']) {
      const client = await DatagramProgram.connect({ host, port });
      running.push(client);
      expect((await client.send(host).nth(0)).datagram.toString()).to.equal(host);
    }
    expect(desk.tunnel().channels.map(({ source = '' }) => source.replace(/\d+$/, ''))).to.have.members(['127.0.0.1:', '[::1]:']);
  });

  it('is not compressed, and the check of the file says so', async () => {
    const server = await startServer();
    expect(() => chainOf(plan.text({ services: [service(server, { more: ', codec: zlib' })] }))).to.throw(/codec: "udp" carries datagrams, which are not compressed; leave it out/);
  });

  it('resolves the server’s name at the far end only', async () => {
    const server = (await startServer()).echo();
    const { desk, lab } = await start(service(server, { host: 'no-such-name.invalid' }));
    const client = await startClient(desk);
    client.send('anyone?');
    await lab.says(/channel refused/);
    await until('the flow is gone at both ends', () => desk.tunnel().channels.length + lab.tunnel().channels.length === 0);
    expect(counts(desk)).to.include({ flows: 1 });
    expect(client.got).to.deep.equal([]);
  });

  it('gives each client its own answers, and the server an address for each client', async () => {
    const server = (await startServer()).echo();
    const { desk } = await start(service(server));
    const clients = await Promise.all(Array.from({ length: 5 }, () => startClient(desk)));
    for (const [index, client] of clients.entries()) for (let count = 0; count < 3; count += 1) client.send(`${index} ${count}`);
    for (const [index, client] of clients.entries()) {
      await client.nth(2);
      expect(client.got.map(({ datagram }) => datagram.toString())).to.deep.equal([0, 1, 2].map((count) => `${index} ${count}`));
    }
    expect(new Set(server.got.map(({ from }) => from.port)).size).to.equal(5);
    expect(desk.tunnel().channels.map(({ source }) => source)).to.have.members(clients.map(({ port }) => `127.0.0.1:${port}`));
  });

  it('keeps to its number of flows: the idlest goes, at both ends, and may come again', async () => {
    const server = (await startServer()).echo();
    const { desk, lab } = await start(service(server, { more: ', flows: 2' }));
    const [a, b, c] = [await startClient(desk), await startClient(desk), await startClient(desk)];
    await a.send('a').nth(0);
    await b.send('b').nth(0);
    await a.send('a').nth(1);
    await c.send('c').nth(0);
    await until('b is out', () => lab.tunnel().channels.length === 2);
    expect(desk.tunnel().channels.map(({ source }) => source)).to.have.members([`127.0.0.1:${a.port}`, `127.0.0.1:${c.port}`]);
    expect(counts(desk)).to.include({ 'flows': 3, 'flows evicted': 1 });
    await b.send('b').nth(1);
    expect(counts(desk)).to.include({ 'flows': 4, 'flows evicted': 2 });
  });

  it('ends a flow that is idle, at both ends, and leaves nothing', async () => {
    const before = openHandles();
    const server = (await startServer()).echo();
    const { desk, lab } = await start(service(server, { more: ', idle: 1s' }));
    const client = await startClient(desk);
    await client.send('once').nth(0);
    expect([desk.tunnel().channels.length, lab.tunnel().channels.length]).to.deep.equal([1, 1]);
    await until('the flow is over', () => desk.tunnel().channels.length + lab.tunnel().channels.length === 0);
    expect(counts(desk)).to.include({ 'flows idle': 1 });
    await client.send('again').nth(1);
    expect(counts(desk)).to.include({ flows: 2 });
    await Promise.all(running.splice(0).map((one) => one.stop()));
    await until('no handle is left', () => handlesSince(before).length === 0);
  });

  it('counts what nobody listens for, and the flow goes on', async () => {
    const server = await startServer();
    const { port } = server;
    const { desk, lab } = await start(service(server));
    const client = await startClient(desk);
    client.send('there?');
    await server.nth(0);
    await server.stop();
    running.splice(running.indexOf(server), 1);
    client.send('gone?');
    await until('the refusal is counted', () => (counts(lab)['refused'] ?? 0) > 0);
    const back = (await DatagramProgram.listen('127.0.0.1', port)).echo();
    running.push(back);
    expect((await client.send('back?').nth(0)).datagram.toString()).to.equal('back?');
    expect(counts(desk)).to.include({ flows: 1 });
  });

  it('drops what a channel cannot carry on, counted, and carries the next', async () => {
    const server = (await startServer('127.0.0.1')).echo();
    // What fits IPv6 and not IPv4.
    const { desk, lab } = await start(service(server, { listen: '[::1]:0' }));
    const client = await startClient(desk);
    await client.send('first').nth(0);
    client.send(randomBytes(MOST_BYTES + 20));
    await until('it is counted', () => counts(lab)['too large'] === 1);
    expect((await client.send('next').nth(1)).datagram.toString()).to.equal('next');
  });

  it('drops what a tunnel cannot take in time, counted, and carries on when it can', async () => {
    const server = (await startServer()).echo();
    const [desk, lab] = await Promise.all(['desk', 'lab'].map((node) => plan.end(node as 'desk', { services: [service(server)] }))) as [TestEnd, TestEnd];
    running.push(desk, lab);
    await desk.start();
    const client = await startClient(desk);
    for (let count = 1; count <= 40; count += 1) {
      client.send(randomBytes(20_000));
      await until('the front end has it', () => counts(desk)['datagrams in'] === count);
    }
    const dropped = (end: TestEnd): number => end.tunnel().totals?.dropped ?? 0;
    expect(dropped(desk)).to.be.within(27, 40);
    await lab.start();
    await desk.role.established();
    const got = (): number => client.got.filter(({ datagram }) => datagram.toString() === 'now').length;
    client.send('now');
    await until('the newest comes back', () => got() === 1);
    expect(dropped(desk) + dropped(lab) + (counts(lab)['datagrams out'] ?? 0)).to.equal(41);
  });

  it('keeps what comes while its server’s name is looked up, as much as is good for it', async () => {
    const server = await startServer();
    const { desk, lab } = await start(service(server, { host: 'localhost' }));
    const client = await startClient(desk);
    for (let count = 0; count < 5; count += 1) client.send(`${count}`);
    await until('all that were kept are there', () => server.got.length === 5);
    expect(server.got.map(({ datagram }) => datagram.toString())).to.deep.equal(['0', '1', '2', '3', '4']);
    expect(lab.tunnel().totals?.dropped).to.equal(0);
  });

  it('says why it cannot listen', async () => {
    const taken = await startServer();
    const { desk } = await start(service(taken));
    const { failed } = await desk.role.reload([chainOf(plan.text({ services: [service(taken, { listen: `127.0.0.1:${taken.port}` })] }))]);
    expect(failed.join()).to.match(/service dns failed: cannot listen on 127\.0\.0\.1:\d+ \(udp\): the address is in use; /);
  });
});
