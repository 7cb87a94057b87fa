/** X clients of a display at desk: many, wrong ones, ones that are killed; what happens to it and to its X server meanwhile. */
import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { skipBecause, Workplace, type Running } from 'lstp/testing';
import { eventually } from './support/eventually.js';
import { freeDisplay, needsPrograms } from './support/x-display.js';
import { X11Bed } from './support/x11-bed.js';

const CLIENTS = 30;

describe('the display of an x11 service, through desk > west > east < lab,', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let bed: X11Bed;

  before(async function () {
    needsPrograms(this, '/usr/bin/Xvfb', '/usr/bin/xdpyinfo', '/usr/bin/xeyes');
    bed = await X11Bed.start(place, { display: await freeDisplay() });
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.chain.logs());
  });
  after(async () => {
    await bed?.stop();
    await place.remove();
  });

  it('is shown by status, and printed when its node starts', async () => {
    const { environment, addresses } = await bed.service();
    const { DISPLAY = '', XAUTHORITY } = environment ?? {};
    expect(DISPLAY).to.match(/^:\d\d+$/);
    expect(XAUTHORITY).to.equal(bed.authority);
    expect(addresses.slice(0, 1)).to.deep.equal([`unix:/tmp/.X11-unix/X${DISPLAY.slice(1)}`]);
    expect(bed.chain.running.get('desk')?.stdout).to.equal(`lstp: desk ready\nlstp: desk: x: DISPLAY=${DISPLAY} XAUTHORITY=${bed.authority}\n`);
  });

  it(`has ${CLIENTS} clients at once; one that is killed leaves the others`, async () => {
    const clients = Array.from({ length: CLIENTS }, (_, index) => bed.client('xeyes', '-geometry', `60x40+${(index % 10) * 62}+${Math.floor(index / 10) * 45}`));
    await eventually(async () => (await windows()) >= CLIENTS, () => 'all have their windows');
    expect(await bed.clients()).to.equal(CLIENTS);
    await (clients[7] as Running).end('SIGKILL');
    await eventually(async () => (await bed.clients()) === CLIENTS - 1, () => 'one is gone');
    await eventually(async () => (await windows()) === CLIENTS - 1, () => 'and its window');
    expect(clients.filter(({ child }) => child.exitCode === null && child.signalCode === null)).to.have.length(CLIENTS - 1);
    await Promise.all(clients.map((client) => client.end()));
    await eventually(async () => (await bed.clients()) === 0, () => 'all are gone');
  });

  it('refuses a client with another cookie, or none, and says why', async () => {
    const { environment } = bed;
    const none = await bed.clientIn({ ...environment, XAUTHORITY: join(place.folder, 'none') }, 'xdpyinfo').ended;
    expect([none.status, none.stderr]).to.deep.equal([1, `lstp: the cookie is not the one of this display; it stands in ${bed.authority} (is XAUTHORITY set to another file?)\nxdpyinfo:  unable to open display "${environment['DISPLAY']}".\n`]);
    const other = join(place.folder, 'other');
    const right = readFileSync(bed.authority);
    writeFileSync(other, Buffer.concat([right.subarray(0, -1), Buffer.of((right.at(-1) ?? 0) ^ 1)]));
    expect((await bed.clientIn({ ...environment, XAUTHORITY: other }, 'xdpyinfo').ended).stderr).to.contain('lstp: the cookie is not the one of this display');
    expect((await bed.service()).counts?.['clients refused']).to.be.at.least(2);
    expect(await bed.clients()).to.equal(0);
  });

  describe('is found, where the file says so,', () => {
    it('with compression on the way', async () => {
      const plain = await bed.client('xdpyinfo').ended;
      await bed.change('codec: zlib');
      const coded = await bed.client('xdpyinfo').ended;
      expect([coded.status, coded.stderr]).to.deep.equal([0, '']);
      expect(coded.stdout).to.equal(plain.stdout);
      const { plainIn = 0, codedIn = 0 } = (await bed.service()).codec ?? {};
      expect(codedIn).to.be.above(0).and.below(plainIn / 2);
    });

    afterEach(() => bed.change(''));

    it('at TCP of loopback alone', async () => {
      await bed.change('sockets: [tcp]');
      const { environment, addresses } = await bed.service();
      const [, number] = /^127\.0\.0\.1:(\d+)$/.exec(environment?.['DISPLAY'] ?? '') ?? [];
      expect(addresses).to.deep.equal([`127.0.0.1:${6000 + Number(number)}`]);
      await expectDisplay();
    });

    it('at its abstract socket alone', async function () {
      const wrong = await bed.tryChange('sockets: [abstract]');
      if (wrong.includes('have names that X clients do not find')) skipBecause(this, `Node.js ${process.version} cannot name abstract sockets as X clients do`);
      expect(wrong).to.equal('');
      const { environment, addresses } = await bed.service();
      expect(addresses).to.deep.equal([`unix:@/tmp/.X11-unix/X${environment?.['DISPLAY']?.slice(1)}`]);
      await expectDisplay();
    });
  });

  it('shows MIT-SHM to clients with shm: true only', async () => {
    const extensions = async (): Promise<string> => (await bed.client('xdpyinfo').ended).stdout;
    expect(await extensions()).to.contain('    XTEST\n').and.not.to.contain('MIT-SHM');
    await bed.change('shm: true');
    expect(await extensions()).to.contain('    MIT-SHM\n');
    await bed.change('');
  });

  it('says that its X server is gone, and finds it again with another cookie', async () => {
    const client = bed.client('xeyes');
    await eventually(async () => (await windows()) === 1, () => 'the window is there');
    await bed.far.stop();
    expect((await client.ended).status, 'of the client').not.to.equal(0);
    const { status, stderr } = await bed.client('xdpyinfo').ended;
    expect(status).to.equal(1);
    expect(stderr).to.match(new RegExp(`^lstp: display ${bed.far.name}: no X server answers there \\(unix:/tmp/\\.X11-unix/X${bed.far.number}: connect E[A-Z]+ .+\\)`));
    await bed.far.restart();
    await expectDisplay();
  });

  it('is taken over from a node that was killed', async () => {
    const { environment } = await bed.service();
    await bed.chain.kill('desk');
    expect(existsSync(`/tmp/.X${environment?.['DISPLAY']?.slice(1)}-lock`)).to.equal(true);
    await bed.chain.start('desk');
    expect((await bed.service()).environment).to.deep.equal(environment);
    expect(bed.chain.running.get('desk')?.stderr).to.match(/was left behind by process \d+, and is taken over/);
    await expectDisplay();
  });

  describe('when its node ends,', () => {
    it('leaves nothing behind: no socket, no lock, no cookie', async () => {
      const number = bed.environment['DISPLAY']?.slice(1);
      await bed.chain.running.get('desk')?.end();
      expect(readdirSync('/tmp').filter((name) => name.startsWith(`.X${number}-`) || name.startsWith(`.tX${number}-`))).to.deep.equal([]);
      expect(readdirSync('/tmp/.X11-unix')).not.to.include(`X${number}`);
      expect(await isAnswered(`\0/tmp/.X11-unix/X${number}`)).to.equal(false);
      expect(readdirSync(place.folder).filter((name) => name.startsWith('desk.Xauthority'))).to.deep.equal([]);
    });
  });

  async function expectDisplay(): Promise<void> {
    const { status, stderr } = await bed.client('xdpyinfo').ended;
    expect([status, stderr]).to.deep.equal([0, '']);
  }

  /** Of clients, on the display of lab. */
  async function windows(): Promise<number> {
    const { stdout } = await bed.far.runDirect('xwininfo', '-root', '-children').ended;
    return Number(/^ +(\d+) child(?:ren)?[.:]$/m.exec(stdout)?.[1] ?? 0);
  }
});

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
}
