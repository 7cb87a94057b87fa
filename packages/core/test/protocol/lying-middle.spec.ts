import { expect } from 'chai';
import { lengthPrefixed } from '../../src/protocol/bytes.js';
import { encodeFrame } from '../../src/protocol/frame.js';
import type { Commonunique, MiddleEntry } from '../../src/protocol/messages.js';
import { parseTopology, appendMiddleEntry } from '../../src/protocol/topology.js';
import { namedSigner } from '../../src/testing/index.js';
import { simRoute, type SimRoute } from './support/sim-route.js';
import { crypto, keyOf } from './support/way.js';

interface Forwarded {
  readonly cu: Buffer;
  readonly topology: Buffer;
}
type Lie = (setup: Forwarded) => readonly Buffer[];

/** Runs `drawing` while `liar` lies about what comes from the left end; honest towards the left. */
function withLie(drawing: string, liar: string, lie: Lie): SimRoute {
  const route = simRoute(drawing);
  const middle = route.middles.find(({ name }) => name === liar);
  if (middle === undefined) throw new Error(`${liar} is no middle of ${drawing}`);
  middle.lie = (setup) => (setup.cu.includes('"side":"left"') ? lie(setup) : undefined);
  for (const node of route.nodes) node.start();
  route.world.pass(400);
  return route;
}

const setup = (cu: Buffer, topology: Buffer) => [encodeFrame('COMMONUNIQUE_INFO', 0, cu), encodeFrame('TOPOLOGY_EXCHANGE', 0, topology)];

/** No carrier came of it, and the right end said so in these words. */
function expectTampered(route: SimRoute, words: RegExp): void {
  expect(route.right.established + route.left.established).to.equal(0);
  expect(route.right.tampered[0]).to.match(words);
  expect(route.left.errors.some(({ code }) => code === 'TAMPERED'), 'the left end is told').to.equal(true);
}

/** `entry` in front of a list of entries, with its body edited and its old signature. */
function editEntry(topology: Buffer, at: number, edit: (body: Record<string, unknown>) => Record<string, unknown>): Buffer {
  const { entries } = parseTopology(topology);
  return Buffer.concat(
    entries.map(({ raw, body, signature }, index) =>
      index === at ? Buffer.concat([lengthPrefixed(Buffer.from(JSON.stringify(edit(JSON.parse(body.toString()) as Record<string, unknown>)))), signature]) : raw,
    ),
  );
}

const ONE = 'desk > west < lab';
const TWO = 'desk > west > east < lab';

describe('protocol: a middle that lies', () => {
  it('is honest in the simulation unless told otherwise', () => {
    const route = withLie(TWO, 'east', ({ cu, topology }) => setup(cu, topology));
    expect(route.isUp()).to.equal(true);
  });

  describe('in a member of COMMONUNIQUE_INFO is TAMPERED:', () => {
    const other = Buffer.alloc(32, 9).toString('base64url');
    const edits: { readonly [M in keyof Commonunique]: Commonunique[M] } = {
      versions: [1, 2],
      common: other,
      side: 'right',
      key: keyOf('mallory'),
      peers: [keyOf('lab'), keyOf('mallory')],
      epoch: 1,
      instance: Buffer.alloc(16, 9).toString('base64url'),
      slot: 1,
      alt: 1,
      attempt: 77,
      pingMs: 100,
      nonce: other,
    };
    for (const [member, value] of Object.entries(edits)) {
      it(member, () => {
        const route = withLie(ONE, 'west', ({ cu, topology }) => setup(Buffer.from(JSON.stringify({ ...JSON.parse(cu.toString()), [member]: value })), topology));
        if (member === 'key') {
          // The two frames no longer go together, which the leg itself sees.
          expect(route.right.established).to.equal(0);
          expect(route.middles[0]?.refusals.length ?? 0).to.equal(0);
          return;
        }
        expectTampered(route, /^TAMPERED TOPOLOGY_EXCHANGE entry 0: its signature does not cover this COMMONUNIQUE_INFO/);
      });
    }

    it('any other byte, even one that means nothing', () => {
      const route = withLie(ONE, 'west', ({ cu, topology }) => setup(Buffer.from(cu.toString().replace('{', '{ ')), topology));
      expectTampered(route, /^TAMPERED TOPOLOGY_EXCHANGE entry 0/);
    });
  });

  describe('in the end\'s entry is TAMPERED:', () => {
    it('node', () => {
      const route = withLie(ONE, 'west', ({ cu, topology }) => setup(cu, editEntry(topology, 0, (body) => ({ ...body, node: 'other' }))));
      expectTampered(route, /^TAMPERED TOPOLOGY_EXCHANGE entry 0: its signature/);
    });

    it('its signature', () => {
      const flipped = ({ topology }: Forwarded) => {
        const copy = Buffer.from(topology);
        const { entries } = parseTopology(copy);
        const { signature } = entries[0] as { signature: Buffer };
        signature[0] = (signature[0] as number) ^ 1;
        return copy;
      };
      expectTampered(withLie(ONE, 'west', (both) => setup(both.cu, flipped(both))), /^TAMPERED TOPOLOGY_EXCHANGE entry 0: its signature/);
    });
  });

  describe('in another middle\'s entry is TAMPERED:', () => {
    const members: (keyof MiddleEntry)[] = ['node', 'key', 'address', 'from', 'to'];
    for (const member of members) {
      it(member, () => {
        const value = ['node', 'address'].includes(member) ? 'elsewhere' : keyOf('mallory');
        const route = withLie(TWO, 'east', ({ cu, topology }) => setup(cu, editEntry(topology, 1, (body) => ({ ...body, [member]: value }))));
        expectTampered(route, /^TAMPERED TOPOLOGY_EXCHANGE entry 1: its signature/);
      });
    }

    for (const [what, order] of [
      ['dropped', [0, 2]],
      ['repeated', [0, 1, 1, 2]],
      ['moved', [0, 2, 1]],
      ['in front of the end\'s', [1, 0, 2]],
      ['dropped, with the own', [0]],
    ] as const) {
      it(what, () => {
        const route = withLie(TWO, 'east', ({ cu, topology }) => {
          const { entries } = parseTopology(topology);
          return setup(cu, Buffer.concat(order.map((at) => (entries[at] as { raw: Buffer }).raw)));
        });
        expect(route.right.established + route.left.established).to.equal(0);
        if (order[0] === 0) expect(route.right.tampered[0]).to.match(/^TAMPERED TOPOLOGY_EXCHANGE entry/);
      });
    }
  });

  describe('in its own entry, signed anew,', () => {
    const signed = (members: Partial<MiddleEntry>): Lie => ({ cu, topology }) => {
      const { entries, middles } = parseTopology(topology);
      const [end] = entries as unknown as [{ raw: Buffer }];
      const body = { ...(middles[0] as MiddleEntry), ...members };
      return setup(cu, appendMiddleEntry(end.raw, body, { cu, crypto, signer: namedSigner('west') }));
    };

    it('is TAMPERED: whom it took the set-up from, whom it gave it to, which key it has', () => {
      expectTampered(withLie(ONE, 'west', signed({ from: keyOf('mallory') })), /entry 1 \(west\)\.from: not the key of entry 0/);
      expectTampered(withLie(ONE, 'west', signed({ to: keyOf('mallory') })), /entry 1 \(west\)\.to: not the key of this end/);
      expectTampered(withLie(ONE, 'west', signed({ key: keyOf('mallory') })), /entry 1: its signature/);
    });

    it('is harmless: its name and address, which are its own claims; the map shows the name of the own file', () => {
      const route = withLie(ONE, 'west', signed({ node: 'best', address: 'nowhere' }));
      expect(route.isUp()).to.equal(true);
      expect(route.right.up?.nodes.map(({ node }) => node)).to.deep.equal(['desk', 'west', 'lab']);
    });

    it('is TAMPERED: left out', () => {
      const route = withLie(ONE, 'west', ({ cu, topology }) => setup(cu, (parseTopology(topology).entries[0] as { raw: Buffer }).raw));
      expectTampered(route, /entry 0: key is not that of the neighbour/);
    });
  });

  describe('with whole frames', () => {
    it('only prevents pairing, when it drops or exchanges them', () => {
      for (const pick of [[], [0], [1], [1, 0]] as const) {
        const route = withLie(ONE, 'west', ({ cu, topology }) => pick.map((at) => setup(cu, topology)[at] as Buffer));
        expect(route.right.established + route.left.established, String(pick)).to.equal(0);
      }
    });

    it('breaks the leg, when it repeats them', () => {
      for (const pick of [[0, 0, 1], [0, 1, 1], [0, 1, 0, 1]] as const) {
        const route = withLie(ONE, 'west', ({ cu, topology }) => pick.map((at) => setup(cu, topology)[at] as Buffer));
        expect(route.right.established + route.left.established, String(pick)).to.equal(0);
      }
    });

    it('is found inside TLS, when it plays back what the same end once said', () => {
      let first: Forwarded | undefined;
      const route = simRoute(ONE);
      const [west] = route.middles as unknown as [(typeof route.middles)[0]];
      west.lie = (now) => {
        if (!now.cu.includes('"side":"left"')) return undefined;
        first ??= now;
        return first === now ? [] : setup(first.cu, first.topology);
      };
      for (const node of route.nodes) node.start();
      route.world.pass(100);
      route.left.legs.forEach((leg) => leg.close({ code: 'LOST' }));
      route.left.stop();
      route.left.start();
      route.world.pass(200);
      expect(route.right.established + route.left.established).to.equal(0);
      expect([...route.left.tampered, ...route.right.tampered].some((words) => /^TAMPERED (COMMONUNIQUE_INFO\.\w+|TOPOLOGY_EXCHANGE entry 0)/.test(words))).to.equal(true);
    });
  });
});
