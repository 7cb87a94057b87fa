/** What goes wrong in operation, with real processes: desk > west > east < lab. */
import { keyFilePath, readIdentity } from '@lstp/core/security';
import { expect } from 'chai';
import { echo, freePorts, TestServer, Workplace, type Running } from 'lstp/testing';
import { join } from 'node:path';
import { Download, startFileServer } from './support/download.js';
import { eventually } from './support/eventually.js';
import { exchange } from './support/exchange.js';
import { helloOfVersion } from './support/hello-of-version.js';
import { NODES, ProcessChain, type NodeName } from './support/process-chain.js';

const RELAYS: readonly NodeName[] = ['west', 'east'];

describe('desk > west > east < lab in operation', function () {
  this.timeout(90_000);
  const place = new Workplace();
  let files: TestServer;
  let echoes: TestServer;
  let chain: ProcessChain;
  let front: number;
  let extra: number;
  let services: string[];
  let echoAt: string;

  before(async () => {
    [files, echoes] = await Promise.all([startFileServer(), TestServer.start(echo)]);
    chain = await ProcessChain.make(place);
    const [file = 0, echoed = 0, third = 0] = await freePorts(3);
    [front, extra, echoAt] = [file, third, `127.0.0.1:${echoed}`];
    services = [`file: { at: desk, listen: "127.0.0.1:${file}", to: "127.0.0.1:${files.port}" }`, `echo: { at: desk, listen: "${echoAt}", to: "127.0.0.1:${echoes.port}" }`];
  });
  after(async () => {
    await place.remove();
    await Promise.all([files.stop(), echoes.stop()]);
  });

  beforeEach('what does not run is started', async () => {
    chain.write({ services });
    await Promise.all(NODES.filter((node) => !chain.isRunning(node)).map((node) => chain.start(node, { drainSeconds: RELAYS.includes(node) ? 3 : 30 })));
    await expectEcho();
  });
  afterEach('the logs of a failed test are shown', function () {
    if (this.currentTest?.state === 'failed') process.stdout.write(`${chain.logs()}\n`);
  });

  function running(node: NodeName): Running {
    return chain.running.get(node) as Running;
  }

  async function isEchoed(): Promise<boolean> {
    return exchange(echoAt, 1).then(({ sent, received }) => sent === received, () => false);
  }

  async function expectEcho(address = echoAt): Promise<void> {
    const { sent, received } = await exchange(address, 1000);
    expect(received).to.equal(sent);
  }

  describe('reload', () => {
    const added = (): string => `added: { at: desk, listen: "127.0.0.1:${extra}", to: "127.0.0.1:${echoes.port}" }`;

    it('by SIGHUP and by command adds a service while a download goes on undisturbed', async () => {
      const download = await Download.begin(front);
      chain.write({ services: [...services, added()] });
      running('lab').child.kill('SIGHUP');
      await running('lab').says(/service added started/, 'stderr');
      const { status, stdout } = await place.run(['reload', 'chain.yaml', '--as', 'desk']);
      expect([status, stdout]).to.deep.equal([0, 'acme-globex: service added started\n']);
      await expectEcho(`127.0.0.1:${extra}`);
      expect(await download.isWhole()).to.equal(true);
      chain.write({ services });
      for (const node of ['desk', 'lab']) expect((await place.run(['reload', 'chain.yaml', '--as', node])).stdout).to.match(/service added removed/);
    });

    it('of a wrong file changes nothing and says why, with the place', async () => {
      const download = await Download.begin(front);
      const { pid } = await chain.status('desk');
      chain.write({ services: [...services, added(), 'broken: { at: nowhere, to: "127.0.0.1:1" }'] });
      const { status, stderr } = await place.run(['reload', 'chain.yaml', '--as', 'desk']);
      expect(status).to.equal(1);
      expect(stderr).to.match(/chain\.yaml:14:\d+: .*nowhere/);
      const heard = running('lab').says(/files are wrong, nothing was changed/, 'stderr');
      running('lab').child.kill('SIGHUP');
      await heard;
      expect((await chain.status('desk')).pid).to.equal(pid);
      expect((await chain.tunnel('desk')).services.map(({ name }) => name)).to.deep.equal(['file', 'echo']);
      await expectEcho();
      expect(await download.isWhole()).to.equal(true);
    });
  });

  describe('SIGTERM', () => {
    for (const node of ['west', 'east'] as const) {
      it(`lets ${node} hand over to its successor, with a download that loses nothing`, async () => {
        const old = running(node);
        const download = await Download.begin(front);
        const ended = old.end('SIGTERM');
        await old.says(/draining/, 'stderr');
        await chain.start(node);
        expect((await chain.tunnel('desk')).state).to.equal('established');
        expect(await ended).to.include({ status: 0, signal: null });
        expect(await download.isWhole()).to.equal(true);
        await expectEcho();
      });
    }

    for (const node of ['desk', 'lab'] as const) {
      it(`lets ${node} finish its channels, and nothing new begins`, async () => {
        const download = await Download.begin(front);
        const ended = running(node).end('SIGTERM');
        await running(node).says(/draining/, 'stderr');
        await eventually(async () => !(await isEchoed()), () => 'no new channel');
        expect(chain.isRunning(node)).to.equal(true);
        expect(await download.isWhole()).to.equal(true);
        expect(await ended).to.include({ status: 0, signal: null });
      });
    }
  });

  describe('kill -9', () => {
    for (const dead of [['west'], ['east'], ['east', 'west']] as const) {
      it(`of ${dead.join(' and ')} costs a download nothing but time`, async () => {
        const download = await Download.begin(front);
        await Promise.all(dead.map((node) => chain.kill(node)));
        const whole = download.isWhole();
        await Promise.all(dead.map((node) => chain.start(node)));
        expect(await whole).to.equal(true);
        await expectEcho();
      });
    }

    it('of lab resets the connections of its life before, and new ones work', async () => {
      const download = await Download.begin(front);
      await chain.kill('lab');
      await chain.start('lab');
      expect(await download.isReset()).to.equal(true);
      await expectEcho();
      await eventually(async () => (await chain.tunnel('desk')).channels.length === 0, () => 'desk holds no channel of the old lab');
    });

    it('of desk ends the channels that lab held for it, when it is back', async () => {
      const download = await Download.begin(front);
      await chain.kill('desk');
      download.leave();
      await chain.start('desk');
      await expectEcho();
      await eventually(async () => (await chain.tunnel('lab')).channels.length === 0, () => 'lab holds no channel of the old desk');
    });
  });

  it('a relay that stands still for longer than the ends wait loses nothing', async () => {
    const download = await Download.begin(front);
    running('west').child.kill('SIGSTOP');
    await running('desk').says(/tunnel interrupted/, 'stderr');
    running('west').child.kill('SIGCONT');
    expect(await download.isWhole()).to.equal(true);
    await expectEcho();
  });

  describe('a stranger at a relay', () => {
    for (const [what, scheme, words] of [['a browser', 'http', /the other side speaks a text protocol such as HTTP/], ['TLS', 'https', /the other side speaks TLS/]] as const) {
      it(`gets nothing with ${what}, and the relay says what came`, async () => {
        const said = running('west').says(words, 'stderr');
        const { status, stdout } = await place.spawn('curl', ['-sSk', '-m', '10', `${scheme}://127.0.0.1:${chain.west}/`]).ended;
        expect(status).to.not.equal(0);
        expect(stdout).to.equal('');
        await said;
        await expectEcho();
      });
    }

    it('is refused with another key in the name of an end, which the relay logs beside the pinned one', async () => {
      const key = chain.makeKey('desk', 'mallory');
      chain.writeAs('mallory.yaml', { services: ['own: { at: desk, to: "127.0.0.1:1" }'], keys: { desk: key } });
      const said = running('west').says(/"claimed":\{[^}]*\}.*connection refused/, 'stderr');
      const mallory = await chain.start('desk', { file: 'mallory.yaml', keys: 'mallory', machine: 'mallory' });
      const [line] = await said;
      expect(line).to.contain(key).and.to.contain(chain.keys.desk);
      await mallory.says(/refused/, 'stderr');
      await expectEcho();
      await mallory.end('SIGKILL');
    });

    it('is refused with another version of the protocol, once its key is known', async () => {
      const said = running('west').says(/HELLO.version: 99, here 1 is spoken/, 'stderr');
      const answer = await helloOfVersion(99, { port: chain.west, identity: readIdentity(keyFilePath(join(place.folder, 'keys'), 'desk')) });
      expect(answer).to.include({ code: 'VERSION' });
      await said;
      await expectEcho();
    });
  });

  it('two processes as one end: the newer one has the tunnel, the older one says since when that runs', async () => {
    chain.writeAs('second.yaml', { services: [`echo: { at: desk, listen: "127.0.0.1:${extra}", to: "127.0.0.1:${echoes.port}" }`] });
    const second = await chain.start('desk', { file: 'second.yaml', machine: 'second' });
    await running('desk').says(/another process runs as this end since [\d-]+T[\d:.]+Z/, 'stderr');
    await expectEcho(`127.0.0.1:${extra}`);
    await second.end('SIGKILL');
    await chain.kill('desk');
  });

  it('both ends on the same side: nobody is paired, and both say what they wait for', async () => {
    await Promise.all([chain.kill('desk'), chain.kill('lab')]);
    // The same nodes and tunnel, seen in a mirror: lab takes itself for the left end.
    chain.writeAs('mirrored.yaml', { route: 'lab > east < west < desk', services: [`echo: { at: desk, to: "127.0.0.1:1" }`] });
    const [lab, desk] = await Promise.all([chain.start('lab', { file: 'mirrored.yaml' }), chain.start('desk')]);
    await lab.says(/refused/, 'stderr');
    await desk.says(/waiting for lab at east/, 'stderr');
    for (const node of ['desk', 'lab'] as const) expect((await chain.tunnel(node)).state).to.equal('connecting');
    await Promise.all([chain.kill('desk'), chain.kill('lab')]);
  });
});
