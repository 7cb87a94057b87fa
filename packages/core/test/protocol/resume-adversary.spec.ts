/** A peer, with a valid key, that lies when it resumes: refused or bounded, said in the log, and nobody else's trouble. */
import { expect } from 'chai';
import { encodeFrame } from '../../src/protocol/frame.js';
import { ACK_TIMEOUT_MS, MAX_CARRIERS, UNREAD_MS } from '../../src/protocol/limits.js';
import { HEADROOM } from '../../src/protocol/outgoing.js';
import type { Channel } from '../../src/protocol/channel.js';
import { HostilePeer, resume } from './hostile-peer.js';

/** All that the tunnel under test has sent on its channel 2: request, begin, and so much data. */
const SENT = 102;

interface Victim {
  readonly peer: HostilePeer;
  readonly channel: Channel;
}

/** A tunnel that has sent 102 units, of which the peer has acknowledged 50; then the carrier is lost, and the peer comes again. */
function interrupted(): Victim {
  const peer = new HostilePeer('right').alive();
  const channel = peer.tunnel.open({ service: 'echo', kind: 'stream', carrier: 'shared' }, undefined, peer.now);
  peer.tunnel.write(channel, Buffer.alloc(HEADROOM + SENT - 2), HEADROOM, peer.now);
  peer.answers();
  peer.send(resume(2, 50, 20_000));
  peer.tunnel.handleLost(peer.carrier, peer.now);
  return { peer: peer.connect(), channel };
}

/** A list with one entry, given as it stands on the wire. */
function lists(received: bigint, limit: bigint): Buffer {
  const payload = Buffer.alloc(16);
  payload.writeBigUInt64BE(received, 0);
  payload.writeBigUInt64BE(limit, 8);
  return encodeFrame('SERVICE_DATA_RESUME', 2, payload);
}

const LIES: Readonly<Record<string, { readonly entry: Buffer; readonly says: RegExp }>> = {
  'ahead of what was sent, by one': { entry: lists(103n, 20_000n), says: /received: 103 was never sent, only 102/ },
  'ahead by a terabyte': { entry: lists(1_000_000_000_000n, 1_000_000_000_000n), says: /never sent/ },
  'behind what it has acknowledged, by one': { entry: lists(49n, 20_000n), says: /49, but 50 was acknowledged before/ },
  'nothing, where it has acknowledged': { entry: lists(0n, 20_000n), says: /0, but 50 was acknowledged before/ },
  'beyond 2^53': { entry: lists(2n ** 53n, 2n ** 53n), says: /beyond 2\^53/ },
  'all ones': { entry: lists(2n ** 64n - 1n, 2n ** 64n - 1n), says: /beyond 2\^53/ },
};

describe('a peer that resumes and claims to have received', () => {
  for (const [title, { entry, says }] of Object.entries(LIES)) {
    it(`${title}: the association is reset, with these words, and the next one is a fresh one`, () => {
      const { peer, channel } = interrupted();
      const { instance } = peer.tunnel;
      peer.send(peer.properties(), entry, resume(0, 1, 0));
      const closed = peer.events.findLast((event) => event.type === 'carrier-closed');
      expect(closed).to.include({ code: 'PROTOCOL' });
      expect(closed?.type === 'carrier-closed' && closed.message).to.match(says);
      expect([channel.state, peer.tunnel.retained, peer.tunnel.established]).to.deep.equal(['released', 0, false]);
      expect(peer.tunnel.instance).to.not.equal(instance);
      peer.connect();
      expect(peer.events.findLast((event) => event.type === 'carrier-closed')).to.equal(closed);
    });
  }

  it('what is wrong: the new instance is told before the ends of the carriers, which may be answered with set-ups at once', () => {
    const { peer } = interrupted();
    peer.send(peer.properties(), lists(103n, 20_000n), resume(0, 1, 0));
    const told = peer.events.map(({ type }) => type);
    expect(told.indexOf('instance')).to.be.within(0, told.lastIndexOf('carrier-closed'));
  });

  it('what is true goes on from there', () => {
    const { peer, channel } = interrupted();
    peer.send(peer.properties(), lists(60n, 20_000n), resume(0, 1, 0));
    expect([channel.out.acknowledged, channel.out.retained, peer.tunnel.established]).to.deep.equal([60, SENT - 60, true]);
    // Whole frames are sent again, and nothing that is before the one in which 60 lies.
    const again = peer.answers().filter(({ name, channel: id }) => id === 2 && name !== 'SERVICE_DATA_RESUME').map(({ name, payload }) => `${name} ${payload.readBigUInt64BE(0)}`);
    expect(again).to.deep.equal(['SERVICE_DATA 2']);
  });
});

describe('a peer that plays back what it once said when it resumed', () => {
  it('on the same carrier: what it acknowledged once stays acknowledged, and what was granted stays granted', () => {
    const { peer, channel } = interrupted();
    peer.send(peer.properties(), lists(60n, 20_000n), resume(0, 1, 0), resume(2, 90, 30_000), resume(2, 60, 20_000));
    expect([channel.out.acknowledged, channel.out.limit, peer.tunnel.established]).to.deep.equal([90, 30_000, true]);
  });

  it('on the next carrier: a list that is older than what it said since', () => {
    const { peer } = interrupted();
    const list = [peer.properties(), lists(60n, 20_000n), resume(0, 1, 0)];
    peer.send(...list, resume(2, 90, 20_000));
    peer.tunnel.handleLost(peer.carrier, peer.now);
    peer.connect().send(...list);
    expect(peer.events.some((event) => event.type === 'carrier-closed' && /60, but 90 was acknowledged before/.test(event.message))).to.equal(true);
  });

  it('to another tunnel: its association is somebody else’s', () => {
    const other = new HostilePeer('right').connect();
    other.send(other.properties({ peerInstance: Buffer.alloc(16, 'the first tunnel').toString('base64url') }));
    expect(other.closed?.message).to.match(/peerInstance: not ours/);
  });
});

describe('a peer that lists channels without end', () => {
  for (const maxChannels of [4, 0x7fff_ffff]) {
    it(`and says that it allows ${maxChannels}, has no more of them remembered than the two could hold`, () => {
      const peer = new HostilePeer('right').connect();
      peer.send(peer.properties({ maxChannels }));
      let listed = 0;
      for (; listed < 10_000 && peer.closed === undefined; listed += 1) peer.send(resume(2 * listed + 1, 0, 0));
      expect(peer.closed).to.include({ code: 'LIMIT' });
      expect(listed).to.be.below(2000);
    });
  }
});

describe('a peer that comes with carriers without end', () => {
  it(`has ${MAX_CARRIERS} at most, and those that live go on`, () => {
    const peer = new HostilePeer('right').alive();
    const { carrier: first } = peer;
    for (let count = 0; count < 3 * MAX_CARRIERS; count += 1) peer.connect(8 + count);
    expect([...peer.tunnel.carriers]).to.have.length(MAX_CARRIERS);
    expect(peer.closed).to.deep.equal({ code: 'LIMIT', message: `more than ${MAX_CARRIERS} carriers` });
    expect([first.state, peer.tunnel.established]).to.deep.equal(['alive', true]);
  });

  it('for one slot has the newest of them, and the one that lives until that is alive', () => {
    const peer = new HostilePeer('right').alive();
    for (let count = 0; count < 1000; count += 1) peer.connect(0);
    expect([...peer.tunnel.carriers].map(({ state }) => state)).to.deep.equal(['alive', 'secured']);
  });
});

describe('a peer that acknowledges nothing for ever', () => {
  it('costs no more memory than may be retained, slows its application, and is given up', () => {
    const peer = new HostilePeer('right', { retainBytes: 200_000 }).alive();
    const channel = peer.tunnel.open({ service: 'echo', kind: 'stream', carrier: 'shared' }, undefined, peer.now);
    peer.send(resume(2, 0, 10_000_000));
    let writes = 0;
    for (; writes < 1000; writes += 1) {
      const goesOn = peer.tunnel.write(channel, Buffer.alloc(HEADROOM + 10_000), HEADROOM, peer.now);
      peer.answers();
      if (!goesOn) break;
    }
    expect(writes, 'the application is stopped').to.be.below(100);
    expect(peer.tunnel.retained).to.be.within(100_000, 220_000);
    for (const until = peer.now + 2 * ACK_TIMEOUT_MS; peer.now < until && peer.closed === undefined; peer.now += 500) {
      peer.tunnel.handleTimeout(peer.now);
      // It shows that it reads.
      peer.send(...peer.answers().filter(({ name }) => name === 'PING').map(({ payload }) => encodeFrame('PONG', 0, payload)));
    }
    expect(peer.closed).to.include({ code: 'TIMEOUT' });
    expect(peer.events.findLast((event) => event.type === 'closed')).to.include({ reason: 'reset', message: 'the protocol was violated: channel 2: no answer for 30 s' });
    expect(peer.tunnel.retained).to.equal(0);
  });

  it('nor any PING, though it says other things, is given up too, later', () => {
    const peer = new HostilePeer('right').alive();
    peer.tunnel.open({ service: 'echo', kind: 'stream', carrier: 'shared' }, undefined, peer.now);
    peer.answers();
    for (const until = peer.now + 10 * UNREAD_MS; peer.now < until && peer.closed === undefined; peer.now += 500) {
      peer.tunnel.handleTimeout(peer.now);
      peer.answers();
      peer.send(encodeFrame('PONG', 0, Buffer.alloc(8)));
    }
    expect(peer.closed).to.include({ code: 'TIMEOUT', message: 'channel 2: no answer for 30 s' });
  });
});
