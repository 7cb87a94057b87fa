/** What no node is told of: a network that swallows packets, an address that changes. Each node in a network namespace of its own. */
import { expect } from 'chai';
import { skipBecause, Workplace } from 'lstp/testing';
import { setTimeout as later } from 'node:timers/promises';
import { AllAtOnce } from './support/all-at-once.js';
import { missingForNamespaces, Namespaces } from './support/namespaces.js';
import { NODES, ProcessChain } from './support/process-chain.js';

/** How long packets are swallowed: less and more than is waited for a sign of life. */
const CUTS = [['west', 1000], ['east', 5500]] as const;

describe('a download, an upload, an ssh session and pgbench at once outlive', function () {
  this.timeout(120_000);
  const place = new Workplace();
  let network: Namespaces;
  let chain: ProcessChain;
  let programs: AllAtOnce;

  before(async function () {
    const missing = AllAtOnce.missing() ?? missingForNamespaces();
    if (missing !== undefined) skipBecause(this, missing);
    network = Namespaces.make(NODES);
    programs = await AllAtOnce.prepare(place, { bytes: 33_554_432, atLab: network.inside('lab') });
    chain = await ProcessChain.make(place, network);
    chain.write({ services: programs.services });
    for (const node of NODES) await chain.start(node);
  });
  after(async () => {
    await place.remove();
    await programs?.stop();
    network?.remove();
  });
  afterEach('the logs of a failed test are shown', function () {
    if (this.currentTest?.state === 'failed') process.stdout.write(`${chain.logs()}\n`);
  });

  async function during(seconds: number, harass: () => Promise<void>): Promise<void> {
    const work = programs.run(seconds);
    work.catch(() => {});
    await harass();
    await work;
    expect((await chain.tunnel('lab')).channels, 'channels that are left').to.deep.equal([]);
  }

  it('a network that swallows every packet of a node, for less and for more than is waited for it', async () => {
    await during(9, async () => {
      for (const [node, ms] of CUTS) {
        network.cut(node);
        await later(ms);
        network.mend(node);
        await later(500);
      }
    });
  });

  for (const end of ['desk', 'lab'] as const) {
    it(`another address of ${end}`, async () => {
      await during(6, async () => {
        await later(1000);
        network.move(end);
      });
    });
  }
});
