import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { encodeJson } from '../../src/protocol/frame.js';
import { CARRIER_AGE_MS, CARRIER_RECORDS, CONFIGURED_SLOTS, OWN_CARRIERS } from '../../src/protocol/limits.js';
import type { Carrier } from '../../src/protocol/carrier.js';
import { HostilePeer } from './hostile-peer.js';
import { TunnelPair, type App, type End, type Wire } from './tunnel-pair.js';

function wantedBy({ events }: End | HostilePeer): number[] {
  return events.flatMap((event) => (event.type === 'slot-wanted' ? [event.slot] : []));
}

function typesOf({ events }: End): string[] {
  return events.map(({ type }) => type);
}

function livingOf({ tunnel }: End): number[] {
  return [...tunnel.carriers].filter(({ state }) => state === 'alive').map(({ slot }) => slot);
}

function at(wire: Wire, end: End): Carrier {
  return wire.carriers.get(end) as Carrier;
}

function upload(pair: TunnelPair, bytes: number): { app: App; sent: Buffer } {
  const app = pair.left.open({}, pair.now);
  const sent = randomBytes(bytes);
  for (let from = 0; from < bytes; from += 60_000) pair.left.write(app, sent.subarray(from, from + 60_000), pair.now);
  return { app, sent };
}

describe('a carrier that is replaced while it works', () => {
  it('goes when the other one is alive; channels go on without an interruption, and the configured slot gets its carrier back', () => {
    const pair = new TunnelPair();
    const first = pair.connect(0);
    pair.run();
    const { sent } = upload(pair, 300_000);
    pair.step();
    pair.left.tunnel.replace(at(first, pair.left), pair.now);
    pair.step();
    const [slot] = wantedBy(pair.left) as [number];
    expect(slot).to.be.at.least(CONFIGURED_SLOTS);
    pair.run(20);
    expect(wantedBy(pair.right)).to.deep.equal([slot]);
    expect(first.broken, 'it works on until then').to.equal(false);
    pair.connect(slot);
    pair.run(20);
    expect([first.broken, livingOf(pair.left), livingOf(pair.right)]).to.deep.equal([true, [slot], [slot]]);
    pair.connect(0);
    pair.run();
    expect([livingOf(pair.left), livingOf(pair.right)]).to.deep.equal([[0], [0]]);
    for (const end of pair.ends) expect(typesOf(end)).to.not.include('interrupted');
    expect(Buffer.concat([...pair.right.apps.values()][0]?.received ?? []).equals(sent)).to.equal(true);
  });

  it('stays where none comes in its place in time, and may be replaced later', () => {
    const pair = new TunnelPair();
    const first = pair.connect(0);
    pair.run();
    pair.left.tunnel.replace(at(first, pair.left), pair.now);
    pair.left.tunnel.replace(at(first, pair.left), pair.now);
    pair.run(31_000);
    expect([first.broken, wantedBy(pair.left).length]).to.deep.equal([false, 1]);
    pair.left.tunnel.replace(at(first, pair.left), pair.now);
    pair.run(100);
    pair.connect(wantedBy(pair.right).at(-1) as number);
    pair.run(100);
    expect(first.broken).to.equal(true);
  });

  it('leaves no trace when it is lost before the other one comes', () => {
    const pair = new TunnelPair();
    const [first, second] = [pair.connect(0), pair.connect(1)];
    pair.run();
    pair.left.tunnel.replace(at(first, pair.left), pair.now);
    pair.run(100);
    first.cut();
    pair.run(100);
    pair.connect(wantedBy(pair.left)[0] as number);
    pair.run();
    expect([second.broken, livingOf(pair.left), livingOf(pair.right)]).to.deep.equal([false, [1], [1]]);
  });

  it('each of several at once', () => {
    const pair = new TunnelPair();
    const wires = [pair.connect(0), pair.connect(1)];
    pair.run();
    for (const wire of wires) pair.left.tunnel.replace(at(wire, pair.left), pair.now);
    pair.run(100);
    const [a, b] = wantedBy(pair.right) as [number, number];
    expect(a).to.not.equal(b);
    pair.connect(a);
    pair.run(20);
    pair.connect(0);
    pair.run(20);
    expect(wires.map(({ broken }) => broken)).to.deep.equal([true, false]);
    pair.connect(b);
    pair.run(20);
    pair.connect(1);
    pair.run();
    expect([livingOf(pair.left).toSorted(), livingOf(pair.right).toSorted()]).to.deep.equal([[0, 1], [0, 1]]);
    for (const end of pair.ends) expect(typesOf(end)).to.not.include('interrupted');
  });

  describe('because of', () => {
    it('its age', () => {
      const pair = new TunnelPair({ carrierAgeMs: 60_000 });
      pair.connect(0);
      pair.run(59_000);
      expect([wantedBy(pair.left), wantedBy(pair.right)]).to.deep.equal([[], []]);
      pair.run(3000);
      expect(wantedBy(pair.left)).to.have.length(1);
      expect(wantedBy(pair.right)).to.deep.equal(wantedBy(pair.left));
    });

    it('its age again a minute later, when none came', () => {
      const pair = new TunnelPair({ carrierAgeMs: 60_000 });
      pair.connect(0);
      pair.run(180_000);
      expect(wantedBy(pair.left).length).to.be.within(2, 3);
    });

    for (const who of ['left', 'right'] as const) {
      it(`the records that the ${who} end has sent`, () => {
        const pair = new TunnelPair({ carrierRecords: 100 });
        const wire = pair.connect(0, 500);
        pair.run();
        const app = pair.left.open({}, pair.now);
        pair.run(100);
        const from = who === 'left' ? app : ([...pair.right.apps.values()][0] as App);
        pair[who].write(from, randomBytes(110 * 16_384), pair.now);
        expect(wantedBy(pair.left)).to.deep.equal([]);
        pair.run(2000);
        expect(wantedBy(pair.left).length).to.be.at.least(1);
        pair.connect(wantedBy(pair.left)[0] as number, 500);
        pair.run(100);
        expect(wire.broken).to.equal(true);
      });
    }

    it('2^24 records or a day, where nothing else is said', () => {
      expect([CARRIER_RECORDS, CARRIER_AGE_MS]).to.deep.equal([2 ** 24, 24 * 3600 * 1000]);
    });
  });

  describe('at the wish of a peer that lies:', () => {
    const ask = (peer: HostilePeer, slot: number, carrier = peer.carrier.id): HostilePeer => peer.send(encodeJson('SHUTDOWN', 0, { carrier, slot, deadlineMs: 30_000 }));

    for (const slot of [0, CONFIGURED_SLOTS - 1, CONFIGURED_SLOTS, CONFIGURED_SLOTS + 2 * OWN_CARRIERS + 1, 65_535]) {
      it(`slot ${slot} is not its to choose`, () => {
        const peer = ask(new HostilePeer('right').alive(), slot);
        expect(peer.events.find((event) => event.type === 'carrier-closed')).to.include({ code: 'PROTOCOL', message: `SHUTDOWN.slot: ${slot} is not the peer's to choose` });
        expect(wantedBy(peer)).to.deep.equal([]);
      });
    }

    it('a thousand wishes for one carrier are one', () => {
      const peer = new HostilePeer('right').alive();
      for (let count = 0; count < 1000; count += 1) ask(peer, CONFIGURED_SLOTS + 1 + 2 * (count % OWN_CARRIERS));
      expect(wantedBy(peer)).to.deep.equal([CONFIGURED_SLOTS + 1]);
      expect(peer.closed).to.equal(undefined);
    });

    it('a wish for a carrier that is not there is ignored', () => {
      const peer = ask(new HostilePeer('right').alive(), CONFIGURED_SLOTS + 1, Buffer.alloc(16, 'none').toString('base64url'));
      expect([wantedBy(peer), peer.closed]).to.deep.equal([[], undefined]);
    });
  });
});
