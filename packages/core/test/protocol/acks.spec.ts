import { expect } from 'chai';
import { Acks } from '../../src/protocol/acks.js';
import { Channel } from '../../src/protocol/channel.js';
import { ACK_DELAY_MS } from '../../src/protocol/limits.js';
import { Pool } from '../../src/protocol/pool.js';

function channel(id: number): Channel {
  const request = { service: 's', kind: 'stream', carrier: 'shared', window: 20_000 } as const;
  const one = new Channel({ id, opener: true, request, pool: new Pool(0), ledger: { retained: 0, stashed: 0 }, sendLimit: 0, receiveWindow: 20_000, now: 0 });
  one.in.arrive(100 * id);
  return one;
}

describe('protocol/acks', () => {
  it('says what holds when it is sent, once a channel', () => {
    const acks = new Acks();
    const one = channel(1);
    acks.now(one);
    acks.now(one);
    one.in.arrive(50);
    const frame = acks.next();
    expect(frame?.readUInt32BE(12)).to.equal(150);
    expect(acks.next()).to.equal(undefined);
  });

  it('waits ACK_DELAY_MS and no longer', () => {
    const acks = new Acks();
    const one = channel(1);
    acks.later(one, 1000);
    expect(acks.deadline).to.equal(1000 + ACK_DELAY_MS);
    expect(acks.overdue(1000 + ACK_DELAY_MS - 0.01)).to.deep.equal([]);
    expect(acks.overdue(1000 + ACK_DELAY_MS)).to.deep.equal([one]);
    expect(acks.deadline).to.equal(Infinity);
  });

  it('says nothing later that was said meanwhile', () => {
    const acks = new Acks();
    const one = channel(1);
    acks.later(one, 1000);
    acks.now(one);
    acks.next();
    expect(acks.overdue(2000)).to.deep.equal([]);
    expect(acks.next()).to.equal(undefined);
  });

  it('says nothing of a channel that was released', () => {
    const acks = new Acks();
    const [now, later] = [channel(1), channel(2)];
    acks.now(now);
    acks.later(later, 1000);
    now.state = 'released';
    later.state = 'freeing';
    expect(acks.overdue(2000)).to.deep.equal([]);
    expect([acks.next(), acks.empty, acks.deadline]).to.deep.equal([undefined, true, Infinity]);
  });

  it('owes nothing after clear(), and may owe again', () => {
    const acks = new Acks();
    const [now, later] = [channel(1), channel(2)];
    acks.now(now);
    acks.later(later, 1000);
    acks.clear();
    expect([acks.empty, acks.deadline, acks.next()]).to.deep.equal([true, Infinity, undefined]);
    acks.now(later);
    expect(acks.next()?.readUInt32BE(4)).to.equal(2);
  });
});
