/** `carriers: 2`, `spread: true` over two relays, neither of which is needed. */
import { expect } from 'chai';
import { skipBecause, Workplace } from 'lstp/testing';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as later } from 'node:timers/promises';
import { AllAtOnce } from './support/all-at-once.js';
import { connectTo } from './support/exchange.js';
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

  it('goes on when it loses its relay while it waits in vain at the one that it prefers', async () => {
    await start([]);
    await chain.kill('west');
    await routesAre([ROUTES[1]]);
    // A relay that pairs nobody with desk: it takes lab for a stranger.
    chain.writeAs('deaf.yaml', { route: 'desk > (west | east) < lab', services: programs.services, keys: { lab: chain.makeKey('lab', 'elsewhere') } });
    await chain.start('west', { file: 'deaf.yaml' });
    await eventually(async () => (await chain.status('west')).relay?.parked === 1, () => 'desk waits at west');
    await chain.kill('east');
    await chain.start('east');
    await eventually(async () => (await chain.tunnel('desk')).state === 'established', () => 'desk comes back to east', 40_000);
    await routesAre([ROUTES[1]]);
  });

  it('resets what is open, at both ends, when there was no way for the grace time', async () => {
    await start(['grace: 1s']);
    await routesAre([ROUTES[0]]);
    const application = connectTo(`unix:${join(place.folder, 'web.sock')}`);
    // A Unix socket knows no reset: its other side just ends.
    application.on('error', () => {}).on('end', () => application.destroy()).resume();
    const gone = once(application, 'close');
    application.write('GET /begun HTTP/1.1\r\n');
    const held = async (): Promise<number> => (await chain.tunnel('lab')).channels.length;
    await eventually(async () => (await held()) === 1, () => 'lab holds the channel');
    await Promise.all([chain.kill('west'), chain.kill('east')]);
    await gone;
    await eventually(async () => (await held()) === 0, () => 'lab holds no channel');
    for (const end of ['desk', 'lab'] as const) expect(chain.running.get(end)?.stderr).to.match(/1 connection was reset: the tunnel was down for longer than its grace time/);
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
