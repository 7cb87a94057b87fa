import { expect } from 'chai';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { LegConnection } from '../../src/io/leg-connection.js';
import { LegHub, pingMsFor } from '../../src/io/leg-hub.js';
import { rendezvousDigest } from '../../src/protocol/digest.js';
import { freezeSetup } from '../../src/protocol/setup.js';
import { nodeCrypto } from '../../src/io/node-crypto.js';
import { namedSigner } from '../../src/testing/index.js';
import { HubPair, Recorder, until } from './hub-pair.js';

const COMMON = rendezvousDigest(nodeCrypto, 'acme');
const key = (node: string) => namedSigner(node).publicKey;

function freeze(node: string, side: 'left' | 'right') {
  const info = { versions: [1], common: COMMON, side, peers: [key('lab')], epoch: 1, instance: Buffer.alloc(16).toString('base64url'), slot: 0, alt: 0, attempt: 1, pingMs: 1000 };
  return freezeSetup(info, node, { crypto: nodeCrypto, signer: namedSigner(node) });
}

describe('io/leg-hub', () => {
  let pair: HubPair;
  const sockets: Duplex[] = [];
  const start = async (...options: ConstructorParameters<typeof HubPair>) => {
    pair = await new HubPair(...options).start();
    return pair;
  };
  afterEach(() => {
    pair.close();
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  /** desk's set-up is answered by west as the other end: gives both legs and their recorders. */
  async function exchanged() {
    await start();
    const [dialing, answering] = [new Recorder(), new Recorder()];
    let inbound: LegConnection | undefined;
    pair.west.register(COMMON, {
      handleSetup: (_setup, leg) => {
        inbound = leg;
        leg.handler = answering;
        const own = freeze('lab', 'right');
        leg.sendSetup(own.cu, own.entry);
      },
    });
    const leg = await pair.dial('set-up', dialing);
    const own = freeze('desk', 'left');
    leg.sendSetup(own.cu, own.entry);
    await dialing.until(({ has }) => has.call(dialing, 'setup'));
    return { leg, inbound: inbound as LegConnection, dialing, answering };
  }

  it('hands a set-up to whoever registered its common name, and the answer back on the same leg', async () => {
    const { leg, inbound, dialing } = await exchanged();
    expect(dialing.news.map(({ type }) => type)).to.deep.equal(['greeted', 'authenticated', 'setup']);
    expect(inbound.peer).to.include({ key: key('desk'), use: 'set-up', node: 'desk' });
    expect([leg.neighbour, inbound.neighbour]).to.deep.equal(['west', 'desk']);
  });

  it('gives out the raw socket when PASS_THROUGH went both ways: paused, bare, what came behind the mark pushed back', async () => {
    const { leg, inbound, dialing, answering } = await exchanged();
    leg.sendPassThrough();
    await answering.until((one) => one.has('pass-through'));
    expect(inbound.transparent).to.equal(false);
    expect(() => inbound.release()).to.throw('before PASS_THROUGH');
    inbound.sendPassThrough();
    const far = inbound.release();
    far.write('follows the mark at once');
    await dialing.until((one) => one.has('pass-through'));
    const near = leg.release();
    sockets.push(near, far);
    for (const socket of [near, far]) {
      expect(socket.isPaused()).to.equal(true);
      for (const event of ['data', 'error', 'close']) expect(socket.listenerCount(event), event).to.equal(0);
    }
    near.setEncoding('utf8').resume();
    expect((await once(near, 'data'))[0]).to.equal('follows the mark at once');
    expect(near.allowHalfOpen && far.allowHalfOpen).to.equal(true);
  });

  it('refuses a set-up that nobody registered for, unless there is a middle', async () => {
    await start();
    const handler = new Recorder();
    const leg = await pair.dial('set-up', handler);
    const own = freeze('desk', 'left');
    leg.sendSetup(own.cu, own.entry);
    await handler.until(({ end }) => end !== undefined);
    expect(handler.end).to.deep.include({ code: 'REFUSED', isTold: true });
    const took = new Promise((resolve) => pair.west.relayTo({ handleSetup: (setup, inbound) => (inbound.close({ code: 'LIMIT' }), resolve(setup.info.side)) }));
    const again = await pair.dial('set-up', new Recorder());
    again.sendSetup(own.cu, own.entry);
    expect(await took).to.equal('left');
  });

  it('drops connections beyond its places without a word, and counts them', async () => {
    await start({ west: { gate: { total: 2, perSource: 8 } } });
    const open = async () => {
      const socket = connect(pair.port, '127.0.0.1');
      sockets.push(socket.on('error', () => undefined));
      return once(socket, 'data').then(() => 'greeted', () => 'dropped');
    };
    expect(await open()).to.equal('greeted');
    const rest = Array.from({ length: 20 }, () => connect(pair.port, '127.0.0.1').on('error', () => undefined));
    sockets.push(...rest);
    const outcomes = await Promise.all(rest.map((socket) => Promise.race([once(socket, 'data').then(() => 'greeted'), once(socket, 'close').then(() => 'dropped')])));
    expect(outcomes.filter((outcome) => outcome === 'greeted').length).to.be.at.most(1);
    expect(pair.west.refusals.get('too many strangers')).to.be.at.least(19);
  });

  it('writes who came, which key, and which was expected, of a stranger that says it is a neighbour', async () => {
    await start();
    const mallory = new LegHub({ node: 'desk', signer: namedSigner('mallory'), log: { debug() {}, info() {}, warn() {} } });
    const handler = new Recorder();
    await mallory.dial({ neighbour: pair.neighbour(), use: 'link', handler });
    await handler.until(({ end }) => end !== undefined);
    expect(handler.end).to.include({ code: 'REFUSED', isTold: true, message: 'no reason was given' });
    const line = pair.lines.find(({ message }) => message.startsWith('connection refused'));
    expect(line?.fields).to.deep.include({ code: 'REFUSED', claimed: { node: 'desk', key: key('mallory') }, expected: [key('desk')] });
    expect(line?.level).to.equal('info');
    mallory.stop();
  });

  it('does not let strangers fill the log', async () => {
    await start();
    for (let stranger = 0; stranger < 40; stranger++) {
      const socket = connect(pair.port, '127.0.0.1');
      socket.end('GET / HTTP/1.0\r\n\r\n');
      await once(socket.resume(), 'close');
    }
    await until(() => pair.lines.filter(({ message }) => message.startsWith('connection refused')).length === 40);
    expect(pair.lines.filter(({ level }) => level === 'info')).to.have.length(30);
  });

  it('is told by the dialer which key the wrong machine has', async () => {
    await start();
    const handler = new Recorder();
    await pair.desk.dial({ neighbour: pair.neighbour({ keys: [key('elsewhere')] }), use: 'link', handler });
    await handler.until(({ end }) => end !== undefined);
    expect(handler.end?.message).to.equal(`the acceptor has the key ${key('west')}, but pinned for it is ${key('elsewhere')}`);
  });

  describe('dials', () => {
    const failure = (promise: Promise<unknown>) => promise.then(() => undefined, (error: Error & { code: string }) => error);

    it('every address in order, and tells the last failure', async () => {
      await start();
      const closed = createServer().listen(0, '127.0.0.1');
      await once(closed, 'listening');
      const { port } = closed.address() as AddressInfo;
      closed.close();
      const dead = { scheme: 'tcp' as const, host: '127.0.0.1', port };
      const addresses = [dead, ...pair.neighbour().addresses];
      const leg = await pair.desk.dial({ neighbour: pair.neighbour({ addresses }), use: 'link', handler: new Recorder() });
      expect(leg.remote).to.equal(`127.0.0.1:${pair.port}`);
      const error = await failure(pair.desk.dial({ neighbour: pair.neighbour({ addresses: [dead] }), use: 'link', handler: new Recorder() }));
      expect(error).to.include({ code: 'ECONNREFUSED', address: `127.0.0.1:${port}` });
    });

    it('another address first, after the machine at one was not the neighbour', async () => {
      await start();
      const other = createServer((socket) => socket.resume().end('I am a printer\r\n')).listen(0, '127.0.0.1');
      await once(other, 'listening');
      const addresses = [{ scheme: 'tcp' as const, host: '127.0.0.1', port: (other.address() as AddressInfo).port }, ...pair.neighbour().addresses];
      const first = new Recorder();
      await pair.desk.dial({ neighbour: pair.neighbour({ addresses }), use: 'link', handler: first });
      await first.until(({ end }) => end !== undefined);
      expect(first.end?.message).to.contain('text protocol');
      const second = await pair.desk.dial({ neighbour: pair.neighbour({ addresses }), use: 'link', handler: new Recorder() });
      expect(second.remote).to.equal(`127.0.0.1:${pair.port}`);
      other.close();
    });

    it('four at once to one neighbour, the rest in turn', async () => {
      await start();
      const recorders = Array.from({ length: 20 }, () => new Recorder());
      await Promise.all(recorders.map(async (handler) => {
        await pair.dial('standby', handler);
        await handler.until((one) => one.has('authenticated'));
      }));
      expect(pair.west.standbyCount).to.equal(8);
    });

    it('nothing that it cannot, and says so', async () => {
      await start();
      const dial = (members: Parameters<HubPair['neighbour']>[0]) => failure(pair.desk.dial({ neighbour: pair.neighbour(members), use: 'link', handler: new Recorder() }));
      expect(await dial({ addresses: [] })).to.include({ code: 'ERR_LSTP_NO_ADDRESS' });
      expect(await dial({ addresses: [{ scheme: 'wss', host: 'west.example.net', port: 443, path: '/x' }] })).to.include({ code: 'ERR_LSTP_SCHEME' });
      expect(await dial({ paths: [{ through: ['socks5://fw'] }] })).to.include({ code: 'ERR_LSTP_EGRESS' });
    });

    it('until it is called off', async () => {
      await start();
      const off = new AbortController();
      const dialed = failure(pair.desk.dial({ neighbour: pair.neighbour(), use: 'link', handler: new Recorder(), signal: off.signal }));
      off.abort();
      expect(await dialed).to.include({ code: 'ERR_LSTP_DIAL_TIMEOUT' });
    });
  });

  describe('standby legs', () => {
    it('are given to who wants one, and replaced when they were used', async () => {
      await start();
      const used: LegConnection[] = [];
      pair.desk.relayTo({ handleSetup: (_setup, leg) => void used.push(leg) });
      pair.desk.keep(pair, { standbys: [pair.neighbour()], links: [] });
      const own = freeze('lab', 'right');
      for (let use = 1; use <= 3; use++) {
        await new Promise<void>((resolve) => {
          pair.west.wantStandby([key('desk')], (leg) => {
            leg.handler = new Recorder();
            leg.sendSetup(own.cu, own.entry);
            resolve();
          });
        });
        await until(() => used.length === use);
      }
      await until(() => pair.west.standbyCount === 1);
      pair.desk.keep(pair, { standbys: [], links: [] });
      await until(() => pair.west.standbyCount === 0);
    });

    it('come back when the neighbour was away', async () => {
      await start();
      pair.desk.keep(pair, { standbys: [pair.neighbour()], links: [pair.neighbour()] });
      await until(() => pair.west.standbyCount === 1 && pair.west.linkCount === 1);
      const { port, west } = pair;
      west.stop();
      await pair.start(port);
      await until(() => pair.west.standbyCount === 1 && pair.west.linkCount === 1 && pair.desk.linkCount === 1);
    });

    it('are not wanted any more when that was called off', async () => {
      await start();
      let taken = 0;
      pair.west.wantStandby([key('desk')], () => (taken += 1))();
      await pair.dial('standby');
      await until(() => pair.west.standbyCount === 1);
      expect(taken).to.equal(0);
    });
  });

  describe('link legs', () => {
    it('carry SHUTDOWN both ways', async () => {
      await start();
      pair.desk.keep(pair, { standbys: [], links: [pair.neighbour()] });
      await until(() => pair.west.linkCount === 1 && pair.desk.linkCount === 1);
      const atDesk = new Promise((resolve) => pair.desk.onLinkNews((body, from) => resolve({ body, from })));
      const atWest = new Promise((resolve) => pair.west.onLinkNews((body, from) => resolve({ body, from })));
      pair.west.tell({ node: 'west', deadlineMs: 1 });
      pair.desk.tell({ node: 'desk', deadlineMs: 2 }, [key('west')]);
      expect(await atDesk).to.deep.equal({ body: { node: 'west', deadlineMs: 1 }, from: key('west') });
      expect(await atWest).to.deep.equal({ body: { node: 'desk', deadlineMs: 2 }, from: key('desk') });
    });

    it('are dialed where the neighbour is now, once that has changed', async () => {
      await start();
      const elsewhere = pair.neighbour({ addresses: [{ scheme: 'tcp', host: '127.0.0.1', port: 1 }] });
      pair.desk.keep(pair, { standbys: [elsewhere], links: [elsewhere] });
      pair.desk.keep(pair, { standbys: [pair.neighbour()], links: [pair.neighbour()] });
      await until(() => pair.west.linkCount === 1 && pair.west.standbyCount === 1);
    });

    it('are left alone where nothing has changed', async () => {
      await start();
      pair.desk.keep(pair, { standbys: [], links: [pair.neighbour()] });
      await until(() => pair.west.linkCount === 1 && pair.desk.linkCount === 1);
      pair.desk.keep(pair, { standbys: [], links: [pair.neighbour()] });
      expect(pair.desk.linkCount).to.equal(1);
    });

    it('bring news that is older than they are, as long as its deadline is to come', async () => {
      let now = 0;
      await start({ west: { now: () => now } });
      pair.west.tell({ node: 'east', deadlineMs: 30_000 }, [key('desk')]);
      pair.west.tell({ node: 'south', deadlineMs: 100 }, [key('desk')]);
      pair.west.tell({ node: 'north', deadlineMs: 30_000 }, [key('somebody else')]);
      now = 1000;
      const heard: unknown[] = [];
      pair.desk.onLinkNews((body) => heard.push(body));
      pair.desk.keep(pair, { standbys: [], links: [pair.neighbour()] });
      await until(() => heard.length > 0);
      pair.west.tell({ node: 'west', deadlineMs: 1 });
      await until(() => heard.length > 1);
      expect(heard).to.deep.equal([{ node: 'east', deadlineMs: 29_000 }, { node: 'west', deadlineMs: 1 }]);
    });

    it('are one of each neighbour', async () => {
      await start();
      const [first, second] = [new Recorder(), new Recorder()];
      await pair.dial('link', first);
      await first.until((one) => one.has('authenticated'));
      await pair.dial('link', second);
      await first.until(({ end }) => end !== undefined);
      expect(first.end).to.include({ code: 'SUPERSEDED' });
      expect(pair.west.linkCount).to.equal(1);
    });
  });

  it('closes legs of neighbours that it no longer knows', async () => {
    await start();
    const handler = new Recorder();
    await pair.dial('link', handler);
    await handler.until((one) => one.has('authenticated'));
    await until(() => pair.west.linkCount === 1);
    pair.west.know(pair, { neighbours: [] });
    await handler.until(({ end }) => end !== undefined);
    expect(handler.end).to.include({ code: 'REFUSED' });
    expect(pair.west.linkCount).to.equal(0);
  });

  it('names address and remedy when it cannot listen', async () => {
    await start();
    const listen = [{ scheme: 'tcp' as const, host: '127.0.0.1', port: pair.port }];
    const second = new LegHub({ node: 'x', signer: namedSigner('x'), log: { debug() {}, info() {}, warn() {} }, listen });
    const error = await second.start().then(() => undefined, (reason: Error) => reason);
    expect(error).to.include({ code: 'ERR_LSTP_ADDRESS_IN_USE' });
    expect(error?.message).to.equal(`cannot listen on 127.0.0.1:${pair.port}: another program listens there; end it, or choose another port in \`listen\``);
  });

  it('asks for signs of life so often that a frozen neighbour is found within 5 s, unless it has thousands of legs', () => {
    for (const legs of [0, 1, 1000, 2000]) expect(3 * pingMsFor(legs), `${legs}`).to.be.at.most(5000);
    for (const legs of [5000, 15_000]) expect((legs * 1000) / pingMsFor(legs), `${legs}`).to.be.at.most(1250);
    expect(pingMsFor(1_000_000)).to.equal(15_000);
  });

  it('survives a stall of its own that is longer than its patience', async () => {
    await start({ desk: { pingMs: 100 }, west: { pingMs: 100 } });
    const handler = new Recorder();
    await pair.dial('link', handler);
    await handler.until((one) => one.has('authenticated'));
    for (let stall = 0; stall < 3; stall++) {
      const cell = new Int32Array(new SharedArrayBuffer(4));
      Atomics.wait(cell, 0, 0, 400);
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    }
    expect(handler.end).to.equal(undefined);
    expect(pair.west.linkCount).to.equal(1);
  });
});
