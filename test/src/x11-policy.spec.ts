/** What the end with the display lets X clients do to each other: without a policy all that X allows, with it not. */
import { expect } from 'chai';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Workplace, type Ended, type Running } from 'lstp/testing';
import { eventually } from './support/eventually.js';
import { needsPrograms } from './support/x-display.js';
import { X11Bed } from './support/x11-bed.js';

const POLICY = 'keyboard: own, windows: own, deny: [XTEST, RECORD]';
const SECRET = 'passw';

describe('the policy of an x11 service, through desk > west > east < lab,', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let bed: X11Bed;
  let xterm: Running;

  before(async function () {
    needsPrograms(this, '/usr/bin/Xvfb', '/usr/bin/xinput', '/usr/bin/xdotool', '/usr/bin/xwd', '/usr/bin/xterm');
    bed = await X11Bed.start(place);
    await startVictim();
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.chain.logs());
  });
  after(async () => {
    await xterm?.end();
    await bed?.stop();
    await place.remove();
  });

  describe('which is absent, lets', () => {
    it('a key logger read what is typed into the window of another', async () => {
      const logger = bed.client('xinput', 'test-xi2', '--root');
      await eventually(async () => (await bed.clients()) === 2, () => 'it is in');
      await eventually(async () => {
        await typeSecret();
        return /RawKeyPress/.test(logger.stdout);
      }, () => `it reads keys: ${logger.stdout}${logger.stderr}`);
      await logger.end();
    });

    it('a client take a picture of the window of another', async () => {
      const { status } = await picture('before');
      expect(status).to.equal(0);
      expect(statSync(join(place.folder, 'before')).size).to.be.above(10_000);
    });

    it('a client press keys', async () => {
      expect((await bed.client('xdotool', 'key', 'Shift_L').ended).status).to.equal(0);
    });
  });

  describe(`{ ${POLICY} }, lets`, () => {
    before(async () => {
      await xterm.end();
      await bed.change(POLICY);
      await startVictim();
    });

    it('a client have windows, and be typed into', async () => {
      const heard = bed.client('xterm', '-geometry', '20x5+0+300', '-e', 'sh', '-c', 'read line; echo "$line" >heard; read wait');
      await eventually(async () => {
        await bed.far.runDirect('xdotool', 'mousemove', '30', '330', 'type', `${SECRET}\n`).ended;
        return existsSync(join(place.folder, 'heard'));
      }, () => 'it heard');
      await heard.end();
    });

    it('no key logger read what is typed into the window of another', async () => {
      const logger = bed.client('xinput', 'test-xi2', '--root');
      const ended = await Promise.race([logger.ended, typedMeanwhile()]);
      expect(logger.stdout).not.to.match(/KeyPress|KeyRelease/);
      if (ended === undefined) await logger.end();
      else expect(ended.stderr).to.match(/BadAccess/);
    });

    it('no client take a picture of the window of another, and says why in its log', async () => {
      const { status, stderr } = await picture('after');
      expect(status).not.to.equal(0);
      expect(stderr).to.match(/unable to get image|BadAccess/);
      expect(existsSync(join(place.folder, 'after')) && statSync(join(place.folder, 'after')).size > 0).to.equal(false);
      expect(bed.chain.running.get('lab')?.stderr).to.match(/"audit":"denied".*"request":"GetImage"/);
      expect((await bed.chain.tunnel('lab')).services[0]?.counts?.['requests denied']).to.be.above(0);
    });

    it('no client press keys, for want of XTEST', async () => {
      const { stdout } = await bed.client('xdpyinfo').ended;
      expect(stdout).not.to.match(/XTEST|RECORD/);
    });
  });

  async function startVictim(): Promise<void> {
    xterm = bed.client('xterm', '-name', 'victim', '-title', 'victim', '-geometry', '40x10+0+0', '-e', 'cat');
    await eventually(async () => (await bed.far.runDirect('xwininfo', '-name', 'victim').ended).status === 0, () => 'the window is there');
  }

  /** By a person at the display. */
  async function typeSecret(): Promise<void> {
    await bed.far.runDirect('xdotool', 'mousemove', '50', '50', 'type', SECRET).ended;
  }

  /** Undefined when all was typed, more than once, with a client in that might read it. */
  async function typedMeanwhile(): Promise<undefined> {
    await eventually(async () => (await bed.clients()) >= 2, () => 'it is in');
    for (let time = 0; time < 3; time += 1) await typeSecret();
    return undefined;
  }

  function picture(name: string): Promise<Ended> {
    return bed.client('xwd', '-silent', '-name', 'victim', '-out', name).ended;
  }
});
