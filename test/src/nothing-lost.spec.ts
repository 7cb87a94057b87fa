/**
 * Relays are killed or stopped while real programs go on: none of them notices more than a pause.
 *
 * LSTP_TEST_KILLS=100 npm test -- test/src/nothing-lost.spec.ts     so many kills, and 1 GiB each way; it says what it saw
 */
import { expect } from 'chai';
import { missingProxies, ProxyBed } from '@lstp/legs/testing';
import { skipBecause, Workplace } from 'lstp/testing';
import { setTimeout as later } from 'node:timers/promises';
import { AllAtOnce } from './support/all-at-once.js';
import { NODES, ProcessChain, type NodeName } from './support/process-chain.js';

const IS_LONG = process.env.LSTP_TEST_KILLS !== undefined;
const KILLS = Number(process.env.LSTP_TEST_KILLS ?? 8);
const BYTES = IS_LONG ? 1_073_741_824 : 33_554_432;
/** What a kill takes, its relay's start and the time until the next included. */
const SECONDS_A_KILL = 1.6;
/** Who stands still for how long: less and more than is waited for a sign of life. */
const FROZEN = [['west', 1000], ['lab', 6000], ['east', 5500]] as const;

describe('a download, an upload, an ssh session and pgbench at once outlive', function () {
  this.timeout(KILLS * 15_000 + 60_000);
  const place = new Workplace();
  let chain: ProcessChain;
  let programs: AllAtOnce;

  before(async function () {
    const missing = AllAtOnce.missing();
    if (missing !== undefined) skipBecause(this, missing);
    programs = await AllAtOnce.prepare(place, { bytes: BYTES });
    chain = await ProcessChain.make(place);
    chain.write({ services: programs.services });
    for (const node of NODES) await chain.start(node);
  });
  after(async () => {
    await place.remove();
    await programs?.stop();
  });
  afterEach('the logs of a failed test are shown', function () {
    if (this.currentTest?.state === 'failed') process.stdout.write(`${chain.logs()}\n`);
  });

  /** Everything runs for `seconds` at least; `harass` is called over and over until all is done, at least `times`. */
  async function during(seconds: number, { times, harass }: { times: number; harass: (time: number) => Promise<void> }): Promise<number> {
    const over = new AbortController();
    const work = programs.run(seconds).finally(() => over.abort());
    work.catch(() => {});
    let time = 0;
    const isDue = (): boolean => time < times || (IS_LONG && !over.signal.aborted);
    for (; isDue(); time += 1) await harass(time);
    await work;
    const { channels } = await chain.tunnel('lab');
    expect(channels, 'channels that are left').to.deep.equal([]);
    return time;
  }

  it(`relays that are killed with kill -9, ${KILLS} times: no byte lost or doubled, no connection broken`, async () => {
    const kills = await during(Math.ceil(KILLS * SECONDS_A_KILL), {
      times: KILLS,
      harass: async () => {
        const relay = anyRelay();
        await chain.kill(relay);
        await chain.start(relay);
        await later(100 + Math.random() * 1400);
      },
    });
    if (IS_LONG) process.stdout.write(`      ${kills} kills; longest pauses of the ssh session, ms: ${longest(programs.waits)}; bytes lost or doubled: 0; connections broken: 0\n`);
  });

  it('relays, and an end, that stand still for less and for more than is waited for them', async () => {
    await during(12, {
      times: FROZEN.length,
      harass: async (time) => {
        const [node, ms] = FROZEN[time % FROZEN.length] as (typeof FROZEN)[number];
        const { child } = chain.running.get(node)!;
        child.kill('SIGSTOP');
        await later(ms);
        child.kill('SIGCONT');
        await later(500);
      },
    });
  });

  it('egress proxies, SOCKS and HTTP, that are killed and started again', async function () {
    const lacking = missingProxies('dante', 'squid');
    if (lacking !== undefined) skipBecause(this, lacking);
    const bed = new ProxyBed();
    try {
      const [socks, http] = [await bed.dante(), await bed.squid()];
      await Promise.all(NODES.map((node) => chain.kill(node)));
      chain.write({ services: programs.services, egress: { desk: `socks5://127.0.0.1:${socks}`, lab: `http://127.0.0.1:${http}` } });
      for (const node of NODES) await chain.start(node);
      await during(6, {
        times: 4,
        harass: async (time) => {
          const proxy = time % 2 === 0 ? socks : http;
          await bed.end(proxy);
          await bed.again(proxy);
          await later(800);
        },
      });
    } finally {
      await bed.stop();
    }
  });
});

function anyRelay(): NodeName {
  return Math.random() < 0.5 ? 'west' : 'east';
}

function longest(waits: readonly number[]): string {
  return waits.toSorted((a, b) => b - a).slice(0, 5).map(Math.round).join(', ');
}
