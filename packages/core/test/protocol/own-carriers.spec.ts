import { expect } from 'chai';
import { Channel } from '../../src/protocol/channel.js';
import { OWN_CARRIERS, OWN_CARRIER_TIMEOUT_MS } from '../../src/protocol/limits.js';
import { OwnCarriers } from '../../src/protocol/own-carriers.js';
import { Pool } from '../../src/protocol/pool.js';
import { TunnelPair, type App, type End } from './tunnel-pair.js';

function channel(slot: number): Channel {
  const request = { service: 's', kind: 'stream', carrier: 'own', slot, window: 20_000 } as const;
  return new Channel({ id: slot, opener: true, request, pool: new Pool(0), ledger: { retained: 0, stashed: 0 }, sendLimit: 0, receiveWindow: 20_000, now: 0 });
}

describe('protocol/own-carriers', () => {
  it('chooses odd slots on the left, even ones on the right, none twice in a row', () => {
    const [left, right] = [new OwnCarriers('left'), new OwnCarriers('right')];
    expect([left.choose(() => false), left.choose(() => false), right.choose(() => false)]).to.deep.equal([9, 11, 8]);
  });

  it('passes over slots with a channel or a carrier', () => {
    const own = new OwnCarriers('left');
    own.add(channel(9));
    expect(own.choose((slot) => slot === 11)).to.equal(13);
  });

  it('has OWN_CARRIERS slots and not one more', () => {
    const own = new OwnCarriers('left');
    for (let count = 0; count < OWN_CARRIERS; count += 1) own.add(channel(own.choose(() => false) as number));
    expect(own.choose(() => false)).to.equal(undefined);
  });

  it('takes slots that are the peer\'s to choose', () => {
    const own = new OwnCarriers('left');
    const request = channel(8).request;
    for (const slot of [8, 8 + 2 * (OWN_CARRIERS - 1)]) expect(() => own.check({ ...request, slot })).to.not.throw();
    for (const slot of [6, 9, 8 + 2 * OWN_CARRIERS]) expect(() => own.check({ ...request, slot })).to.throw(/not the peer's to choose/);
  });

  it('waits for a carrier OWN_CARRIER_TIMEOUT_MS', () => {
    const own = new OwnCarriers('left');
    const waiting = channel(8);
    own.add(waiting);
    const until = own.await(waiting, 1000);
    expect([until, own.deadline]).to.deep.equal([1000 + OWN_CARRIER_TIMEOUT_MS, until]);
    expect(own.overdue(until - 1)).to.deep.equal([]);
    expect(own.overdue(until)).to.deep.equal([waiting]);
    expect([own.stopWaiting(waiting), own.stopWaiting(waiting), own.deadline]).to.deep.equal([true, false, Infinity]);
  });

  it('forgets a channel with its slot', () => {
    const own = new OwnCarriers('left');
    const one = channel(8);
    own.add(one);
    own.await(one, 1000);
    expect(own.remove(one)).to.equal(8);
    expect([own.remove(one), own.at(8), own.deadline, one.ownSlot]).to.deep.equal([undefined, undefined, Infinity, undefined]);
  });
});

describe('an own carrier that is lost before it is alive', () => {
  function open(opener: 'left' | 'right'): { pair: TunnelPair; app: App; slot: number } {
    const pair = new TunnelPair();
    pair.connect(0);
    pair.run();
    const app = pair[opener].open({ carrier: 'own' }, pair.now);
    pair.run(100);
    return { pair, app, slot: app.channel.request.slot as number };
  }

  function wanted({ events }: End): number {
    return events.filter(({ type }) => type === 'slot-wanted').length;
  }

  for (const opener of ['left', 'right'] as const) {
    it(`at both ends: the channel of ${opener} goes with the lead, and does not wait in vain`, () => {
      const { pair, app, slot } = open(opener);
      pair.connect(slot).cut();
      pair.run(100);
      pair[opener].write(app, Buffer.from('over the lead'), pair.now);
      pair.run(100);
      expect([app.connected, app.closed]).to.deep.equal([true, undefined]);
      expect(app.channel.out.retained).to.equal(0);
    });

    it(`at ${opener}, which opened the channel, while the other end had none: it is wanted once more`, () => {
      const { pair, app, slot } = open(opener);
      const before = wanted(pair[opener]);
      pair[opener].tunnel.handleLost(pair.connectAt(pair[opener], slot), pair.now);
      pair.run(100);
      expect(wanted(pair[opener])).to.equal(before + 1);
      pair.connect(slot);
      pair.run(100);
      expect([app.connected, app.channel.ownSlot]).to.deep.equal([true, slot]);
    });
  }
});

describe('an own carrier that comes up at the acting end alone', () => {
  /** left's channel has been granted for a carrier that is lost at left before it was alive there; right has not noticed. */
  function halfLost(): TunnelPair {
    const pair = new TunnelPair();
    pair.connect(0);
    pair.run();
    pair.left.open({ carrier: 'own' }, pair.now);
    pair.run(100);
    const wire = pair.connect(9);
    pair.transmit(wire, pair.left);
    pair.deliver(wire, pair.left);
    pair.transmit(wire, pair.right);
    wire.noticed.add(pair.right);
    wire.cut();
    pair.run(100);
    return pair;
  }

  it('leaves its slot to the opener, who may choose it again before the acting end knows of the loss', () => {
    const pair = halfLost();
    const apps = Array.from({ length: OWN_CARRIERS }, () => pair.left.open({ carrier: 'own' }, pair.now));
    expect(apps.at(-1)?.channel.request.slot).to.equal(9);
    pair.run(100);
    expect([...pair.left.events, ...pair.right.events].filter((event) => event.type === 'closed')).to.deep.equal([]);
    expect(pair.right.tunnel.channels.next().value?.state).to.equal('open');
  });
});
