import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { Application, ApplicationServer, digestOf, echo } from './support/application.js';
import { chainOf, PairPlan, type PairOptions, type TestEnd, type TestEndOptions } from './support/test-end.js';
import { handlesSince, openHandles, socketPair, until } from '@lstp/core/testing';

const FILE = randomBytes(16_777_216);
const DIGEST = digestOf(FILE);

describe('two ends on a direct route', function () {
  this.timeout(30_000);
  let plan: PairPlan;
  let files: ApplicationServer;
  let echoes: ApplicationServer;
  const running: TestEnd[] = [];

  before(async () => {
    plan = await PairPlan.make();
    files = await ApplicationServer.start((application) => void application.read().send(FILE).finish());
    echoes = await ApplicationServer.start(echo);
  });

  after(async () => {
    await Promise.all([files.stop(), echoes.stop()]);
  });

  afterEach('nothing is left', async () => {
    await Promise.all(running.splice(0).map((end) => end.stop()));
    await until('no connection of an application', () => files.openCount + echoes.openCount === 0);
  });

  /** A service `name` for applications at `at`; `more` are further keys in YAML. */
  function service(name: string, { port }: { readonly port: number }, { at = 'desk', more = '' } = {}): string {
    return `${name}: { at: ${at}, listen: "127.0.0.1:0", to: "127.0.0.1:${port}"${more} }`;
  }

  async function make(node: 'desk' | 'lab', options: PairOptions, settings?: TestEndOptions): Promise<TestEnd> {
    const end = await plan.end(node, options, settings);
    running.push(end);
    return end;
  }

  async function start(node: 'desk' | 'lab', options: PairOptions, settings?: TestEndOptions): Promise<TestEnd> {
    return (await make(node, options, settings)).start();
  }

  async function startBoth(options: PairOptions): Promise<{ desk: TestEnd; lab: TestEnd }> {
    const [desk, lab] = await Promise.all([start('desk', options), start('lab', options)]);
    await Promise.all([desk.role.established(), lab.role.established()]);
    return { desk, lab };
  }

  async function expectEcho(end: TestEnd, name: string): Promise<void> {
    const client = Application.connect(end.address(name)).read().send(Buffer.from('ping')).finish();
    expect(await client.ended).to.equal('end');
    expect(client.digest()).to.equal(digestOf(Buffer.from('ping')));
  }

  async function expectFile(client: Application): Promise<void> {
    expect(await client.ended).to.equal('end');
    expect(client.digest()).to.equal(DIGEST);
  }

  for (const order of [['desk', 'lab'], ['lab', 'desk']] as const) {
    it(`meet when they start in the order ${order.join(', ')}`, async () => {
      const options = { services: [service('echo', echoes)] };
      const first = await start(order[0], options);
      await until('the first one waits', () => first.tunnel().state === 'connecting');
      const second = await start(order[1], options);
      await Promise.all([first.role.established(), second.role.established()]);
      await expectEcho(order[0] === 'desk' ? first : second, 'echo');
    });
  }

  it('show each other’s verified place in the map', async () => {
    const { desk, lab } = await startBoth({ services: [service('echo', echoes)] });
    const map = [{ node: 'desk', kind: 'end', verified: true }, { node: 'lab', kind: 'end', verified: true }];
    for (const end of [desk, lab]) {
      const [carrier] = end.tunnel().carriers;
      expect(carrier?.map).to.deep.equal(map);
      expect(carrier?.route).to.equal('desk > lab');
    }
  });

  it('carry services in both directions at once', async () => {
    const { desk, lab } = await startBoth({ services: [service('down', files), service('up', files, { at: 'lab' })] });
    const clients = [desk.address('down'), lab.address('up')].flatMap((address) => [Application.connect(address).read(), Application.connect(address).read()]);
    for (const client of clients) client.finish();
    await Promise.all(clients.map(expectFile));
  });

  it('give a service with `carrier: own` a carrier for each channel, and take it down afterwards', async () => {
    const { desk, lab } = await startBoth({ services: [service('echo', echoes, { more: ', carrier: own' })] });
    const clients = [1, 2].map(() => Application.connect(desk.address('echo')).read().send(Buffer.from('ping')));
    await Promise.all(clients.map((client) => client.got(4)));
    const slots = (end: TestEnd): number[] => end.tunnel().carriers.map(({ slot }) => slot).sort((a, b) => a - b);
    expect(slots(desk)).to.deep.equal([0, 9, 11]);
    expect(slots(lab)).to.deep.equal([0, 9, 11]);
    for (const client of clients) expect(await client.finish().ended).to.equal('end');
    await until('only the tunnel’s own carrier is left', () => slots(desk).length === 1 && slots(lab).length === 1);
    await expectEcho(desk, 'echo');
  });

  it('use as many carriers as the file says', async () => {
    const { desk, lab } = await startBoth({ services: [service('down', files)], tunnel: ['carriers: 3'] });
    await until('three carriers', () => desk.tunnel().carriers.length === 3 && lab.tunnel().carriers.length === 3);
    const clients = Array.from({ length: 6 }, () => Application.connect(desk.address('down')).read().finish());
    await Promise.all(clients.map(expectFile));
  });

  describe('refuse so that the application sees it:', () => {
    it('a server that refuses resets the client', async () => {
      const { desk, lab } = await startBoth({ services: [service('nobody', { port: 1 })] });
      expect(await Application.connect(desk.address('nobody')).read().ended).to.equal('reset');
      expect(await lab.says(/channel refused/)).to.include({ service: 'nobody', code: 'refused' });
      await until('no channel is left', () => desk.tunnel().channels.length + lab.tunnel().channels.length === 0);
    });

    it('a name that does not resolve resets the client', async () => {
      const { desk, lab } = await startBoth({ services: ['nowhere: { at: desk, listen: "127.0.0.1:0", to: "nowhere.invalid:80" }'] });
      expect(await Application.connect(desk.address('nowhere')).read().send(Buffer.from('early')).ended).to.equal('reset');
      expect(await lab.says(/channel refused/)).to.include({ service: 'nowhere', code: 'name-not-found' });
    });

    it('a service that the other end’s file does not have', async () => {
      const desk = await start('desk', { services: [service('echo', echoes), service('secret', echoes)] });
      const lab = await start('lab', { services: [service('echo', echoes)] });
      await desk.role.established();
      expect(await Application.connect(desk.address('secret')).read().ended).to.equal('reset');
      expect(await lab.says(/channel denied/)).to.include({ audit: 'denied', service: 'secret', level: 'warn' });
      await expectEcho(desk, 'echo');
    });

    it('a target of the other end’s choice is not the asking side’s', async () => {
      const desk = await start('desk', { services: [service('echo', files)] });
      await start('lab', { services: [service('echo', echoes)] });
      await desk.role.established();
      await expectEcho(desk, 'echo');
    });
  });

  describe('while the tunnel is down', () => {
    it('hold an application that connects, and serve it when the other end comes', async () => {
      const options = { services: [service('echo', echoes)] };
      const desk = await start('desk', options);
      const client = Application.connect(desk.address('echo')).read().send(Buffer.from('early'));
      await until('it is held', () => desk.tunnel().channels.length === 1);
      await start('lab', options);
      await client.got(5);
      expect(await client.finish().ended).to.equal('end');
    });

    it('serve it from the new process, when the other end is started anew', async () => {
      const options = { services: [service('echo', echoes)] };
      const { desk, lab } = await startBoth(options);
      await expectEcho(desk, 'echo');
      await lab.stop();
      await until('it is noticed', () => desk.tunnel().state === 'interrupted');
      const client = Application.connect(desk.address('echo')).read().send(Buffer.from('early'));
      await until('it is held', () => desk.tunnel().channels.length === 1);
      await start('lab', options);
      await client.got(5);
      expect(await client.finish().ended).to.equal('end');
    });

    it('reset it when the tunnel does not come in time', async () => {
      const desk = await start('desk', { services: [service('echo', echoes)] }, { holdMs: 50 });
      expect(await Application.connect(desk.address('echo')).read().send(Buffer.from('early')).ended).to.equal('reset');
      expect(desk.tunnel().channels).to.deep.equal([]);
      expect(await desk.says(/channel closed/)).to.include({ reason: 'no-carrier' });
    });

    it('forget one that does not wait', async () => {
      const desk = await start('desk', { services: [service('echo', echoes)] });
      const client = Application.connect(desk.address('echo')).read();
      await until('it is held', () => desk.tunnel().channels.length === 1);
      client.reset();
      await until('it is forgotten', () => desk.tunnel().channels.length === 0);
    });
  });

  describe('reload', () => {
    it('adds, changes and removes services while a download goes on undisturbed', async () => {
      const old = [service('file', files), service('echo', files), service('old', echoes)];
      const next = [service('file', files), service('echo', echoes), service('new', echoes)];
      const { desk, lab } = await startBoth({ services: old });
      const download = Application.connect(desk.address('file'));
      const gone = desk.address('old');
      const stays = Application.connect(gone).read().send(Buffer.from('ping'));
      await stays.got(4);
      await until('the download stalls half way', () => lab.tunnel().channels.some(({ bytesIn }) => bytesIn > 65_536));
      const chain = chainOf(plan.text({ services: next }));
      for (const end of [lab, desk]) {
        const { applied } = await end.role.reload([chain]);
        expect(applied.join('\n')).to.match(/service old removed/).and.to.match(/service new started/).and.to.match(/service echo started/).and.to.not.match(/service file/);
      }
      await expectEcho(desk, 'new');
      await expectEcho(desk, 'echo');
      expect(await Application.connect(gone).ended).to.equal('reset');
      stays.send(Buffer.from('ping'));
      await stays.got(8);
      expect(await stays.finish().ended).to.equal('end');
      await expectFile(download.read().finish());
    });

    it('says what needs a restart, and leaves it as it is', async () => {
      const { desk } = await startBoth({ services: [service('echo', echoes)] });
      const { applied, ignored } = await desk.role.reload([chainOf(plan.text({ services: [service('echo', echoes)], globex: [service('b', echoes)] }))]);
      expect(applied).to.deep.equal([]);
      expect(ignored.join()).to.match(/globex is new/);
      await expectEcho(desk, 'echo');
    });

    it('names each word of a tunnel whose change waits for a restart', async () => {
      const { desk } = await startBoth({ services: [service('echo', echoes)] });
      const { applied, ignored } = await desk.role.reload([chainOf(plan.text({ services: [service('echo', echoes)], tunnel: ['carriers: 2', 'grace: 1m', 'common: other'] }))]);
      expect(applied).to.deep.equal([]);
      expect(ignored).to.deep.equal(['common', 'carriers', 'grace'].map((word) => `${word} of tunnel acme has changed; it stays as it was until a restart`));
    });

    it('tells of a service that fails, and the others work', async () => {
      const { desk } = await startBoth({ services: [service('echo', echoes)] });
      const taken = `b: { at: desk, listen: "127.0.0.1:${files.port}", to: "127.0.0.1:1" }`;
      const { failed } = await desk.role.reload([chainOf(plan.text({ services: [service('echo', echoes), taken] }))]);
      expect(failed.join()).to.match(/service b failed: cannot listen on 127.0.0.1:\d+: the address is in use/);
      expect(desk.tunnel().services.find(({ name }) => name === 'b')?.error).to.match(/in use/);
      await expectEcho(desk, 'echo');
    });

    it('starts a service that failed, once it can', async () => {
      const taker = await ApplicationServer.start(echo);
      const { desk, lab } = await startBoth({ services: [service('echo', echoes)] });
      const services = [service('echo', echoes), `b: { at: desk, listen: "127.0.0.1:${taker.port}", to: "127.0.0.1:${echoes.port}" }`];
      const reload = () => desk.role.reload([chainOf(plan.text({ services }))]);
      expect((await reload()).failed.join()).to.match(/^acme: service b failed: cannot listen/);
      await lab.role.reload([chainOf(plan.text({ services }))]);
      await taker.stop();
      expect((await reload()).applied).to.deep.equal(['acme: service b started']);
      await expectEcho(desk, 'b');
    });
  });

  describe('drain', () => {
    for (const who of ['desk', 'lab'] as const) {
      it(`of ${who} waits for the channels that are open, and takes no new ones`, async () => {
        const ends = await startBoth({ services: [service('file', files), service('echo', echoes)] });
        const { desk, lab } = ends;
        const [address, echoAddress] = [desk.address('file'), desk.address('echo')];
        const download = Application.connect(address);
        await until('the download has begun', () => lab.tunnel().channels.some(({ bytesIn }) => bytesIn > 65_536));
        let drained = false;
        const done = ends[who].role.drain(20_000).then(() => (drained = true));
        await until('the other end knows', () => ends[who === 'desk' ? 'lab' : 'desk'].log.some(({ msg }) => /other end shuts down/.test(msg)));
        expect(await Application.connect(echoAddress).read().send(Buffer.from('x')).ended).to.equal('reset');
        expect(drained).to.equal(false);
        await expectFile(download.read().finish());
        await done;
      });
    }

    it('ends what is still open at its deadline, with a reset', async () => {
      const { desk, lab } = await startBoth({ services: [service('file', files)] });
      const download = Application.connect(desk.address('file'));
      await until('the download has begun', () => lab.tunnel().channels.some(({ bytesIn }) => bytesIn > 65_536));
      await lab.role.drain(50);
      expect(await download.read().ended).to.equal('reset');
    });

    it('is over at once where nothing is open', async () => {
      const { desk } = await startBoth({ services: [service('echo', echoes)] });
      await desk.role.drain(20_000);
      expect(desk.tunnel().carriers).to.deep.equal([]);
    });
  });

  describe('an end that is started again', () => {
    for (const who of ['desk', 'lab'] as const) {
      it(`(${who}) resets the other’s channels at once, and works`, async () => {
        const options = { services: [service('echo', echoes), service('back', echoes, { at: 'lab' })] };
        const ends = await startBoth(options);
        const stays = ends[who === 'desk' ? 'lab' : 'desk'];
        const client = Application.connect(stays.address(who === 'desk' ? 'back' : 'echo')).read().send(Buffer.from('ping'));
        await client.got(4);
        await ends[who].stop();
        await until('the tunnel is interrupted', () => stays.tunnel().state === 'interrupted');
        expect(stays.tunnel().channels).to.have.length(1);
        const again = await start(who, options);
        expect(await client.ended).to.equal('reset');
        await stays.says(/^1 connection was reset: the other end was restarted$/);
        await Promise.all([stays.role.established(), again.role.established()]);
        expect(stays.tunnel().channels).to.deep.equal([]);
        await expectEcho(who === 'desk' ? again : stays, 'echo');
        await expectEcho(who === 'desk' ? stays : again, 'back');
      });
    }
  });

  for (const who of ['desk', 'lab'] as const) {
    it(`${who}, started again with its clock an hour behind, is the newer process all the same`, async () => {
      const options = { services: [service('echo', echoes)] };
      const ends = await startBoth(options);
      await ends[who].stop();
      const again = await start(who, options, { clock: () => Date.now() - 3_600_000 });
      await again.role.established();
      await expectEcho(who === 'desk' ? again : ends.desk, 'echo');
      expect(again.log.some(({ msg }) => /clock of this machine was set back/.test(msg))).to.equal(true);
    });
  }

  it('stop in the moment in which an end is said to an application closes its socket all the same', async () => {
    const before = openHandles();
    const { desk } = await startBoth({ services: [service('echo', echoes)] });
    const [near, far] = await socketPair();
    const client = new Application(far).read().finish();
    const end = near.end.bind(near);
    // The end is with the kernel's queue now, and not yet done.
    near.end = (...args: []) => {
      const ended = end(...args);
      void desk.stop();
      return ended;
    };
    const joined = desk.role.connect({ service: 'echo' }, near);
    expect(await joined.closed).to.equal('shutting-down');
    await client.closed;
    await until('the socket is closed', () => near.closed);
    await Promise.all(running.splice(0).map((each) => each.stop()));
    await until('nothing of it is left', () => handlesSince(before).length === 0);
  });

  it('stop leaves nothing behind, not even applications that read nothing', async () => {
    const before = openHandles();
    const { desk, lab } = await startBoth({ services: [service('file', files)] });
    const stalled = Array.from({ length: 5 }, () => Application.connect(desk.address('file')));
    await until('all downloads stall', () => lab.tunnel().channels.filter(({ bytesIn }) => bytesIn > 65_536).length === 5);
    await Promise.all([desk.stop(), lab.stop()]);
    for (const application of stalled) {
      application.read();
      await application.closed.catch(() => {});
    }
    await until('every handle is closed', () => handlesSince(before).length === 0);
  });
});
