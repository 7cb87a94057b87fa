/** `carriers: 2`, `spread: true` over two relays, neither of which is needed. */
import { expect } from 'chai';
import { skipBecause, Workplace } from 'lstp/testing';
import { setTimeout as later } from 'node:timers/promises';
import { AllAtOnce } from './support/all-at-once.js';
import { eventually } from './support/eventually.js';
import { NODES, ProcessChain } from './support/process-chain.js';

const BYTES = 33_554_432;
const ROUTES = ['desk > west < lab', 'desk > east < lab'] as const;

describe('desk > (west | east) < lab', function () {
  this.timeout(90_000);
  const place = new Workplace();
  let chain: ProcessChain;
  let programs: AllAtOnce;

  before(async function () {
    const missing = AllAtOnce.missing();
    if (missing !== undefined) skipBecause(this, missing);
    programs = await AllAtOnce.prepare(place, { bytes: BYTES });
    chain = await ProcessChain.make(place);
  });
  after(async () => {
    await place.remove();
    await programs?.stop();
  });
  afterEach('the logs of a failed test are shown', function () {
    if (this.currentTest?.state === 'failed') process.stdout.write(`${chain.logs()}\n`);
  });

  async function start(options: readonly string[]): Promise<void> {
    chain.write({ route: 'desk > (west | east) < lab', services: programs.services, options });
    await Promise.all(NODES.filter((node) => chain.isRunning(node)).map((node) => chain.kill(node)));
    for (const node of ['west', 'east', 'lab', 'desk'] as const) await chain.start(node);
  }

  async function routesAre(routes: readonly string[]): Promise<void> {
    const found = async (): Promise<string[]> => (await chain.tunnel('desk')).carriers.map(({ route }) => route).toSorted();
    let last: string[] = [];
    await eventually(async () => {
      last = await found();
      return JSON.stringify(last) === JSON.stringify(routes.toSorted());
    }, () => `carriers over ${routes.join(' and ')}, but there are ${last.join(' and ') || 'none'}`);
  }

  async function relayed(node: 'west' | 'east'): Promise<number> {
    return (await chain.status(node)).relay?.bytes ?? 0;
  }

  it('goes on over the other relay when one is killed for good', async () => {
    await start([]);
    await routesAre([ROUTES[0]]);
    const work = programs.run(4);
    work.catch(() => {});
    await later(1000);
    await chain.kill('west');
    await work;
    await routesAre([ROUTES[1]]);
  });

  it('goes on over the other relay when one stands still for good', async () => {
    await start([]);
    await routesAre([ROUTES[0]]);
    const work = programs.run(7);
    work.catch(() => {});
    await later(1000);
    chain.running.get('west')?.child.kill('SIGSTOP');
    await work;
    await routesAre([ROUTES[1]]);
    await chain.kill('west');
  });

  it('with two carriers: over both relays, and one download uses both', async () => {
    await start(['carriers: 2', 'spread: true']);
    await routesAre(ROUTES);
    await programs.run(3);
    for (const relay of ['west', 'east'] as const) expect(await relayed(relay), relay).to.be.above(BYTES / 2);
  });

  it('with two carriers outlives kills of a relay without an interruption, and comes back to both', async () => {
    await start(['carriers: 2', 'spread: true']);
    await routesAre(ROUTES);
    const work = programs.run(7);
    work.catch(() => {});
    await later(500);
    await chain.kill('east');
    await routesAre([ROUTES[0], ROUTES[0]]);
    await chain.start('east');
    await routesAre(ROUTES);
    await work;
    for (const end of ['desk', 'lab'] as const) expect(chain.running.get(end)?.stderr).to.not.match(/tunnel interrupted/);
    expect((await chain.tunnel('lab')).channels).to.deep.equal([]);
  });
});
