import { expect } from 'chai';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { directDialer, type LegDialer } from '@lstp/core';
import { ending, take, takeAll } from './support/bytes.js';
import { Lab, type LabOptions } from './support/lab.js';

describe('middle', () => {
  let lab: Lab;
  const up = async (routes: string | readonly string[], options?: LabOptions) => {
    lab = await Lab.up(routes, options);
    return lab;
  };
  afterEach(() => lab?.close());

  for (const route of [
    'desk > west < lab',
    'desk > west > lab',
    'desk < west < lab',
    'desk < west > lab',
    'desk > west > east < lab',
    'desk < west > east < lab',
    'desk > west < east > lab',
    'desk < west < east > south > lab',
    'lab > desk',
  ]) {
    it(`carries bytes both ways over ${route}`, async () => {
      await up(route);
      const { left, right } = await lab.carrier();
      left.write('from the left');
      right.write('from the right');
      expect(String(await take(right, 13))).to.equal('from the left');
      expect(String(await take(left, 14))).to.equal('from the right');
      for (const end of lab.ends.values()) expect(end.nodes).to.deep.equal(route.split(/ [<>] /));
    });
  }

  for (const [first, second] of [
    ['desk', 'lab'],
    ['lab', 'desk'],
  ] as const) {
    it(`pairs when ${first} comes first, and says meanwhile for whom it waits`, async () => {
      await up('desk > west < lab');
      const waiting = lab.end(first).connect();
      while (lab.role('west').status().parked === 0) await new Promise(setImmediate);
      expect(lab.role('west').status()).to.include({ parked: 1, waiting: 0, paired: 0 });
      expect(lab.role('west').status().legs[0]).to.include({ tunnel: 'acme', side: first === 'desk' ? 'left' : 'right', from: first, state: 'parked' });
      const other = lab.end(second).connect();
      for (const socket of await Promise.all([waiting, other])) lab.track(socket);
      expect(lab.end(first).progress).to.deep.equal([`waiting for ${second} at west`]);
      expect(lab.role('west').status()).to.include({ parked: 0, paired: 2 });
    });
  }

  it('moves megabytes unchanged, both ways at once, and counts them', async () => {
    await up('desk > west > east < lab');
    const { left, right } = await lab.carrier();
    const [there, back] = [Buffer.alloc(3_000_000, 'there'), Buffer.alloc(2_000_000, 'back')];
    left.end(there);
    right.end(back);
    const [gotRight, gotLeft] = await Promise.all([takeAll(right), takeAll(left)]);
    expect(gotRight.equals(there) && gotLeft.equals(back)).to.equal(true);
    expect(lab.role('west').status().bytes).to.equal(5_000_000);
  });

  it('keeps the other direction open when one has ended', async () => {
    await up('desk > west > east < lab');
    const { left, right } = await lab.carrier();
    left.end('question');
    expect(String(await takeAll(right))).to.equal('question');
    right.end('answer');
    expect(String(await takeAll(left))).to.equal('answer');
  });

  it('hands on a reset', async () => {
    await up('desk > west > east < lab');
    const { left, right } = await lab.carrier();
    left.write('x');
    await take(right, 1);
    left.resetAndDestroy();
    expect(await ending(right)).to.equal('ECONNRESET');
  });

  it('stops the sender when the receiver does not read, within its limit, and loses nothing', async () => {
    await up('desk > west < lab', { limits: { directionBytes: 65_536 } });
    const { left, right } = await lab.carrier();
    right.pause();
    const block = Buffer.alloc(65_536, 'x');
    let sent = 0;
    while (left.writableLength < 4_000_000 && sent < 64_000_000) {
      left.write(block);
      sent += block.length;
      await new Promise(setImmediate);
    }
    expect(left.writableLength).to.be.greaterThan(0);
    left.end();
    expect((await takeAll(right)).length).to.equal(sent);
  });

  it('closes a pair in which nothing moves for three times the greater pingMs', async () => {
    await up('desk > west < lab');
    for (const end of lab.ends.values()) end.pingMs = 100;
    const { left, right } = await lab.carrier();
    expect(await Promise.all([ending(left), ending(right)])).to.have.length(2);
    expect(lab.role('west').status().events?.['pair ended: silent']).to.equal(1);
    expect(lab.role('west').status().legs).to.deep.equal([]);
  });

  it('closes the other leg when an end is lost, and takes it again', async () => {
    await up('desk > west > east < lab');
    const first = await lab.carrier();
    first.left.destroy();
    await ending(first.right);
    const second = await lab.carrier();
    second.left.write('again');
    expect(String(await take(second.right, 5))).to.equal('again');
  });

  it('comes up again after a middle was killed', async () => {
    await up('desk < west > east < lab');
    const first = await lab.carrier();
    const gone = Promise.all([ending(first.left), ending(first.right)]);
    lab.stopNode('west');
    await gone;
    await lab.restartNode('west');
    const second = await lab.carrier();
    second.right.write('again');
    expect(String(await take(second.left, 5))).to.equal('again');
  });

  it('tells the waiting end when the next neighbour cannot be dialed', async () => {
    await up('desk > west > lab', { later: ['lab'] });
    const refused = await lab.end('desk').connect().catch((error: Error) => error.message);
    expect(refused).to.match(/^UNREACHABLE: west cannot reach lab at 127\.0\.0\.1:\d+: ECONNREFUSED$/);
    expect(lab.end('desk').progress.at(-1)).to.match(/^west cannot reach lab at .*: ECONNREFUSED$/);
  });

  it('closes the other leg when one breaks while PASS_THROUGH is written to it, and goes on', async () => {
    const lines = new Map<string, Socket>();
    const dialer: LegDialer = {
      dial: async (target, signal) => {
        const dialed = await directDialer.dial(target, signal);
        lines.set(target.neighbour, dialed.stream as Socket);
        return dialed;
      },
    };
    await up('desk > west > lab', { dialer, pingMs: 60_000 });
    const carrier = lab.end('desk').connect();
    while (lab.end('lab').asked === 0) await new Promise(setImmediate);
    // Lab takes nothing more of what west sends; it has all that it needs to answer, and to be the first that passes through.
    const line = lines.get('lab') as Socket;
    line.cork();
    line.write(Buffer.alloc(262_145));
    const lost = lab.end('lab').connect().catch((error: Error) => error.message);
    await ending(lab.track(await carrier));
    expect(await lost).to.match(/^LOST: /);
    expect(lab.role('west').status()).to.include({ waiting: 0, paired: 0 });
    const { left, right } = await lab.carrier();
    left.write('again');
    expect(String(await take(right, 5))).to.equal('again');
    expect(lab.role('west').status().events?.['paired']).to.equal(1);
  });

  describe('refuses', () => {
    const stranger = async (port: number): Promise<Socket> => {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      await once(socket, 'connect');
      return lab.track(socket);
    };

    it('a browser, in one word, and writes a clear line', async () => {
      await up('desk > west < lab');
      const socket = await stranger(lab.port('west'));
      socket.write('GET / HTTP/1.1\r\nHost: west\r\n\r\n');
      const said = String(await takeAll(socket));
      expect(said).to.contain('{"code":"REFUSED"}');
      expect((await lab.log.line('text protocol')).fields).to.include({ code: 'REFUSED' });
    });

    it('a TLS client', async () => {
      await up('desk > west < lab');
      const socket = await stranger(lab.port('west'));
      socket.write(Buffer.from('1603010200010001fc0303', 'hex'));
      expect(String(await takeAll(socket))).to.contain('{"code":"REFUSED"}');
      await lab.log.line('speaks TLS');
    });

    it('an end that another chain file pins differently, and logs which key came', async () => {
      await up('desk > west < lab');
      const changes = lab.role('west').reload([lab.makeChain(['desk > west < lab'], { desk: lab.chain.nodes.get('lab')?.keys[0] as string, lab: lab.chain.nodes.get('desk')?.keys[0] as string })]);
      expect(changes).to.deep.equal(['relayed tunnel acme has other keys, addresses or routes']);
      const refused = await lab.end('desk').connect().catch((error: Error) => error.message);
      expect(refused).to.match(/^(ROUTE|REFUSED): /);
      await lab.log.line('set-up refused');
    });

    it('an older process of an end while a newer one lives, and says since when that runs', async () => {
      await up('desk > west < lab');
      await lab.carrier();
      const desk = lab.end('desk');
      const since = desk.epoch;
      desk.epoch -= 1000;
      desk.instance = Buffer.alloc(16, 1).toString('base64url');
      const refused = await desk.connect().catch((error: unknown) => (error as { over: unknown }).over);
      expect(refused).to.include({ code: 'SUPERSEDED', since });
    });
  });

  it('lets a newer process of an end take over at once', async () => {
    await up('desk > west < lab');
    const old = await lab.carrier();
    const ended = ending(old.right);
    const desk = lab.end('desk');
    desk.epoch += 1000;
    desk.instance = Buffer.alloc(16, 2).toString('base64url');
    const newer = desk.connect();
    await ended;
    const [left, right] = await Promise.all([newer, lab.end('lab').connect()]);
    lab.track(left).write('new');
    expect(String(await take(lab.track(right), 3))).to.equal('new');
  });

  describe('drains:', () => {
    it('keeps pairs until they have ended, and refuses what comes', async () => {
      await up('desk > west < lab');
      const { left, right } = await lab.carrier();
      const drained = lab.role('west').drain(10_000);
      left.write('still');
      expect(String(await take(right, 5))).to.equal('still');
      await lab.end('desk').connect().then(() => expect.fail('a listener was still there'), () => undefined);
      left.end();
      right.end();
      left.resume();
      right.resume();
      await drained;
    });

    it('cuts them at the deadline', async () => {
      await up('desk > west < lab');
      const { left, right } = await lab.carrier();
      const ended = Promise.all([ending(left), ending(right)]);
      await lab.role('west').drain(20);
      await ended;
    });

    it('tells the ends, over every middle between', async () => {
      await up('desk > west > east < lab');
      await lab.carrier();
      const told = new Promise((resolve) => {
        lab.hubs.get('desk')?.onLinkNews((body) => resolve(body));
      });
      const desk = lab.hubs.get('desk');
      const [neighbour] = [...lab.chain.nodes.values()].filter(({ name }) => name === 'west');
      const links = [{ node: 'west', keys: neighbour?.keys ?? [], addresses: neighbour?.address ?? [], paths: [{ through: [] }] }];
      desk?.keep(lab, { standbys: [], links });
      while ((lab.hubs.get('west')?.linkCount ?? 0) < 2) await new Promise(setImmediate);
      void lab.role('east').drain(5000);
      expect(await told).to.deep.equal({ node: 'east', deadlineMs: 5000 });
    });
  });

  it('leaves nothing behind', async () => {
    await up('desk > west > east < lab');
    const { left, right } = await lab.carrier();
    left.end();
    right.end();
    await Promise.all([takeAll(left), takeAll(right)]);
    while (lab.role('west').status().legs.length + lab.role('east').status().legs.length > 0) await new Promise(setImmediate);
    expect(lab.role('west').status()).to.include({ parked: 0, waiting: 0, paired: 0 });
  });
});
