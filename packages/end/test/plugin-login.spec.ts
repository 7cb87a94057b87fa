import { expect } from 'chai';
import type { Duplex } from 'node:stream';
import { until } from '@lstp/core/testing';
import { bundledPlugins } from '@lstp/plugins';
import { Application, digestOf } from './support/application.js';
import { RoleBed } from './support/role-bed.js';
import { passwords } from './support/role-plugins.js';
import { pluginsWithStreams } from './support/tapped-security.js';
import { chainOf, type PairPlan, type PairOptions, type TestEnd } from './support/test-end.js';

describe('a log-in between two ends', function () {
  this.timeout(20_000);
  let bed: RoleBed;
  let plan: PairPlan;

  before(async () => {
    bed = await RoleBed.make();
    ({ plan } = bed);
  });
  after(() => bed.echoes.stop());
  afterEach('nothing is left', () => bed.stopEnds());

  const start: RoleBed['start'] = (given, plugins) => bed.start(given, plugins);
  const expectEcho: RoleBed['expectEcho'] = (end, service, bytes) => bed.expectEcho(end, service, bytes);
  const options = (login: string, users: string): PairOptions => ({ tunnel: [`login: { plugin: passwords, at: desk, ${login} }`], services: [bed.service('echo', `users: [${users}]`), bed.service('open')] });

  for (const users of ['ann', '"@ops"']) {
    it(`opens services for ${users} to ann of @ops`, async () => {
      const { desk, lab } = await start(options('user: ann, password: "ann!ops"', users), [passwords()]);
      await expectEcho(desk, 'echo', Buffer.from('hello'));
      expect(await lab.says(/user logged in/)).to.deep.include({ audit: 'log-in', user: 'ann', groups: ['ops'] });
      expect(JSON.stringify([...desk.log, ...lab.log])).not.to.contain('ann!ops');
    });
  }

  for (const [what, login, reason] of [
    ['a wrong password', 'user: ann, password: "bob!ops"', /log-in of ann is wrong/],
    ['another user', 'user: bob, password: "bob!dev"', /not for user bob/],
    ['no credentials', 'user: nobody, password: "x"', /desk gave no credentials/],
  ] as const) {
    it(`keeps them closed to ${what}; others are open`, async () => {
      const { desk, lab } = await start(options(login, 'ann, "@ops"'), [passwords()]);
      expect(await Application.connect(desk.address('echo')).read().ended).to.equal('reset');
      expect(await lab.says(/channel denied/)).to.include({ audit: 'denied', service: 'echo', peer: 'desk' }).and.have.property('reason').that.matches(reason);
      await expectEcho(desk, 'open', Buffer.from('hello'));
    });
  }

  const ann = (): PairOptions => options('user: ann, password: "ann!ops"', 'ann');
  const logIns = (end: TestEnd): number => end.log.filter(({ audit }) => audit === 'log-in').length;
  const startOne = async (node: 'desk' | 'lab', what: PairOptions): Promise<TestEnd> => {
    const end = await (await plan.end(node, what, { plugins: [...bundledPlugins, passwords()] })).start();
    bed.running.push(end);
    return end;
  };

  it('lasts while carriers are lost and built anew: one association, one log-in', async () => {
    const streams: Duplex[] = [];
    const lab = await plan.end('lab', ann(), { plugins: [...pluginsWithStreams(streams), passwords()] });
    bed.running.push(await lab.start());
    const desk = await startOne('desk', ann());
    await Promise.all([desk.role.established(), lab.role.established()]);
    const client = Application.connect(desk.address('echo')).read().send(Buffer.from('before'));
    await client.got(6);
    for (const losses of [1, 2]) {
      const known = streams.length;
      streams.at(-1)?.destroy();
      await until('a new carrier', () => streams.length > known && [desk, lab].every((end) => end.log.filter(({ msg }) => msg === 'carrier closed').length === losses && end.tunnel().state === 'established'));
      await expectEcho(desk, 'echo', Buffer.from('hello'));
    }
    expect(await client.send(Buffer.from('after')).finish().ended).to.equal('end');
    expect(client.digest()).to.equal(digestOf(Buffer.from('beforeafter')));
    expect(logIns(lab)).to.equal(1);
  });

  for (const who of ['desk', 'lab'] as const) {
    it(`is asked for anew when ${who} is started again`, async () => {
      const ends = await start(ann(), [passwords()]);
      await ends.lab.says(/user logged in/);
      await ends[who].stop();
      const again = await startOne(who, ann());
      const [desk, lab] = who === 'desk' ? [again, ends.lab] : [ends.desk, again];
      await until('the log-in', () => logIns(lab) === (who === 'desk' ? 2 : 1));
      await expectEcho(desk, 'echo', Buffer.from('hello'));
    });
  }

  it('is nobody’s after the one who logged in was started again with a wrong password', async () => {
    const ends = await start(ann(), [passwords()]);
    await ends.lab.says(/user logged in/);
    await ends.desk.stop();
    const desk = await startOne('desk', options('user: ann, password: "bob!ops"', 'ann'));
    await ends.lab.says(/log-in denied/);
    expect(await Application.connect(desk.address('echo')).read().ended).to.equal('reset');
    expect(await ends.lab.says(/channel denied/)).to.have.property('reason').that.matches(/log-in of ann is wrong/);
    await expectEcho(desk, 'open', Buffer.from('hello'));
  });

  it('stays as it was when `login` changes in the file, and the reload says so', async () => {
    const { desk, lab } = await start(ann(), [passwords()]);
    const reloaded = (what: PairOptions, ahead = '') => [chainOf(`${ahead}${plan.text(what)}`, [...bundledPlugins, passwords()])];
    const other = options('user: bob, password: "bob!dev"', 'ann');
    const without: PairOptions = { services: [bed.service('open')] };
    for (const end of [desk, lab]) {
      for (const changed of [other, without]) expect((await end.role.reload(reloaded(changed))).ignored).to.deep.equal(['login of tunnel acme has changed; it stays as it was until a restart']);
      expect((await end.role.reload(reloaded(ann(), '# one line more\n'))).ignored).to.deep.equal([]);
    }
    await expectEcho(desk, 'echo', Buffer.from('hello'));
  });

  it('holds nobody up that needs no user while it is verified', async () => {
    const gate: { open: () => void } = { open: () => {} };
    const verdict = new Promise<void>((resolve) => (gate.open = resolve));
    const { desk, lab } = await start(options('user: ann, password: "ann!ops"', 'ann'), [passwords(() => verdict)]);
    const waiting = Application.connect(desk.address('echo')).read().send(Buffer.from('hello')).finish();
    await expectEcho(desk, 'open', Buffer.from('hello'));
    await until('the request waits', () => lab.tunnel().channels.some(({ service }) => service === 'echo'));
    gate.open();
    expect(await waiting.ended).to.equal('end');
    expect(waiting.digest()).to.equal(digestOf(Buffer.from('hello')));
  });
});
