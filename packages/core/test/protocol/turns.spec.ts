import { expect } from 'chai';
import { Channel } from '../../src/protocol/channel.js';
import { HEADROOM } from '../../src/protocol/outgoing.js';
import { Pool } from '../../src/protocol/pool.js';
import { Turns } from '../../src/protocol/turns.js';

let made = 0;

/** A channel with data to send that has sent `burst` bytes in one go. */
function channel(burst: number, sentAt = 1000, kind: 'stream' | 'datagram' = 'stream'): Channel {
  made += 1;
  const request = { service: 's', kind, carrier: 'shared', window: 20_000 } as const;
  const one = new Channel({ id: made, opener: true, request, pool: new Pool(0), ledger: { retained: 0, stashed: 0 }, sendLimit: 1_000_000, receiveWindow: 20_000, now: sentAt });
  one.pushData(Buffer.alloc(HEADROOM + 10), HEADROOM, HEADROOM + 10);
  one.burst = burst;
  return one;
}

describe('protocol/turns', () => {
  it('lets small channels go before bulk', () => {
    const turns = new Turns();
    const [bulk, small] = [channel(65_536), channel(65_535)];
    for (const one of [bulk, small]) turns.add(one, 1000);
    expect([turns.shift(), turns.shift(), turns.shift()]).to.deep.equal([small, bulk, undefined]);
  });

  it('shares among bulk in turns', () => {
    const turns = new Turns();
    const [a, b] = [channel(1e6), channel(1e6)];
    for (const one of [a, b]) turns.add(one, 1000);
    const order = [];
    for (let count = 0; count < 4; count += 1) {
      const next = turns.shift() as Channel;
      order.push(next);
      turns.add(next, 1000);
    }
    expect(order).to.deep.equal([a, b, a, b]);
  });

  it('gives bulk a turn after sixteen of others', () => {
    const turns = new Turns();
    const [bulk, small] = [channel(1e6), channel(0)];
    for (const one of [bulk, small]) turns.add(one, 1000);
    let before = 0;
    for (let next = turns.shift(); next !== bulk; next = turns.shift()) {
      before += 1;
      turns.add(next as Channel, 1000);
    }
    expect(before).to.equal(16);
  });

  it('counts a channel as small again when it was quiet', () => {
    const turns = new Turns();
    const [quiet, busy] = [channel(1e6, 1000), channel(1e6, 1000)];
    turns.add(busy, 1050);
    turns.add(quiet, 1051);
    expect(turns.peek()).to.equal(quiet);
  });

  it('counts a flow of datagrams as small while it stays under 256 bytes a millisecond', () => {
    for (const [burst, quietMs, isSmall] of [[66_000, 20, true], [71_000, 20, false]] as const) {
      const turns = new Turns();
      const [flow, stream] = [channel(burst, 1000, 'datagram'), channel(burst, 1000)];
      for (const one of [stream, flow]) turns.add(one, 1000 + quietMs);
      expect(turns.peek() === flow, `${burst} bytes`).to.equal(isSmall);
    }
  });

  it('lets control of a bulk channel go with the small', () => {
    const turns = new Turns();
    const bulk = channel(1e6);
    turns.add(channel(1e6), 1000);
    bulk.out.clear();
    bulk.pushEnd();
    turns.add(bulk, 1000);
    expect(turns.peek()).to.equal(bulk);
  });

  it('knows who waits in it', () => {
    const turns = new Turns();
    const one = channel(0);
    turns.add(one, 1000);
    expect([one.turns, turns.empty]).to.deep.equal([turns, false]);
    expect(turns.drain()).to.deep.equal([one]);
    expect([one.turns, turns.empty]).to.deep.equal([undefined, true]);
  });
});
