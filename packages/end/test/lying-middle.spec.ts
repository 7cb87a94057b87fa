import { expect } from 'chai';
import { encodeFrame, encodeJson, encodeNumbers, generateIdentity, parseTopology, type MiddleEntry, type Side } from '@lstp/core';
import { until } from '@lstp/core/testing';
import { Application, ApplicationServer, digestOf, echo } from './support/application.js';
import { LyingMiddle, setupFrames, type Forwarded, type Lie } from './support/lying-middle.js';
import { chainOf, freePort, TestEnd } from './support/test-end.js';

const desk = generateIdentity();
const lab = generateIdentity();
const west = generateIdentity();
const mallory = generateIdentity();
const other = (bytes: number): string => Buffer.alloc(bytes, 9).toString('base64url');

/** Lies about what the left end said, and is honest otherwise. */
const aboutLeft = (lie: (honest: Forwarded) => readonly Buffer[]): Lie => ({ setup: (honest, side) => (side === 'left' ? lie(honest) : setupFrames(honest)) });
const member = (name: string, value: unknown): Lie => aboutLeft(({ cu, topology }) => setupFrames({ cu: Buffer.from(JSON.stringify({ ...(JSON.parse(cu.toString()) as object), [name]: value })), topology }));
const ownEntry = (change: Partial<MiddleEntry>): Lie => ({ entry: (honest) => ({ ...honest, ...change }) });

interface Case {
  readonly what: string;
  readonly lie: Lie;
}

const TAMPERED: readonly (Case & { readonly words: RegExp })[] = [
  ...Object.entries({ versions: [1, 2], common: other(32), side: 'right', peers: [lab.publicKey, mallory.publicKey], epoch: 1, instance: other(16), slot: 1, alt: 1, attempt: 77, pingMs: 100, nonce: other(32) }).map(
    ([name, value]) => ({ what: `COMMONUNIQUE_INFO.${name}`, lie: member(name, value), words: /TOPOLOGY_EXCHANGE entry 0: its signature does not cover this COMMONUNIQUE_INFO|COMMONUNIQUE_INFO\.\w+/ }),
  ),
  { what: 'a space in COMMONUNIQUE_INFO', lie: aboutLeft(({ cu, topology }) => setupFrames({ cu: Buffer.from(cu.toString().replace('{', '{ ')), topology })), words: /entry 0/ },
  { what: 'its own entry left out', lie: aboutLeft(({ cu, topology }) => setupFrames({ cu, topology: parseTopology(topology).entries[0]?.raw ?? Buffer.alloc(0) })), words: /entry 0: key is not that of the neighbour/ },
  { what: 'its own entry twice', lie: aboutLeft(({ cu, topology }) => setupFrames({ cu, topology: Buffer.concat([topology, parseTopology(topology).entries[1]?.raw ?? Buffer.alloc(0)]) })), words: /entry 2/ },
  { what: 'whom it took the set-up from', lie: ownEntry({ from: mallory.publicKey }), words: /entry 1 \(west\)\.from/ },
  { what: 'whom it gives it to', lie: ownEntry({ to: mallory.publicKey }), words: /entry 1 \(west\)\.to/ },
  { what: 'its key', lie: ownEntry({ key: mallory.publicKey }), words: /entry 1: its signature/ },
];

/** Nothing comes of these, and nothing breaks. */
const FRUITLESS: readonly Case[] = [
  { what: 'drops COMMONUNIQUE_INFO', lie: aboutLeft((honest) => setupFrames(honest).slice(1)) },
  { what: 'drops TOPOLOGY_EXCHANGE', lie: aboutLeft((honest) => setupFrames(honest).slice(0, 1)) },
  { what: 'repeats COMMONUNIQUE_INFO', lie: aboutLeft((honest) => [setupFrames(honest)[0], ...setupFrames(honest)]) },
  { what: 'repeats both', lie: aboutLeft((honest) => [...setupFrames(honest), ...setupFrames(honest)]) },
  { what: 'exchanges the two', lie: aboutLeft((honest) => setupFrames(honest).reverse()) },
  { what: 'cuts TOPOLOGY_EXCHANGE short', lie: aboutLeft(({ cu, topology }) => setupFrames({ cu, topology: topology.subarray(0, -1) })) },
  { what: 'gives the end its own set-up back', lie: echoed() },
  { what: 'another key in COMMONUNIQUE_INFO', lie: member('key', mallory.publicKey) },
  { what: 'PASS_THROUGH before set-up', lie: aboutLeft((honest) => [encodeFrame('PASS_THROUGH', 0), ...setupFrames(honest)]) },
  { what: 'PASS_THROUGH twice', lie: { mark: (honest) => [honest, honest] } },
  { what: 'a frame behind PASS_THROUGH', lie: { mark: (honest) => [honest, encodeJson('PROGRESS', 0, { at: 'west' })] } },
  { what: 'one bit of TLS', lie: { bytes: (honest) => flipped(honest) } },
  { what: 'something else instead of TLS', lie: { bytes: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') } },
];

const HARMLESS: readonly Case[] = [
  { what: 'nothing', lie: {} },
  { what: 'its name', lie: ownEntry({ node: 'best-relay-in-town' }) },
  { what: 'its address', lie: ownEntry({ address: 'elsewhere:1' }) },
  { what: 'how far it came', lie: aboutLeft((honest) => [encodeJson('PROGRESS', 0, { at: 'nowhere', waitingFor: 'godot' }), ...setupFrames(honest)]) },
  { what: 'signs of life', lie: aboutLeft((honest) => [encodeNumbers('PING', 0, 1), encodeNumbers('PONG', 0, 1), ...setupFrames(honest)]) },
];

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const last = copy.length - 1;
  copy[last] = (copy[last] ?? 0) ^ 1;
  return copy;
}

/** Each end hears what it said itself: a mirror instead of a peer. */
function echoed(): Lie {
  const said = new Map<Side, Forwarded>();
  return {
    setup: (honest, side) => {
      said.set(side, honest);
      const own = said.get(side === 'left' ? 'right' : 'left');
      return setupFrames(own ?? honest);
    },
  };
}

describe('two ends over a middle that lies about', function () {
  this.timeout(30_000);
  let middle: LyingMiddle;
  let echoes: ApplicationServer;
  let text: string;
  let ends: TestEnd[] = [];

  before(async () => {
    echoes = await ApplicationServer.start(echo);
    const port = await freePort();
    middle = await LyingMiddle.start(west, port);
    text = `lstp: 1
nodes:
  desk: { key: "${desk.publicKey}" }
  west: { key: "${west.publicKey}", listen: "127.0.0.1:${port}" }
  lab: { key: "${lab.publicKey}" }
tunnels:
  acme:
    route: desk > west < lab
    services:
      echo: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}" }
`;
  });
  after(async () => {
    await Promise.all([middle.stop(), echoes.stop()]);
  });

  async function startWith(lie: Lie): Promise<void> {
    middle.lie = lie;
    ends = await Promise.all([TestEnd.make('desk', chainOf(text), desk), TestEnd.make('lab', chainOf(text), lab)]);
    await Promise.all(ends.map((end) => end.start()));
  }

  afterEach('the ends stop, and leave nothing', async () => {
    await Promise.all(ends.splice(0).map((end) => end.stop()));
  });

  /** The middle is honest from now on: the tunnel stands, and carries data. */
  async function expectRecovery(): Promise<void> {
    middle.lie = {};
    await Promise.all(ends.map(({ role }) => role.established()));
    const client = Application.connect((ends[0] as TestEnd).address('echo')).read().send(Buffer.from('ping')).finish();
    expect(await client.ended).to.equal('end');
    expect(client.digest()).to.equal(digestOf(Buffer.from('ping')));
  }

  function isEstablished(): boolean {
    return ends.some((end) => end.tunnel().state !== 'connecting');
  }

  describe('what is signed or compared, the lie is told in the log, and honesty is enough to recover:', () => {
    for (const { what, lie, words } of TAMPERED) {
      it(what, async () => {
        await startWith(lie);
        const line = await until('an end tells of the lie', () => ends.flatMap(({ log }) => log).find(({ level, code }) => level === 'warn' && code === 'TAMPERED'));
        expect(line.msg).to.match(words);
        expect(isEstablished()).to.equal(false);
        await expectRecovery();
      });
    }
  });

  describe('the order and number of frames, or bytes of TLS, nothing comes of it:', () => {
    for (const { what, lie } of FRUITLESS) {
      it(what, async () => {
        const { pairs } = middle;
        await startWith(lie);
        await until('an end has met it', () => middle.pairs > pairs);
        await expectRecovery();
        // The pair that it lied to came to nothing: it took another one.
        expect(middle.pairs).to.be.greaterThan(pairs + 1);
      });
    }
  });

  describe('what is its own to claim, it does no harm:', () => {
    for (const { what, lie } of HARMLESS) {
      it(what, async () => {
        await startWith(lie);
        await Promise.all(ends.map(({ role }) => role.established()));
        for (const end of ends) {
          expect(end.tunnel().carriers[0]?.map.map(({ node, verified }) => `${node} ${verified}`)).to.deep.equal(['desk true', 'west true', 'lab true']);
          expect(end.log.filter(({ level }) => level === 'warn')).to.deep.equal([]);
        }
        await expectRecovery();
      });
    }
  });
});
