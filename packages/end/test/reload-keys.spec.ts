import { expect } from 'chai';
import { freePort, generateIdentity, type Chain, type NodeIdentity } from '@lstp/core';
import { until } from '@lstp/core/testing';
import { Application, ApplicationServer, echo } from './support/application.js';
import { chainOf, PairPlan, TestEnd } from './support/test-end.js';

describe('a reload, of keys and addresses', function () {
  this.timeout(30_000);
  let plan: PairPlan;
  let echoes: ApplicationServer;
  const running: TestEnd[] = [];
  const next = generateIdentity();

  before(async () => (echoes = await ApplicationServer.start(echo)));
  after(() => echoes.stop());
  beforeEach(async () => (plan = await PairPlan.make()));
  afterEach(() => Promise.all(running.splice(0).map((end) => end.stop())));

  /** The chain in which `node` has these keys. */
  function withKeys(node: 'desk' | 'lab', ...keys: readonly NodeIdentity[]): Chain {
    const text = plan.text({ services: [`echo: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${echoes.port}" }`] });
    return chainOf(text.replace(`"${plan[node].publicKey}"`, `[${keys.map(({ publicKey }) => `"${publicKey}"`).join(', ')}]`));
  }

  async function start(node: 'desk' | 'lab', chain: Chain, identity: NodeIdentity = plan[node]): Promise<TestEnd> {
    const end = await TestEnd.make(node, chain, identity);
    running.push(end);
    return end.start();
  }

  async function startBoth(chain: Chain): Promise<{ desk: TestEnd; lab: TestEnd }> {
    const [desk, lab] = await Promise.all([start('desk', chain), start('lab', chain)]);
    await Promise.all([desk.role.established(), lab.role.established()]);
    return { desk, lab };
  }

  for (const who of ['desk', 'lab'] as const) {
    it(`lets ${who} come with its next key, and then with no other`, async () => {
      const old = withKeys(who, plan[who]);
      const ends = await startBoth(old);
      const other = ends[who === 'desk' ? 'lab' : 'desk'];
      const both = withKeys(who, plan[who], next);
      const { carriers } = other.tunnel();
      for (const end of [ends.desk, ends.lab]) expect((await end.reload(both)).applied).to.deep.equal([`acme: keys of ${who} changed`]);
      expect(other.tunnel().carriers.map(({ id }) => id)).to.deep.equal(carriers.map(({ id }) => id));
      await ends[who].stop();
      await until('the tunnel is interrupted', () => other.tunnel().state === 'interrupted');
      const again = await start(who, both, next);
      await Promise.all([again.role.established(), other.role.established()]);
      await other.reload(withKeys(who, next));
      expect(other.tunnel().state).to.equal('established');
    });

    it(`cuts ${who} off whose key is withdrawn, at once`, async () => {
      const { desk, lab } = await startBoth(withKeys(who, plan[who]));
      const other = who === 'desk' ? lab : desk;
      const client = Application.connect(desk.address('echo')).read().send(Buffer.from('ping'));
      await client.got(4);
      await other.reload(withKeys(who, next));
      expect(other.tunnel().carriers).to.deep.equal([]);
      // Who dials finds it out: desk what lab shows, lab what desk shows.
      await until('the other end has been asked again', () => (who === 'lab' ? /key/.test(desk.tunnel().progress ?? '') : lab.log.some(({ msg }) => /key/.test(msg) && !/carrier cut/.test(msg))));
      expect(other.tunnel().state).to.equal('interrupted');
      client.reset();
    });
  }

  it('dials the new address of a neighbour from the next leg on', async () => {
    const { desk, lab } = await startBoth(withKeys('lab', plan.lab));
    const port = await freePort();
    const moved = chainOf(plan.text({ services: [`echo: { at: desk, to: "127.0.0.1:${echoes.port}" }`] }).replace(`127.0.0.1:${plan.port}`, `127.0.0.1:${port}`));
    expect((await desk.reload(moved)).applied).to.include('acme: the way to lab changed; it counts from the next leg on');
    expect(desk.tunnel().state).to.equal('established');
    await lab.stop();
    const again = await start('lab', moved);
    await again.role.established();
  });
});
