import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { peerOf, TunnelPair } from './tunnel-pair.js';

function assertNothingLeft(pair: TunnelPair): void {
  for (const { tunnel } of pair.ends) expect([...tunnel.channels]).to.have.length(0);
}

describe('a tunnel', () => {
  it('opens a channel, carries data and half-close both ways, and releases the id', () => {
    const pair = new TunnelPair();
    pair.connect();
    const app = pair.left.open({}, pair.now);
    pair.left.write(app, Buffer.from('hello'), pair.now);
    pair.left.tunnel.finish(app.channel, pair.now);
    pair.run();
    const server = peerOf(pair, pair.left, app);
    expect(Buffer.concat(server.received).toString()).to.equal('hello');
    expect(server.ended).to.equal(true);
    expect(app.connected).to.equal(true);
    pair.right.write(server, Buffer.from('world'), pair.now);
    pair.right.tunnel.finish(server.channel, pair.now);
    pair.run();
    expect(Buffer.concat(app.received).toString()).to.equal('world');
    expect([app.closed, server.closed]).to.deep.equal(['done', 'done']);
    assertNothingLeft(pair);
  });

  it('lets the acting end say nothing before it has begun', () => {
    const pair = new TunnelPair();
    pair.connect();
    pair.right.answer = (end, { type, channel }) => type === 'request' && end.tunnel.accept(channel, 0);
    const [stream, datagrams] = [pair.left.open({}, pair.now), pair.left.open({ kind: 'datagram' }, pair.now)];
    pair.run();
    const { tunnel } = pair.right;
    const [server, flow] = [peerOf(pair, pair.left, stream), peerOf(pair, pair.left, datagrams)];
    const commands = [
      () => pair.right.write(server, Buffer.from('early'), pair.now),
      () => tunnel.finish(server.channel, pair.now),
      () => tunnel.send(flow.channel, Buffer.from('early'), pair.now),
    ];
    for (const command of commands) expect(command).to.throw(/channel \d+, which is granted: the end that acts calls begin\(\) first/).with.property('code', 'ERR_LSTP_CHANNEL_NOT_BEGUN');
    tunnel.begin(server.channel, undefined, pair.now);
    tunnel.finish(server.channel, pair.now);
    pair.run();
    expect([stream.connected, stream.ended]).to.deep.equal([true, true]);
  });

  it('gives a busy flow of datagrams a share of its carrier beside a busy stream', () => {
    const pair = new TunnelPair({ unsentBytes: 4_000_000 });
    const wire = pair.connect();
    const [stream, flow] = [pair.left.open({}, pair.now), pair.left.open({ kind: 'datagram' }, pair.now)];
    pair.run();
    for (let count = 0; count < 10; count += 1) pair.left.write(stream, Buffer.alloc(65_000), pair.now);
    for (let count = 0; count < 200; count += 1) pair.left.tunnel.send(flow.channel, Buffer.alloc(1024), pair.now);
    while (peerOf(pair, pair.left, flow).received.length < 200 && pair.transmit(wire, pair.left, 1)) while (pair.deliver(wire, pair.left));
    const [streamed, flowed] = [stream, flow].map((app) => Buffer.concat(peerOf(pair, pair.left, app).received).length);
    expect(flowed).to.equal(200 * 1024);
    expect(streamed).to.be.within(65_000, 600_000);
  });

  it('carries channels that were opened before there was a carrier', () => {
    const pair = new TunnelPair();
    const app = pair.right.open({}, pair.now);
    pair.right.write(app, Buffer.from('early'), pair.now);
    pair.run();
    pair.connect();
    pair.run();
    expect(Buffer.concat(peerOf(pair, pair.right, app).received).toString()).to.equal('early');
  });

  it('stops at the limit and resumes when the application reads', () => {
    const pair = new TunnelPair();
    pair.connect();
    pair.right.reads = false;
    const app = pair.left.open({}, pair.now);
    const data = randomBytes(1_000_000);
    for (let at = 0; at < data.length; at += 60_000) pair.left.write(app, data.subarray(at, at + 60_000), pair.now);
    pair.run();
    const server = peerOf(pair, pair.left, app);
    const window = pair.right.tunnel.initialWindow;
    expect(Buffer.concat(server.received).length).to.equal(window);
    pair.right.reads = true;
    pair.right.take(server, server.untaken, pair.now);
    pair.run();
    expect(Buffer.concat(server.received).equals(data)).to.equal(true);
  });

  it('goes on without loss when its only carrier dies', () => {
    const pair = new TunnelPair();
    const first = pair.connect();
    pair.run();
    const app = pair.left.open({}, pair.now);
    const data = randomBytes(500_000);
    for (let at = 0; at < data.length; at += 50_000) pair.left.write(app, data.subarray(at, at + 50_000), pair.now);
    for (let count = 0; count < 4; count += 1) pair.step();
    first.cut();
    pair.run();
    pair.connect();
    pair.run();
    expect(Buffer.concat(peerOf(pair, pair.left, app).received).equals(data)).to.equal(true);
  });

  it('tells the application why the other end refused', () => {
    const pair = new TunnelPair();
    pair.connect();
    pair.right.answer = (end, event) => end.tunnel.refuse(event.channel, { code: 'denied', message: 'no such service' }, pair.now);
    const app = pair.left.open({}, pair.now);
    pair.left.write(app, Buffer.from('pipelined'), pair.now);
    pair.run();
    expect(app.closed).to.equal('denied');
    assertNothingLeft(pair);
  });

  it('gives a channel a carrier of its own, and closes it with the channel', () => {
    const pair = new TunnelPair();
    pair.connect();
    pair.run();
    const app = pair.left.open({ carrier: 'own' }, pair.now);
    pair.left.write(app, Buffer.from('own'), pair.now);
    pair.run();
    expect(app.connected).to.equal(false);
    const slot = app.channel.request.slot as number;
    expect(pair.right.events.some((event) => event.type === 'slot-wanted' && event.slot === slot)).to.equal(true);
    const own = pair.connect(slot);
    pair.run();
    expect(app.connected).to.equal(true);
    const server = peerOf(pair, pair.left, app);
    expect(Buffer.concat(server.received).toString()).to.equal('own');
    for (const [end, one] of [[pair.left, app], [pair.right, server]] as const) end.tunnel.finish(one.channel, pair.now);
    pair.run();
    expect(own.broken).to.equal(true);
    assertNothingLeft(pair);
  });

  it('moves to its second carrier when the first dies', () => {
    const pair = new TunnelPair({ spread: true });
    const first = pair.connect(0);
    pair.connect(1);
    pair.run();
    const app = pair.left.open({}, pair.now);
    const data = randomBytes(3_000_000);
    for (let at = 0; at < data.length; at += 60_000) pair.left.write(app, data.subarray(at, at + 60_000), pair.now);
    for (let count = 0; count < 12; count += 1) pair.step();
    first.cut();
    pair.run();
    expect(Buffer.concat(peerOf(pair, pair.left, app).received).equals(data)).to.equal(true);
  });
});
