import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { Pool } from '../../src/protocol/pool.js';
import { FrameReader } from '../../src/protocol/frame.js';
import { peerOf, TunnelPair, writeAll, type End, type Wire } from './tunnel-pair.js';

function typesOf(end: End): string[] {
  return end.events.map(({ type }) => type);
}

/** Names of frames that are under way from `from`. */
function underWay(wire: Wire, from: End): string[] {
  const reader = new FrameReader('carrier');
  const names = [];
  for (const bytes of wire.underWay.get(from) ?? []) {
    reader.push(bytes);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) names.push(frame.name);
  }
  return names;
}

describe('a tunnel, when something goes wrong:', () => {
  describe('credit and memory', () => {
    it('a write of more than a frame arrives whole', () => {
      const pair = new TunnelPair();
      pair.connect();
      const app = pair.left.open({}, pair.now);
      const data = randomBytes(200_000);
      pair.left.write(app, data, pair.now);
      pair.run();
      expect(Buffer.concat(peerOf(pair, pair.left, app).received).equals(data)).to.equal(true);
    });

    it('a write of nothing is not taken for the end', () => {
      const pair = new TunnelPair();
      pair.connect();
      const app = pair.left.open({}, pair.now);
      pair.left.write(app, Buffer.alloc(0), pair.now);
      pair.left.write(app, Buffer.from('more'), pair.now);
      pair.run();
      expect(peerOf(pair, pair.left, app)).to.include({ ended: false });
      expect(Buffer.concat(peerOf(pair, pair.left, app).received).toString()).to.equal('more');
    });

    it('stalled readers that fill what a tunnel retains do not stop the others', () => {
      const pair = new TunnelPair({ retainBytes: 100_000 });
      pair.connect();
      pair.right.reads = false;
      const stalled = pair.left.open({}, pair.now);
      writeAll(pair, stalled, randomBytes(600_000));
      pair.run();
      expect(pair.left.tunnel.retained).to.be.above(100_000);
      pair.right.reads = true;
      const other = pair.left.open({}, pair.now);
      for (let count = 0; count < 50; count += 1) {
        expect(pair.left.write(other, Buffer.alloc(10_000), pair.now), `write ${count}`).to.equal(true);
        pair.run(150);
      }
    });

    it('who waited because of the ledger goes on as soon as there is room', () => {
      const pair = new TunnelPair({ retainBytes: 100_000 });
      pair.connect();
      pair.run();
      const [first, second] = [pair.left.open({}, pair.now), pair.left.open({}, pair.now)];
      expect(pair.left.write(first, Buffer.alloc(90_000), pair.now)).to.equal(true);
      expect(pair.left.write(second, Buffer.alloc(50_000), pair.now)).to.equal(false);
      pair.run(100);
      expect(pair.left.events.filter((event) => event.type === 'writable' && event.channel === second.channel)).to.have.length(1);
    });

    it('what a done channel has not taken counts against the pool until it is taken', () => {
      const pool = new Pool(10_000_000);
      const pair = new TunnelPair({ pool, poolShare: 0 });
      pair.connect();
      const app = pair.left.open({}, pair.now);
      for (let round = 0; round < 40; round += 1) {
        pair.left.write(app, Buffer.alloc(60_000), pair.now);
        pair.run(4);
      }
      expect(pool.lent).to.be.above(0);
      pair.right.reads = false;
      const server = peerOf(pair, pair.left, app);
      pair.left.write(app, Buffer.alloc(5000), pair.now);
      pair.left.tunnel.finish(app.channel, pair.now);
      pair.right.tunnel.finish(server.channel, pair.now);
      pair.run();
      expect([server.closed, app.closed]).to.deep.equal(['done', 'done']);
      expect(pool.lent).to.be.above(0);
      pair.right.take(server, server.untaken, pair.now);
      expect(pool.lent).to.equal(0);
    });

    it('a done channel whose socket is gone gives the pool back with reset()', () => {
      const pool = new Pool(10_000_000);
      const pair = new TunnelPair({ pool, poolShare: 0 });
      pair.connect();
      const app = pair.left.open({}, pair.now);
      for (let round = 0; round < 40; round += 1) {
        pair.left.write(app, Buffer.alloc(60_000), pair.now);
        pair.run(4);
      }
      pair.right.reads = false;
      const server = peerOf(pair, pair.left, app);
      pair.left.write(app, Buffer.alloc(5000), pair.now);
      pair.left.tunnel.finish(app.channel, pair.now);
      pair.right.tunnel.finish(server.channel, pair.now);
      pair.run();
      pair.right.tunnel.reset(server.channel, { code: 'reset', message: '' }, pair.now);
      expect(pool.lent).to.equal(0);
    });
  });

  describe('opening', () => {
    it('channels that were opened before the peer was known, and are too many for it, are refused', () => {
      const pair = new TunnelPair();
      const few = new TunnelPair({ maxChannels: 2 });
      Object.assign(pair, { right: few.right });
      const apps = Array.from({ length: 3 }, () => pair.left.open({}, pair.now));
      pair.connect();
      pair.run();
      expect(apps.map(({ closed }) => closed)).to.deep.equal([undefined, undefined, 'limit']);
      expect(() => pair.left.open({}, pair.now)).to.throw(/2 channels are open already/);
    });

    it('a request that the peer could not read is refused here', () => {
      const pair = new TunnelPair();
      expect(() => pair.left.open({ target: 'host\nname:1' }, pair.now)).to.throw(/CONNECTION_REQUEST.target: expected text without control characters/);
      expect(() => pair.left.open({ service: 'x'.repeat(64) }, pair.now)).to.throw(/at most 63/);
    });

    it('the reason of a refusal may have several lines', () => {
      const pair = new TunnelPair();
      pair.connect();
      pair.right.answer = (end, event) => end.tunnel.refuse(event.channel, { code: 'unreachable', message: 'no route\nto host' }, pair.now);
      pair.left.open({}, pair.now);
      pair.run();
      const closed = pair.left.events.find((event) => event.type === 'closed');
      expect(closed?.type === 'closed' && closed.message).to.equal('no route to host');
    });
  });

  describe('several carriers', () => {
    it('the peer hears at once that one is lost, and does not wait for its pings', () => {
      const pair = new TunnelPair();
      const first = pair.connect(0);
      pair.connect(1);
      pair.run();
      const app = pair.left.open({}, pair.now);
      pair.run();
      first.noticed.add(pair.right);
      first.cut();
      pair.right.write(peerOf(pair, pair.left, app), Buffer.from('sent into nothing'), pair.now);
      pair.run(50);
      expect(Buffer.concat(app.received).toString()).to.equal('sent into nothing');
    });

    it('a release is answered where it was asked for', () => {
      const pair = new TunnelPair();
      const [first, second] = [pair.connect(0), pair.connect(1)];
      pair.run();
      const app = pair.left.open({}, pair.now);
      pair.run();
      pair.right.tunnel.handleLost(first.carriers.get(pair.right)!, pair.now);
      pair.run(50);
      pair.left.tunnel.reset(app.channel, { code: 'reset', message: '' }, pair.now);
      pair.transmit(second, pair.left);
      pair.deliver(second, pair.left);
      pair.transmit(second, pair.right);
      expect(underWay(second, pair.right)).to.include('SERVICE_FREE_RESPONSE');
    });

    it('a replaced carrier goes without an interruption', () => {
      const pair = new TunnelPair();
      const first = pair.connect(0);
      pair.run();
      const app = pair.left.open({}, pair.now);
      writeAll(pair, app, randomBytes(300_000));
      pair.step();
      pair.connect(0);
      pair.run();
      expect(first.broken).to.equal(true);
      expect(typesOf(pair.left)).to.not.include('interrupted');
      expect(Buffer.concat(peerOf(pair, pair.left, app).received)).to.have.length(300_000);
    });

    it('a new attempt ends an older one for its slot that is not alive yet', () => {
      const pair = new TunnelPair();
      const first = pair.connect(0);
      pair.connect(0);
      pair.settle();
      expect(first.broken).to.equal(true);
      pair.run();
      expect(pair.left.tunnel.established && pair.right.tunnel.established).to.equal(true);
    });

    it('an own carrier that is lost before the channel is granted does not hold it up', () => {
      const pair = new TunnelPair();
      pair.connect();
      pair.run();
      pair.right.answer = () => undefined;
      const app = pair.left.open({ carrier: 'own' }, pair.now);
      pair.run(100);
      const own = pair.connect(app.channel.request.slot);
      pair.run(100);
      own.cut();
      pair.run(100);
      const server = peerOf(pair, pair.left, app);
      pair.right.tunnel.accept(server.channel, pair.now);
      pair.right.tunnel.begin(server.channel, undefined, pair.now);
      pair.left.write(app, Buffer.from('over the lead'), pair.now);
      pair.run(100);
      expect(Buffer.concat(server.received).toString()).to.equal('over the lead');
    });

    it('an own carrier that does not come in time is a refusal', () => {
      const pair = new TunnelPair();
      pair.connect();
      pair.right.answer = (end, event) => end.tunnel.accept(event.channel, pair.now);
      const app = pair.left.open({ carrier: 'own' }, pair.now);
      pair.run(29_000);
      expect(app.closed).to.equal(undefined);
      pair.run(2000);
      expect(app.closed).to.equal('no-carrier');
    });
  });

  describe('time', () => {
    it('early and late calls of handleTimeout() change nothing that is not due', () => {
      const pair = new TunnelPair();
      pair.connect();
      const app = pair.left.open({}, pair.now);
      pair.run();
      for (let count = 0; count < 20; count += 1) for (const { tunnel } of pair.ends) tunnel.handleTimeout(pair.now);
      expect(pair.left.tunnel.established).to.equal(true);
      for (const { tunnel } of pair.ends) tunnel.handleTimeout(pair.now + 1_000_000);
      pair.now += 1_000_000;
      pair.run();
      expect(pair.left.tunnel.established && pair.right.tunnel.established).to.equal(true);
      expect(app.closed).to.equal(undefined);
    });

    it('channels are held for the grace time and no longer', () => {
      const pair = new TunnelPair({ graceMs: 5000 });
      const wire = pair.connect();
      const app = pair.left.open({}, pair.now);
      pair.run();
      wire.cut();
      const { instance } = pair.left.tunnel;
      pair.run(4900);
      expect([app.closed, pair.left.tunnel.instance]).to.deep.equal([undefined, instance]);
      pair.run(200);
      expect(app.closed).to.equal('timeout');
      expect(pair.left.tunnel.instance).to.not.equal(instance);
      expect(pair.left.tunnel.deadline).to.equal(Infinity);
    });

    it('a line on which everything takes longer than 30 s is slow, and not a peer that does not acknowledge', () => {
      const pair = new TunnelPair();
      const wire = pair.connect();
      pair.run();
      const apps = Array.from({ length: 40 }, () => pair.left.open({}, pair.now));
      pair.run();
      for (const app of apps) pair.left.write(app, Buffer.alloc(64_000), pair.now);
      for (let count = 0; count < 1200; count += 1) {
        pair.now += 100;
        for (const { tunnel } of pair.ends) tunnel.handleTimeout(pair.now);
        pair.settle();
        // 200 kbit/s, and there is room on the way for all that may be sent.
        pair.transmit(wire, pair.left);
        pair.deliver(wire, pair.left, 2500);
        pair.transmit(wire, pair.right);
        while (pair.deliver(wire, pair.right));
      }
      expect(pair.left.events.filter(({ type }) => type === 'carrier-closed')).to.deep.equal([]);
      expect(apps.map(({ channel }) => channel.out.retained)).to.deep.equal(apps.map(() => 0));
    });

    it('a peer that has paused a channel does not owe an answer to what was lost with a carrier', () => {
      const pair = new TunnelPair({ pool: new Pool(0) });
      const wire = pair.connect();
      const app = pair.left.open({}, pair.now);
      pair.run();
      pair.left.reads = false;
      const far = peerOf(pair, pair.left, app);
      const data = Buffer.alloc(50_000, 'x');
      pair.right.write(far, data, pair.now);
      pair.transmit(wire, pair.right);
      // More than a channel may hold when the pool is empty, and not all.
      pair.deliver(wire, pair.right, 20_000);
      pair.transmit(wire, pair.left);
      while (pair.deliver(wire, pair.left));
      expect(far.channel.out.paused).to.equal(true);
      wire.cut();
      pair.run(10);
      pair.connect();
      pair.run(120_000);
      expect([...pair.left.events, ...pair.right.events].filter(({ type }) => type === 'closed')).to.deep.equal([]);
      pair.left.reads = true;
      pair.left.take(app, app.untaken, pair.now);
      pair.run();
      expect(Buffer.concat(app.received).equals(data)).to.equal(true);
    });

    it('a peer that does not acknowledge is given up after 30 s', () => {
      const pair = new TunnelPair();
      const wire = pair.connect();
      pair.run();
      const app = pair.left.open({}, pair.now);
      pair.transmit(wire, pair.left);
      wire.underWay.get(pair.left)!.length = 0;
      pair.run(29_000);
      expect(app.closed).to.equal(undefined);
      pair.run(11_000);
      expect(app.closed).to.equal('reset');
      const closed = pair.left.events.findLast((event) => event.type === 'carrier-closed');
      expect(closed?.type === 'carrier-closed' && closed.code).to.equal('TIMEOUT');
    });
  });

  describe('shutting down', () => {
    it('ends when the last channel has ended', () => {
      const pair = new TunnelPair();
      pair.connect();
      const app = pair.left.open({}, pair.now);
      pair.run();
      pair.left.tunnel.shutdown(60_000, pair.now);
      pair.run();
      expect(() => pair.left.open({}, pair.now)).to.throw(/shutting down/);
      expect(typesOf(pair.right)).to.include('peer-shutdown');
      expect(typesOf(pair.left)).to.not.include('ended');
      for (const [end, one] of [[pair.left, app], [pair.right, peerOf(pair, pair.left, app)]] as const) end.tunnel.finish(one.channel, pair.now);
      pair.run();
      expect(typesOf(pair.left)).to.include('ended');
      expect([...pair.right.tunnel.channels]).to.have.length(0);
      expect(pair.left.tunnel.deadline).to.equal(Infinity);
    });

    it('ends at the deadline, and both applications hear why', () => {
      const pair = new TunnelPair();
      pair.connect();
      const app = pair.left.open({}, pair.now);
      pair.run();
      pair.left.tunnel.shutdown(5000, pair.now);
      pair.run(4900);
      expect(app.closed).to.equal(undefined);
      pair.run(200);
      expect([app.closed, peerOf(pair, pair.left, app).closed]).to.deep.equal(['shutting-down', 'shutting-down']);
    });

    it('refuses what the peer asks for meanwhile, and every further carrier', () => {
      const pair = new TunnelPair();
      pair.connect();
      const held = pair.left.open({}, pair.now);
      pair.run();
      pair.left.tunnel.shutdown(5000, pair.now);
      const late = pair.right.open({}, pair.now);
      pair.run(100);
      expect(late.closed).to.equal('shutting-down');
      pair.run(10_000);
      expect(held.closed).to.equal('shutting-down');
      const wire = pair.connect();
      expect(wire.carriers.get(pair.left)?.state).to.equal('closed');
    });
  });
});
