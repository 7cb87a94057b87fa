import { expect } from 'chai';
import { encodeJson, freePort, generateIdentity, nodeCrypto, rendezvousDigest, signerOf, type Side } from '@lstp/core';
import { LyingMiddle, setupEdits, setupFrames, until, type Lie, type SetupEdit, type SetupPayloads } from '@lstp/core/testing';
import { Application, ApplicationServer, digestOf, echo } from './support/application.js';
import { chainOf, TestEnd } from './support/test-end.js';

const desk = generateIdentity();
const lab = generateIdentity();
const west = generateIdentity();
const EDITS = setupEdits({ stranger: generateIdentity().publicKey, crypto: nodeCrypto, signer: signerOf(west.privateKey) });

/** Lies about what the left end said, and is honest otherwise. */
const aboutLeft = ({ edit }: SetupEdit): Lie => ({ setup: (honest, side) => (side === 'left' ? edit(honest) : setupFrames(honest)) });
const edits = (outcome: SetupEdit['outcome']): readonly (Case & SetupEdit)[] => EDITS.filter((edit) => edit.outcome === outcome).map((edit) => ({ ...edit, lie: aboutLeft(edit) }));

const COMMON = rendezvousDigest(nodeCrypto, 'acme');

interface Case {
  readonly what: string;
  readonly lie: Lie;
}

/** Beside what is done to set-up: nothing comes of these, and nothing breaks. */
const FRUITLESS: readonly Case[] = [
  { what: 'gives the end its own set-up back', lie: echoed() },
  { what: 'PASS_THROUGH twice', lie: { mark: (honest) => [honest, honest] } },
  { what: 'a frame behind PASS_THROUGH', lie: { mark: (honest) => [honest, encodeJson('PROGRESS', 0, { at: 'west' })] } },
  { what: 'one bit of TLS', lie: { bytes: (honest) => flipped(honest) } },
  { what: 'something else instead of TLS', lie: { bytes: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') } },
];

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const last = copy.length - 1;
  copy[last] = (copy[last] ?? 0) ^ 1;
  return copy;
}

/** Each end hears what it said itself: a mirror instead of a peer. */
function echoed(): Lie {
  const said = new Map<Side, SetupPayloads>();
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
    middle.choose = () => lie;
    ends = await Promise.all([TestEnd.make('desk', chainOf(text), desk), TestEnd.make('lab', chainOf(text), lab)]);
    await Promise.all(ends.map((end) => end.start()));
  }

  afterEach('the ends stop, and leave nothing', async () => {
    await Promise.all(ends.splice(0).map((end) => end.stop()));
  });

  /** The middle is honest from now on: the tunnel stands, and carries data. */
  async function expectRecovery(): Promise<void> {
    middle.choose = () => ({});
    await Promise.all(ends.map(({ role }) => role.established()));
    const client = Application.connect((ends[0] as TestEnd).address('echo')).read().send(Buffer.from('ping')).finish();
    expect(await client.ended).to.equal('end');
    expect(client.digest()).to.equal(digestOf(Buffer.from('ping')));
  }

  function isEstablished(): boolean {
    return ends.some((end) => end.tunnel().state !== 'connecting');
  }

  describe('what is signed or compared, the lie is told in the log, and honesty is enough to recover:', () => {
    for (const { what, lie, words } of edits('TAMPERED')) {
      it(what, async () => {
        await startWith(lie);
        const line = await until('an end tells of the lie', () => ends.flatMap(({ log }) => log).find(({ level, code }) => level === 'warn' && code === 'TAMPERED'));
        expect(line.msg).to.match(words);
        expect(isEstablished()).to.equal(false);
        await expectRecovery();
      });
    }
  });

  describe('form and order of what it forwards, or bytes of TLS, nothing comes of it:', () => {
    for (const { what, lie } of [...edits('prevented'), ...FRUITLESS]) {
      it(what, async () => {
        const pairs = middle.pairsOf(COMMON);
        await startWith(lie);
        await until('an end has met it', () => middle.pairsOf(COMMON) > pairs);
        await expectRecovery();
        // The pair that it lied to came to nothing: it took another one.
        expect(middle.pairsOf(COMMON)).to.be.greaterThan(pairs + 1);
      });
    }
  });

  describe('what is its own to claim, it does no harm:', () => {
    for (const { what, lie } of edits('harmless')) {
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
