import { expect } from 'chai';
import { lengthPrefixed } from '../../src/protocol/bytes.js';
import type { MiddleEntry } from '../../src/protocol/messages.js';
import { parseTopology } from '../../src/protocol/topology.js';
import { namedSigner, setupEdits, setupFrames, type SetupPayloads } from '../../src/testing/index.js';
import { simRoute, type SimRoute } from './support/sim-route.js';
import { crypto, keyOf } from './support/way.js';

type Lie = (setup: SetupPayloads) => readonly Buffer[];

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
    const route = withLie(TWO, 'east', setupFrames);
    expect(route.isUp()).to.equal(true);
  });

  for (const { what, outcome, words, edit } of setupEdits({ stranger: keyOf('mallory'), crypto, signer: namedSigner('west') })) {
    it(`${what}: ${outcome}`, () => {
      const route = withLie(ONE, 'west', edit);
      if (outcome === 'TAMPERED') expectTampered(route, words);
      else expect(route.isUp()).to.equal(outcome === 'harmless');
      if (outcome === 'prevented') expect(route.right.established + route.left.established).to.equal(0);
      if (outcome === 'harmless') expect(route.right.up?.nodes.map(({ node }) => node)).to.deep.equal(['desk', 'west', 'lab']);
    });
  }

  describe('in another middle\'s entry is TAMPERED:', () => {
    const members: (keyof MiddleEntry)[] = ['node', 'key', 'address', 'from', 'to'];
    for (const member of members) {
      it(member, () => {
        const value = ['node', 'address'].includes(member) ? 'elsewhere' : keyOf('mallory');
        const route = withLie(TWO, 'east', ({ cu, topology }) => setupFrames({ cu, topology: editEntry(topology, 1, (body) => ({ ...body, [member]: value })) }));
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
          return setupFrames({ cu, topology: Buffer.concat(order.map((at) => (entries[at] as { raw: Buffer }).raw)) });
        });
        expect(route.right.established + route.left.established).to.equal(0);
        if (order[0] === 0) expect(route.right.tampered[0]).to.match(/^TAMPERED TOPOLOGY_EXCHANGE entry/);
      });
    }
  });

  it('what the same end once said, played back: found inside TLS', () => {
    let first: SetupPayloads | undefined;
    const route = simRoute(ONE);
    const [west] = route.middles as unknown as [(typeof route.middles)[0]];
    west.lie = (now) => {
      if (!now.cu.includes('"side":"left"')) return undefined;
      first ??= now;
      return first === now ? [] : setupFrames(first);
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
