import { expect } from 'chai';
import type { Carrier } from '../../src/protocol/carrier.js';
import { HEADROOM } from '../../src/protocol/outgoing.js';
import { TunnelPair, peerOf, writeAll } from './tunnel-pair.js';

describe('a tunnel that is down', () => {
  it('says since when it is down, and until when its channels are kept', () => {
    const pair = new TunnelPair({ graceMs: 5000 });
    expect(pair.left.tunnel.interruption, 'never was up').to.equal(undefined);
    const wire = pair.connect();
    pair.run();
    expect(pair.left.tunnel.interruption, 'is up').to.equal(undefined);
    wire.cut();
    pair.left.tunnel.handleLost(wire.carriers.get(pair.left) as Carrier, pair.now);
    expect(pair.left.tunnel.interruption).to.deep.equal({ since: pair.now, until: pair.now + 5000 });
    pair.run(5001);
    expect(pair.left.tunnel.interruption, 'nothing is kept any more').to.equal(undefined);
  });

  it('a peer that was restarted: its channels end, and new ones begin at the beginning', () => {
    const pair = new TunnelPair();
    pair.connect();
    const app = pair.left.open({}, pair.now);
    pair.run();
    pair.restartRight();
    pair.connect();
    pair.run();
    expect(app.closed).to.equal('peer-restarted');
    const next = pair.left.open({}, pair.now);
    pair.left.tunnel.write(next.channel, Buffer.alloc(HEADROOM + 1), HEADROOM, pair.now);
    pair.run();
    expect([next.connected, next.channel.id]).to.deep.equal([true, 1]);
  });

  it('what was opened while the peer was being restarted is opened at its new process', () => {
    const pair = new TunnelPair();
    pair.connect();
    const old = pair.left.open({}, pair.now);
    pair.run();
    pair.restartRight({ poolShare: 1000 * 20_000 });
    const app = pair.left.open({}, pair.now);
    writeAll(pair, app, Buffer.alloc(100_000, 'x'));
    pair.connect();
    pair.run();
    expect([old.closed, app.closed, app.connected]).to.deep.equal(['peer-restarted', undefined, true]);
    expect(pair.left.events.find(({ type }) => type === 'dissociated')).to.deep.include({ reason: 'peer-restarted', message: 'the other end was restarted', ended: 1 });
    expect(Buffer.concat(peerOf(pair, pair.left, app).received)).to.have.length(100_000);
    expect(pair.left.open({}, pair.now).channel.id).to.be.greaterThan(app.channel.id);
    pair.run();
    expect([...pair.right.tunnel.channels].map(({ state }) => state)).to.deep.equal(['open', 'open']);
  });

  it('what was opened while there is no way outlives the grace time of the others', () => {
    const pair = new TunnelPair({ graceMs: 5000 });
    const wire = pair.connect();
    const old = pair.left.open({}, pair.now);
    pair.run();
    wire.cut();
    pair.run(4000);
    const app = pair.left.open({}, pair.now);
    pair.run(2000);
    pair.connect();
    pair.run();
    expect([old.closed, app.closed, app.connected]).to.deep.equal(['timeout', undefined, true]);
  });
});
