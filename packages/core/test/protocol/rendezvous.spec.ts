import { expect } from 'chai';
import { parseSetup } from '../../src/protocol/setup.js';
import { appendMiddleEntry, parseTopology } from '../../src/protocol/topology.js';
import { namedSigner } from '../../src/testing/index.js';
import { COMMON, Desk, closes, deskSetup, labSetup, only, tunnelOf } from './support/desk-of-legs.js';
import { crypto, endSetup, keyOf } from './support/way.js';

const NEW_INSTANCE = 'NNNNNNNNNNNNNNNNNNNNNA';

/** desk and lab, paired at west. */
function paired(desk = new Desk()): { desk: Desk; left: number; right: number } {
  const { leg: left } = desk.arrive(deskSetup());
  const { leg: right } = desk.arrive(labSetup());
  desk.rendezvous.handlePassThrough(left, desk.now);
  desk.rendezvous.handlePassThrough(right, desk.now);
  desk.actions();
  expect(desk.states()).to.deep.equal(['paired', 'paired']);
  return { desk, left, right };
}

describe('protocol/rendezvous', () => {
  describe('pairs', () => {
    for (const [first, second] of [
      [deskSetup, labSetup],
      [labSetup, deskSetup],
    ] as const) {
      it(`the two halves of one carrier, ${first.name} first, each with its entry appended`, () => {
        const desk = new Desk();
        const one = desk.arrive(first());
        expect(only(one.actions, 'progress')[0]?.body.at).to.equal('west');
        expect(desk.states()).to.deep.equal(['parked']);
        const two = desk.arrive(second());
        const sent = only(two.actions, 'send-setup');
        expect(sent.map(({ leg }) => leg)).to.have.members([one.leg, two.leg]);
        for (const { leg, topology } of sent) {
          const { middles } = parseTopology(topology);
          const [to, from] = leg === one.leg ? [first, second] : [second, first];
          expect(middles).to.deep.equal([{ node: 'west', key: keyOf('west'), address: 'west:7070', from: from().info.key, to: to().info.key }]);
        }
        expect(desk.states()).to.deep.equal(['exchanged', 'exchanged']);
      });
    }

    it('only what belongs together: slot, alternative, common name, peers, sides', () => {
      const others = [
        labSetup({ slot: 1 }),
        labSetup({ peers: [keyOf('elsewhere')] }),
        deskSetup({ slot: 2 }),
      ];
      for (const other of others) {
        const desk = new Desk();
        desk.arrive(deskSetup());
        const { actions } = desk.arrive(other);
        expect(only(actions, 'send-setup')).to.deep.equal([]);
        expect(desk.states()).to.deep.equal(['parked', 'parked']);
      }
    });

    it('joins when PASS_THROUGH came from both, with the greater pingMs', () => {
      const desk = new Desk();
      const { leg: left } = desk.arrive(deskSetup({ pingMs: 500 }));
      const { leg: right } = desk.arrive(labSetup({ pingMs: 900 }));
      desk.rendezvous.handlePassThrough(right, desk.now);
      expect(desk.actions()).to.deep.equal([{ do: 'pass-through', leg: left }]);
      desk.rendezvous.handlePassThrough(left, desk.now);
      expect(desk.actions()).to.deep.equal([
        { do: 'pass-through', leg: right },
        { do: 'join', legs: [left, right], pingMs: 900 },
      ]);
      expect(desk.rendezvous.pollTimeout()).to.equal(undefined);
    });

    it('gives up when PASS_THROUGH has not gone both ways in 10 s', () => {
      const desk = new Desk();
      const { leg: left } = desk.arrive(deskSetup());
      const { leg: right } = desk.arrive(labSetup());
      desk.rendezvous.handlePassThrough(right, desk.now + 9000);
      desk.actions();
      expect(desk.rendezvous.pollTimeout()).to.equal(desk.now + 19_000);
      desk.rendezvous.handleTimeout(desk.now + 18_999);
      expect(desk.actions()).to.deep.equal([]);
      desk.rendezvous.handleTimeout(desk.now + 19_000);
      expect(closes(desk.actions())).to.deep.equal([[left, 'TIMEOUT'], [right, 'TIMEOUT']]);
      expect(desk.states()).to.deep.equal([]);
    });
  });

  describe('fences', () => {
    it('an older process of an end on every slot at once, and what it was paired with', () => {
      const { desk, left, right } = paired();
      const { leg: second } = desk.arrive(deskSetup({ slot: 1 }));
      const { actions } = desk.arrive(deskSetup({ epoch: 1_700_000_000_001, instance: NEW_INSTANCE }));
      expect(closes(actions)).to.deep.equal([[left, 'SUPERSEDED'], [right, 'LOST'], [second, 'SUPERSEDED']]);
      expect(only(actions, 'close')[0]?.error.since).to.equal(1_700_000_000_001);
      expect(desk.states()).to.deep.equal(['parked']);
    });

    it('a lower attempt at the same slot and alternative, and nothing else', () => {
      const { desk, left, right } = paired();
      desk.arrive(deskSetup({ slot: 1 }));
      const { actions } = desk.arrive(deskSetup({ attempt: 2 }));
      expect(closes(actions)).to.deep.equal([[left, 'LOST'], [right, 'LOST']]);
      expect(desk.states()).to.deep.equal(['parked', 'parked']);
    });

    it('nothing for an equal or lower attempt: that is refused while the other lives', () => {
      const { desk, left } = paired();
      const { leg, actions } = desk.arrive(deskSetup());
      expect(closes(actions)).to.deep.equal([[leg, 'SUPERSEDED']]);
      expect(only(actions, 'close')[0]?.error.since).to.equal(1_700_000_000_000);
      desk.rendezvous.handleLost(left);
      desk.actions();
      expect(closes(desk.arrive(deskSetup()).actions)).to.deep.equal([]);
    });

    it('nothing for an older process, nor for another one of the same millisecond', () => {
      for (const epoch of [1_699_999_999_999, 1_700_000_000_000]) {
        const { desk } = paired();
        const { leg, actions } = desk.arrive(deskSetup({ epoch, instance: NEW_INSTANCE, slot: 3 }));
        expect(closes(actions)).to.deep.equal([[leg, 'SUPERSEDED']]);
        expect(only(actions, 'refused')[0]?.error).to.include({ code: 'SUPERSEDED', since: 1_700_000_000_000 });
      }
    });

    it('by key: the same end with another key is another', () => {
      const tunnel = tunnelOf();
      const both = { ...tunnel, ends: { ...tunnel.ends, left: [keyOf('desk'), keyOf('desk of next year')] } };
      const desk = new Desk({ tunnels: [both] });
      desk.arrive(deskSetup());
      const { cu, entry } = endSetup('desk of next year', { side: 'left', peers: [keyOf('lab')], epoch: 1_800_000_000_000 });
      desk.arrive(parseSetup(cu, entry), keyOf('desk'));
      expect(desk.states()).to.deep.equal(['parked', 'parked']);
    });
  });

  describe('refuses, before it stores anything,', () => {
    const refusal = (desk: Desk, arrival: Parameters<Desk['arrive']>) => {
      const { leg, actions } = desk.arrive(...arrival);
      expect(closes(actions), 'closed').to.deep.equal([[leg, only(actions, 'refused')[0]?.error.code]]);
      expect(desk.states()).to.deep.equal([]);
      return only(actions, 'refused')[0]?.error as { code: string; message: string };
    };
    const over = (node: string, from = deskSetup()) =>
      parseSetup(from.cu, appendMiddleEntry(from.topology, { node, key: keyOf(node), address: '', from: from.info.key, to: keyOf('west') }, { cu: from.cu, crypto, signer: namedSigner(node) }));

    it('a tunnel that is in no chain', () => {
      const other = Buffer.alloc(32, 1).toString('base64url');
      expect(refusal(new Desk(), [deskSetup({ common: other })]).code).to.equal('REFUSED');
    });

    it('an end whose key is not pinned, whoever brings it', () => {
      const { cu, entry } = endSetup('mallory', { side: 'left', peers: [keyOf('lab')] });
      expect(refusal(new Desk(), [parseSetup(cu, entry), keyOf('desk')])).to.deep.include({ code: 'REFUSED', message: `${keyOf('mallory')} is not pinned for the left end of acme-globex` });
    });

    it('an end on the wrong side', () => {
      expect(refusal(new Desk(), [deskSetup({ side: 'right' })]).code).to.equal('REFUSED');
    });

    it('a neighbour that is not on that side of the route, or a route that does not lead here', () => {
      expect(refusal(new Desk(), [deskSetup(), keyOf('lab')])).to.deep.include({ code: 'ROUTE', message: 'alternative 0 of acme-globex comes from the left over desk, which this neighbour is not' });
      expect(refusal(new Desk(), [deskSetup({ alt: 1 })])).to.deep.include({ code: 'ROUTE', message: 'alternative 1 of acme-globex does not lead over this node' });
    });

    it('an entry that its end did not sign', () => {
      const { cu } = deskSetup();
      const other = deskSetup({ attempt: 2 });
      expect(refusal(new Desk(), [{ ...other, cu }]).code).to.equal('REFUSED');
    });

    it('a set-up that has passed here before', () => {
      expect(refusal(new Desk(), [over('west'), keyOf('desk')]).code).to.equal('LOOP');
    });

    it('a list with no room for one more entry', () => {
      let setup = deskSetup();
      for (let entries = 1; entries < 32; entries++) setup = over(`m${entries}`, setup);
      expect(refusal(new Desk(), [setup, keyOf('desk')]).code).to.equal('LIMIT');
    });

    it('everything once it drains, and closes what is not paired; pairs go on', () => {
      const { desk, left } = paired();
      const { leg: waiting } = desk.arrive(deskSetup({ slot: 1 }));
      desk.rendezvous.drain();
      expect(closes(desk.actions())).to.deep.equal([[waiting, 'SHUTTING_DOWN']]);
      const { leg, actions } = desk.arrive(labSetup({ slot: 1 }));
      expect(closes(actions)).to.deep.equal([[leg, 'SHUTTING_DOWN']]);
      desk.rendezvous.handleLost(left);
      expect(desk.states()).to.deep.equal([]);
    });
  });

  describe('dials the next neighbour', () => {
    it('when the route says so, and forwards only when that has greeted', () => {
      const desk = new Desk({ tunnels: [tunnelOf({ right: true })] });
      const { leg, actions } = desk.arrive(deskSetup());
      const [dial] = only(actions, 'dial');
      expect(dial?.hop.neighbour).to.equal('lab');
      expect(only(actions, 'progress')[0]).to.deep.include({ leg, body: { at: 'west', waitingFor: 'lab' } });
      expect(only(actions, 'send-setup')).to.deep.equal([]);
      desk.rendezvous.handleGreeted(dial?.leg as number, keyOf('lab'));
      expect(only(desk.actions(), 'send-setup')[0]?.leg).to.equal(dial?.leg);
      const answered = desk.on(dial?.leg as number, labSetup());
      expect(only(answered, 'send-setup').map((sent) => sent.leg)).to.deep.equal([leg]);
      expect(desk.states()).to.deep.equal(['exchanged', 'exchanged']);
    });

    it('and tells the end when that fails', () => {
      const desk = new Desk({ tunnels: [tunnelOf({ right: true })] });
      const { leg, actions } = desk.arrive(deskSetup());
      desk.rendezvous.handleDialFailed(only(actions, 'dial')[0]?.leg as number, { address: 'lab:7', code: 'ECONNREFUSED' });
      const failed = desk.actions();
      expect(only(failed, 'progress')[0]?.body).to.deep.equal({ at: 'west', waitingFor: 'lab', failed: { address: 'lab:7', code: 'ECONNREFUSED' } });
      expect(closes(failed)).to.deep.equal([[leg, 'UNREACHABLE']]);
      expect(desk.states()).to.deep.equal([]);
    });

    it('and refuses an answer that is not the other half, on both legs', () => {
      for (const [answer, code] of [
        [labSetup({ slot: 5 }), 'ROUTE'],
        [labSetup({ peers: [keyOf('elsewhere')] }), 'ROUTE'],
        [labSetup({ common: Buffer.alloc(32).toString('base64url') }), 'REFUSED'],
      ] as const) {
        const desk = new Desk({ tunnels: [tunnelOf({ right: true })] });
        const { leg, actions } = desk.arrive(deskSetup());
        const dialed = only(actions, 'dial')[0]?.leg as number;
        desk.rendezvous.handleGreeted(dialed, keyOf('lab'));
        desk.actions();
        expect(closes(desk.on(dialed, answer))).to.have.deep.members([[leg, code], [dialed, code]]);
        expect(desk.states()).to.deep.equal([]);
      }
    });

    it('and hands PROGRESS and ERROR of the far side back', () => {
      const desk = new Desk({ tunnels: [tunnelOf({ right: true })] });
      const { leg, actions } = desk.arrive(deskSetup());
      const dialed = only(actions, 'dial')[0]?.leg as number;
      desk.rendezvous.handleGreeted(dialed, keyOf('lab'));
      desk.actions();
      desk.rendezvous.handleProgress(dialed, { at: 'far', waitingFor: 'lab' });
      expect(desk.actions()).to.deep.equal([{ do: 'progress', leg, body: { at: 'far', waitingFor: 'lab' } }]);
      desk.rendezvous.handleLost(dialed, { code: 'TAMPERED', message: 'entry 1' });
      expect(desk.actions()).to.deep.equal([{ do: 'close', leg, error: { code: 'TAMPERED', message: 'entry 1' } }]);
    });
  });

  describe('standby legs', () => {
    it('are wanted while a set-up is parked, and used for it', () => {
      const desk = new Desk();
      const { leg, actions } = desk.arrive(deskSetup());
      expect(only(actions, 'want-standby')[0]).to.deep.include({ leg });
      const standby = desk.rendezvous.newLeg();
      expect(desk.rendezvous.handleStandby(leg, standby, keyOf('lab'))).to.equal(true);
      expect(only(desk.actions(), 'send-setup')[0]?.leg).to.equal(standby);
      expect(desk.states()).to.deep.equal(['waiting']);
      expect(desk.rendezvous.handleStandby(leg, desk.rendezvous.newLeg(), keyOf('lab'))).to.equal(false);
    });

    it('are not wanted any more when the other half came, or the set-up is gone', () => {
      const met = new Desk();
      const { leg } = met.arrive(deskSetup());
      expect(only(met.arrive(labSetup()).actions, 'unwant-standby')).to.deep.equal([{ do: 'unwant-standby', leg }]);
      const gone = new Desk();
      const { leg: lost } = gone.arrive(deskSetup());
      gone.rendezvous.handleLost(lost);
      expect(gone.actions()).to.deep.equal([{ do: 'unwant-standby', leg: lost }]);
    });

    describe('that cross a dial', () => {
      const crossing = () => {
        const desk = new Desk({ tunnels: [tunnelOf({ left: true, right: true })] });
        const { leg, actions } = desk.arrive(deskSetup());
        return { desk, leg, dialed: only(actions, 'dial')[0]?.leg as number };
      };

      it('win when the dial was not greeted: it is called off', () => {
        const { desk, leg, dialed } = crossing();
        const { leg: other, actions } = desk.arrive(labSetup());
        expect(closes(actions)).to.deep.equal([[dialed, 'SUPERSEDED']]);
        expect(only(actions, 'send-setup').map((sent) => sent.leg)).to.have.members([leg, other]);
      });

      it('lose when it was: the dialer ignores them, and closes them itself if nobody else does', () => {
        const { desk, leg, dialed } = crossing();
        desk.rendezvous.handleGreeted(dialed, keyOf('lab'));
        desk.actions();
        const { leg: ignored, actions } = desk.arrive(labSetup());
        expect(actions).to.deep.equal([]);
        expect(only(desk.on(dialed, labSetup()), 'send-setup').map((sent) => sent.leg)).to.deep.equal([leg]);
        desk.rendezvous.handleTimeout(desk.now + 10_000);
        expect(closes(desk.actions())).to.deep.include([ignored, 'LOST']);
      });

      it('lose at the acceptor: it closes them and pairs on the dialed leg', () => {
        const desk = new Desk();
        const { leg } = desk.arrive(deskSetup());
        const standby = desk.rendezvous.newLeg();
        desk.rendezvous.handleStandby(leg, standby, keyOf('lab'));
        desk.actions();
        const { leg: dialed, actions } = desk.arrive(labSetup());
        expect(closes(actions)).to.deep.equal([[standby, 'SUPERSEDED']]);
        expect(only(actions, 'send-setup').map((sent) => sent.leg)).to.have.members([leg, dialed]);
      });
    });
  });

  describe('without a chain file', () => {
    const admissions = (...names: string[]) => new Map(names.map((name) => [keyOf(name), { any: false, commons: new Set([COMMON]) }] as const));

    it('pairs ends whose keys are admitted for their common name, over neighbours that are, too', () => {
      const desk = new Desk({ tunnels: [], admissions: admissions('desk', 'lab') });
      const { actions } = desk.arrive(deskSetup({ alt: 7 }));
      expect(only(actions, 'want-standby')).to.deep.equal([]);
      expect(only(actions, 'progress')[0]?.body).to.deep.equal({ at: 'west' });
      desk.arrive(labSetup({ alt: 7 }));
      expect(desk.states()).to.deep.equal(['exchanged', 'exchanged']);
    });

    it('refuses the end or the neighbour that is not, or not for this name', () => {
      const message = (desk: Desk, neighbour?: string) => only(desk.arrive(deskSetup(), neighbour).actions, 'refused')[0]?.error.message;
      expect(message(new Desk({ tunnels: [], admissions: admissions('lab') }), keyOf('lab'))).to.contain("the end's key");
      expect(message(new Desk({ tunnels: [], admissions: admissions('desk') }), keyOf('gateway'))).to.contain("the neighbour's key");
      const otherName = new Map([[keyOf('desk'), { any: false, commons: new Set(['another']) }]]);
      expect(message(new Desk({ tunnels: [], admissions: otherName }))).to.contain('not admitted');
      const any = new Map([[keyOf('desk'), { any: true, commons: new Set<string>() }]]);
      expect(message(new Desk({ tunnels: [], admissions: any }))).to.equal(undefined);
    });
  });

  it('closes whom a new configuration no longer serves, and nobody else', () => {
    const other = Buffer.alloc(32, 4).toString('base64url');
    const { desk, left, right } = paired(new Desk({ tunnels: [tunnelOf(), tunnelOf({ common: other, name: 'second' })] }));
    desk.arrive(deskSetup({ common: other }));
    desk.rendezvous.configure([tunnelOf({ common: other, name: 'second' })]);
    expect(closes(desk.actions())).to.deep.equal([[left, 'REFUSED'], [right, 'REFUSED']]);
    expect(desk.states()).to.deep.equal(['parked']);
  });

  it('ignores what it hears of legs it no longer knows', () => {
    const { desk, left } = paired();
    desk.rendezvous.handleLost(left);
    desk.actions();
    desk.rendezvous.handleLost(left);
    desk.rendezvous.handlePassThrough(left, 0);
    desk.rendezvous.handleProgress(left, { at: 'x' });
    desk.rendezvous.handleGreeted(left, keyOf('lab'));
    desk.rendezvous.handleDialFailed(left, { address: '', code: '' });
    expect(desk.actions()).to.deep.equal([]);
  });
});
