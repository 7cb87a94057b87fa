import { expect } from 'chai';
import { array, assert, constantFrom, integer, nat, property, record, uint8Array } from 'fast-check';
import type { RendezvousAction } from '../../src/protocol/rendezvous-action.js';
import { encodeFrame } from '../../src/protocol/frame.js';
import { Leg } from '../../src/protocol/leg.js';
import { namedSigner } from '../../src/testing/index.js';
import { Desk, deskSetup, labSetup, tunnelOf } from './support/desk-of-legs.js';
import { crypto, endSetup, keyOf } from './support/way.js';

const own = endSetup('desk', { side: 'left', peers: [keyOf('lab')] });

/** What a dialer and an acceptor say to each other up to a whole set-up. */
function conversation(): { toAcceptor: Buffer; acceptor: () => Leg } {
  const options = { crypto, node: 'x', pingMs: 1000, now: 0 } as const;
  const dialer = new Leg({ ...options, signer: namedSigner('desk'), role: 'dialer', pins: [keyOf('west')], use: 'set-up', started: 1 });
  const make = () => new Leg({ ...options, crypto: { ...crypto, random: (length) => Buffer.alloc(length, 7) }, signer: namedSigner('west'), role: 'acceptor', admits: (key) => key === keyOf('desk') });
  dialer.sendSetup(own.cu, own.entry);
  dialer.handleBytes(make().pollTransmit() as Buffer, 0);
  return { toAcceptor: dialer.pollTransmit() as Buffer, acceptor: make };
}

function eventsOf(leg: Leg): string[] {
  const types: string[] = [];
  for (let event = leg.pollEvent(); event !== undefined; event = leg.pollEvent()) types.push(event.type);
  return types;
}

describe('protocol/leg, whatever comes,', () => {
  it('throws nothing: random bytes end it or leave it waiting', () => {
    assert(
      property(array(uint8Array({ maxLength: 300 }), { maxLength: 5 }), (chunks) => {
        const leg = conversation().acceptor();
        for (const chunk of chunks) leg.handleBytes(Buffer.from(chunk), 0);
        expect(eventsOf(leg).every((type) => ['failed', 'error'].includes(type))).to.equal(true);
      }),
    );
  });

  it('throws nothing: a conversation with any byte changed is refused, or was not changed', () => {
    const { toAcceptor, acceptor } = conversation();
    assert(
      property(nat(toAcceptor.length - 1), integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(toAcceptor);
        changed[at] = (changed[at] as number) ^ flip;
        const leg = acceptor();
        leg.handleBytes(changed, 0);
        const events = eventsOf(leg);
        // Bytes of the set-up itself are not this leg's to judge: their signatures are checked by who uses them.
        if (events.includes('setup')) expect(events).to.deep.equal(['authenticated', 'setup']);
        else expect(events.at(-1) ?? 'waits').to.be.oneOf(['failed', 'authenticated', 'waits']);
      }),
      { numRuns: 300 },
    );
  });

  it('says the same in any chunking', () => {
    const { toAcceptor, acceptor } = conversation();
    assert(
      property(array(nat(toAcceptor.length), { maxLength: 12 }), (cuts) => {
        const leg = acceptor();
        const places = [0, ...cuts.sort((a, b) => a - b), toAcceptor.length];
        for (let part = 1; part < places.length; part++) leg.handleBytes(toAcceptor.subarray(places[part - 1], places[part]), 0);
        expect(eventsOf(leg)).to.deep.equal(['authenticated', 'setup']);
      }),
    );
  });

  it('throws nothing: frames of the right form in any order', () => {
    const frames = [
      encodeFrame('COMMONUNIQUE_INFO', 0, own.cu), encodeFrame('TOPOLOGY_EXCHANGE', 0, own.entry), encodeFrame('PASS_THROUGH', 0), encodeFrame('PING', 0, Buffer.alloc(8)),
      encodeFrame('PONG', 0, Buffer.alloc(8)), encodeFrame('PROGRESS', 0, Buffer.from('{"at":"x"}')), encodeFrame('SHUTDOWN', 0, Buffer.from('{"deadlineMs":1}')), encodeFrame('ERROR', 0, Buffer.from('{"code":"LOST"}')),
    ];
    const { toAcceptor, acceptor } = conversation();
    const hello = toAcceptor.subarray(0, 8 + toAcceptor.readUIntBE(1, 3));
    assert(
      property(array(constantFrom(...frames), { maxLength: 10 }), (order) => {
        const leg = acceptor();
        leg.handleBytes(hello, 0);
        for (const frame of order) leg.handleBytes(frame, 0);
        const last = eventsOf(leg);
        expect(last.indexOf('failed')).to.be.oneOf([-1, last.length - 1]);
        expect(last.indexOf('error')).to.be.oneOf([-1, last.length - 1]);
      }),
    );
  });
});

/** What may be done to one leg, as Leg itself would allow it. */
class LegBook {
  readonly #open = new Map<number, { setups: number; marks: number }>();

  open(leg: number): void {
    this.#open.set(leg, { setups: 0, marks: 0 });
  }

  close(leg: number): void {
    this.#open.delete(leg);
  }

  get legs(): number[] {
    return [...this.#open.keys()];
  }

  check(action: RendezvousAction): void {
    if (action.do === 'dial') return this.open(action.leg);
    if (action.do === 'refused' || action.do === 'unwant-standby') return;
    for (const leg of action.do === 'join' ? action.legs : [action.leg]) {
      const state = this.#open.get(leg);
      expect(state, `${action.do} on leg ${leg}, which is gone`).to.not.equal(undefined);
      if (action.do === 'send-setup') expect((state as { setups: number }).setups++, 'set-ups on one leg').to.equal(0);
      if (action.do === 'pass-through') expect((state as { marks: number }).marks++, 'marks on one leg').to.equal(0);
      if (action.do === 'close') this.close(leg);
    }
  }
}

describe('protocol/rendezvous, whatever happens,', () => {
  const step = record({
    kind: constantFrom('desk', 'lab', 'lose', 'pass', 'greet', 'fail', 'standby', 'answer', 'time'),
    pick: nat(1000),
    slot: nat(1),
    attempt: nat(3),
    epoch: nat(1),
  });

  const at = (kind: 'desk' | 'lab' | 'greet' | 'answer' | 'fail', pick: number, epoch = 0) => ({ kind, pick, slot: 0, attempt: 0, epoch });
  const examples: [ReturnType<typeof at>[]][] = [
    [[at('desk', 0), at('answer', 1), at('fail', 1), at('desk', 0, 1)]],
    [[at('desk', 0), at('greet', 1), at('lab', 0), at('answer', 2), at('lab', 0, 1)]],
  ];

  for (const [name, tunnel] of [
    ['both neighbours dial', tunnelOf()],
    ['right is dialed', tunnelOf({ right: true })],
    ['both are dialed', tunnelOf({ left: true, right: true })],
  ] as const) {
    it(`does nothing to a leg that is gone, nor anything twice, and forgets all that is lost (${name})`, () => {
      assert(
        property(array(step, { maxLength: 40 }), (steps) => {
          const desk = new Desk({ tunnels: [tunnel] });
          const book = new LegBook();
          const wants = new Set<number>();
          const dials = new Set<number>();
          const { rendezvous } = desk;
          const drain = () => {
            for (const action of desk.actions()) {
              book.check(action);
              if (action.do === 'dial') dials.add(action.leg);
              if (action.do === 'want-standby') wants.add(action.leg);
              if (action.do === 'unwant-standby') wants.delete(action.leg);
            }
          };
          const arrive = (leg: number, { kind, slot, attempt, epoch, pick }: (typeof steps)[0]) => {
            const members = { slot, attempt, epoch: 1_700_000_000_000 + epoch, instance: Buffer.alloc(16, epoch).toString('base64url') };
            const setup = kind === 'desk' || (kind === 'answer' && pick % 2 === 0) ? deskSetup(members) : labSetup(members);
            rendezvous.handleSetup(setup, { leg, neighbour: setup.info.key, now: desk.now });
          };
          for (const one of steps) {
            desk.now += 200;
            const picked = book.legs[one.pick % Math.max(1, book.legs.length)];
            if (one.kind === 'desk' || one.kind === 'lab') {
              const leg = rendezvous.newLeg();
              book.open(leg);
              arrive(leg, one);
            } else if (one.kind === 'time') {
              desk.now += 11_000;
              rendezvous.handleTimeout(desk.now);
            } else if (one.kind === 'standby') {
              const [wanter] = wants;
              const leg = rendezvous.newLeg();
              if (wanter !== undefined) {
                wants.delete(wanter);
                book.open(leg);
                expect(rendezvous.handleStandby(wanter, leg, keyOf('lab')), 'a want that was not called off is one').to.equal(true);
              }
            } else if (picked !== undefined) {
              if (one.kind === 'lose') book.close(picked);
              if (one.kind === 'lose') rendezvous.handleLost(picked);
              if (one.kind === 'pass') rendezvous.handlePassThrough(picked, desk.now);
              if (one.kind === 'greet' && dials.delete(picked)) rendezvous.handleGreeted(picked, keyOf('lab'));
              if (one.kind === 'answer') arrive(picked, one);
              if (one.kind === 'fail') {
                // Only a dial can fail; what is no dial any more is lost.
                book.close(picked);
                if (dials.delete(picked)) rendezvous.handleDialFailed(picked, { address: 'x', code: 'y' });
                else rendezvous.handleLost(picked);
              }
            }
            drain();
          }
          for (const leg of book.legs) {
            book.close(leg);
            rendezvous.handleLost(leg);
            for (const action of desk.actions()) if (action.do === 'close') book.close(action.leg);
          }
          expect([...rendezvous.legs()]).to.deep.equal([]);
          expect(rendezvous.pollTimeout()).to.equal(undefined);
        }),
        { numRuns: 150, examples },
      );
    });
  }
});
