/**
 * A relay that lies, between two ends that are processes: it edits, drops, repeats and exchanges what it forwards, one
 * thing at a time, of one end at a time. A tunnel for each; its first pair is lied to, later ones are served honestly.
 */
import { nodeCrypto, rendezvousDigest, signerOf, type NodeStatus, type Side } from '@lstp/core';
import { createKeyFile, generateIdentity, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { LyingMiddle, setupEdits, setupFrames, type Lie, type SetupEdit } from '@lstp/core/testing';
import { expect } from 'chai';
import { echo, freePorts, TestServer, Workplace, type Running } from 'lstp/testing';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchange } from './support/exchange.js';

const SIDES = ['left', 'right'] as const satisfies readonly Side[];
const ENDS = ['desk', 'lab'] as const;
const WEST = generateIdentity();
const EDITS = setupEdits({ stranger: generateIdentity().publicKey, crypto: nodeCrypto, signer: signerOf(WEST.privateKey) });

interface LyingTunnel {
  readonly name: string;
  /** What the middle knows it by. */
  readonly common: string;
  readonly edit: SetupEdit;
  /** Of which end's set-up. */
  readonly side: Side;
}

const TUNNELS: readonly LyingTunnel[] = SIDES.flatMap((side) => EDITS.map((edit, index) => tunnelOf(`${side}-${index}`, edit, side)));

function tunnelOf(name: string, edit: SetupEdit, side: Side): LyingTunnel {
  return { name, common: rendezvousDigest(nodeCrypto, name), edit, side };
}

interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly tunnel?: string;
  readonly code?: string;
}

describe('a relay that lies to', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let middle: LyingMiddle;
  let echoes: TestServer;
  let fronts: readonly number[];
  let ends: readonly Running[];

  before(async () => {
    echoes = await TestServer.start(echo);
    const [west = 0, ...others] = await freePorts(1 + TUNNELS.length);
    fronts = others;
    middle = await LyingMiddle.start(WEST, west);
    middle.choose = (common, earlier) => (earlier === 0 ? lieIn(common) : {});
    writeFileSync(join(place.folder, 'chain.yaml'), chainText(west));
    ends = ENDS.map((node) => place.start(['up', 'chain.yaml', '--as', node, '--keys', 'keys']));
    await Promise.all(ends.map((end) => end.says(/ready\n/)));
  });
  after(async () => {
    await place.remove();
    await Promise.all([middle.stop(), echoes.stop()]);
  });

  function chainText(west: number): string {
    const [desk, lab] = ENDS.map((node) => publicKeyOf(createKeyFile(keyFilePath(join(place.folder, 'keys'), node))));
    const tunnels = TUNNELS.map(({ name }, index) => `  ${name}: { route: desk > west < lab, services: { echo: { at: desk, listen: "127.0.0.1:${fronts[index]}", to: "127.0.0.1:${echoes.port}" } } }\n`);
    return `lstp: 1
nodes:
  desk: { key: "${desk}" }
  west: { key: "${WEST.publicKey}", listen: "127.0.0.1:${west}" }
  lab: { key: "${lab}" }
tunnels:
${tunnels.join('')}`;
  }

  /** What both ends wrote about a tunnel until now. */
  function logOf(tunnel: string): LogLine[] {
    const lines = ends.flatMap(({ stderr }) => stderr.slice(0, stderr.lastIndexOf('\n')).split('\n'));
    return lines.map((line) => JSON.parse(line) as LogLine).filter((line) => line.tunnel === tunnel);
  }

  /** Both ends say that the tunnel stands. */
  async function stands(tunnel: string): Promise<void> {
    await Promise.all(ends.map((end) => end.says(new RegExp(`"tunnel":"${tunnel}"[^\n]*"msg":"tunnel established"`), 'stderr')));
  }

  for (const side of SIDES) {
    describe(`the ${side === 'left' ? 'right' : 'left'} end about the other:`, () => {
      for (const [index, { name, common, edit }] of TUNNELS.entries()) {
        if (TUNNELS[index]?.side !== side) continue;
        it(`${edit.what}: ${edit.outcome}`, async () => {
          await stands(name);
          const complaints = logOf(name).filter(({ level }) => level === 'warn' || level === 'error');
          if (edit.outcome === 'TAMPERED') expect(complaints.filter(({ code, msg }) => code === 'TAMPERED' && edit.words.test(msg)), JSON.stringify(complaints)).to.have.length.above(0);
          if (edit.outcome === 'harmless') expect([complaints, middle.pairsOf(common)]).to.deep.equal([[], 1]);
          else expect(middle.pairsOf(common)).to.be.above(1);
          const { sent, received } = await exchange(`127.0.0.1:${fronts[index]}`, 1000);
          expect(received).to.equal(sent);
        });
      }
    });
  }

  it('both: in the end every tunnel stands, and each node on its way is proved', async () => {
    for (const { name } of TUNNELS) await stands(name);
    const statuses = await Promise.all(ENDS.map((node) => place.run(['status', '--as', node, '--json'])));
    for (const { tunnels } of statuses.map(({ stdout }) => JSON.parse(stdout) as NodeStatus)) {
      expect(tunnels).to.have.length(TUNNELS.length);
      for (const { name, state, carriers } of tunnels) {
        expect(state, name).to.equal('established');
        expect(carriers[0]?.map.map(({ node, verified }) => `${node} ${verified}`), name).to.deep.equal(['desk true', 'west true', 'lab true']);
      }
    }
  });
});

/** About the set-up of one end; honest about the other's. */
function lieIn(common: string): Lie {
  const lying = TUNNELS.find((tunnel) => tunnel.common === common);
  return { setup: (honest, side) => (side === lying?.side ? lying.edit.edit(honest) : setupFrames(honest)) };
}
