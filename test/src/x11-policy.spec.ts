/** What a policy at the display's end keeps from X programs, and what it leaves them. Real programs, through four processes. */
import { expect } from 'chai';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, Workplace, type Running } from 'lstp/testing';
import { eventually } from './support/eventually.js';
import { needsPrograms } from './support/x-display.js';
import { X11Bed } from './support/x11-bed.js';

const STRICT = 'windows: own, keyboard: own, grabs: refused, sendEvents: own, clipboard: none, deny: [RECORD]';
const ACCESS = /BadAccess \(attempt to access private resource denied\)/;

describe('x11 policy', function () {
  this.timeout(60_000);
  const place = new Workplace();
  const running: Running[] = [];
  let bed: X11Bed;

  before(async function () {
    needsPrograms(this, '/usr/bin/Xvfb', '/usr/bin/xdotool', '/usr/bin/xwd', '/usr/bin/xinput', '/usr/bin/xclip', '/usr/bin/xterm');
    bed = await X11Bed.start(place);
  });
  afterEach('no program is left', async function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.chain.logs());
    await Promise.all(running.splice(0).map((one) => one.end()));
    await eventually(async () => (await bed?.clients()) === 0, () => 'all clients are gone');
  });
  after(async () => {
    await bed?.stop();
    await place.remove();
  });

  /** A program that is ended after the test. */
  function keep(program: Running): Running {
    running.push(program);
    return program;
  }

  async function direct(program: string, ...args: readonly string[]): Promise<string> {
    return (await bed.far.runDirect(program, ...args).ended).stdout.trim();
  }

  async function denials(): Promise<number> {
    return (await bed.chain.tunnel('lab')).services[0]?.counts?.['requests denied'] ?? 0;
  }

  describe('of windows', () => {
    let others: string;

    beforeEach(async () => {
      keep(bed.far.runDirect('xeyes', '-geometry', '100x100+10+10'));
      await eventually(async () => (others = await direct('xdotool', 'search', '--onlyvisible', '--class', 'xeyes')) !== '', () => 'xeyes is there');
    });

    it('all: a picture of a window of others is taken', async () => {
      await bed.change('windows: all');
      const { status, stdout } = await bed.client('xwd', '-silent', '-id', others).ended;
      expect([status, stdout.length > 1000]).to.deep.equal([0, true]);
    });

    it('own: it is refused with an X error that says so, and so is one of the screen', async () => {
      await bed.change('windows: own');
      const before = await denials();
      for (const which of [['-id', others], ['-root']]) {
        const { status, stderr } = await bed.client('xwd', '-silent', ...which).ended;
        expect(status).to.equal(1);
        expect(stderr, 'its own words for an X error').to.match(/^xwd: +unable to get image at /);
      }
      expect(await denials()).to.equal(before + 2);
      expect(bed.chain.logs()).to.match(/"audit":"denied".*"request":"GetImage","rule":"windows"/);
    });
  });

  describe('of the keyboard', () => {
    it('all: a key logger sees the keys of others', async () => {
      await bed.change('keyboard: all');
      const logger = keep(bed.client('xinput', 'test-xi2', '--root'));
      await eventually(async () => {
        await direct('xdotool', 'key', 'a');
        return /EVENT type 13 \(RawKeyPress\)/.test(logger.stdout);
      }, () => `the key logger sees a key: ${logger.stdout}${logger.stderr}`);
    });

    it('own: a key logger is refused with an X error that says so', async () => {
      await bed.change('keyboard: own');
      const { status, stderr } = await bed.client('xinput', 'test-xi2', '--root').ended;
      expect(status).to.equal(1);
      expect(stderr).to.match(ACCESS);
    });

    it('of the strictest kind: a terminal still works', async () => {
      await bed.change(STRICT);
      const heard = join(place.folder, 'heard');
      keep(bed.client('xterm', '-geometry', '40x5+0+0', '-e', 'sh', '-c', `read line; echo "$line" > '${heard}'; read wait`));
      await eventually(async () => (await direct('xdotool', 'search', '--onlyvisible', '--class', 'xterm')) !== '', () => 'the terminal is there');
      await direct('xdotool', 'mousemove', '60', '30', 'type', 'hello\n');
      await eventually(() => existsSync(heard) && readFileSync(heard, 'utf8') === 'hello\n', () => 'the terminal has heard');
    });
  });

  it('of extensions: those that are denied are not there', async () => {
    await bed.change('deny: [XTEST, RENDER]');
    const { stdout } = await bed.client('xdpyinfo').ended;
    expect(stdout).to.match(/^ {4}SHAPE$/m).and.not.to.match(/^ {4}(?:XTEST|RENDER)$/m);
  });

  it('of a service of another plugin: as its rewriter', async () => {
    const [port] = await freePorts(1);
    bed.chain.write({ services: [`y: { at: desk, listen: "127.0.0.1:${port}", to: "unix:/tmp/.X11-unix/X${bed.far.number}", rewriters: [{ plugin: x11, at: lab, windows: own, deny: [XTEST] }] }`] });
    for (const node of ['lab', 'desk']) expect((await place.run(['reload', 'chain.yaml', '--as', node])).stderr).to.equal('');
    const run = (program: string, ...args: readonly string[]): Running => place.spawn('env', [`DISPLAY=127.0.0.1:${(port as number) - 6000}`, `XAUTHORITY=${bed.far.authority}`, program, ...args]);
    const { stdout } = await run('xdpyinfo').ended;
    expect(stdout).to.match(/^ {4}SHAPE$/m).and.not.to.match(/^ {4}(?:XTEST|MIT-SHM)$/m);
    expect((await run('xwd', '-silent', '-root').ended).stderr).to.match(/unable to get image/);
  });

  describe('of the clipboard', () => {
    const OUT = ['-o', '-selection', 'clipboard'];
    const IN = ['-i', '-quiet', '-selection', 'clipboard'];

    /** What each side reads of what the other has put there. */
    async function exchange(): Promise<{ readonly pasted: string; readonly copied: string }> {
      const there = keep(bed.far.runDirect('xclip', ...IN));
      there.child.stdin?.end('of the display');
      await eventually(async () => (await direct('xclip', ...OUT)) === 'of the display', () => 'the display has something on its clipboard');
      const pasted = (await bed.client('xclip', ...OUT).ended).stdout;
      const here = keep(bed.client('xclip', ...IN));
      here.child.stdin?.end('of an application');
      await here.says(/Waiting for selection request/, 'stderr');
      return { pasted, copied: await direct('xclip', ...OUT) };
    }

    for (const [clipboard, pasted, copied] of [['both', 'of the display', 'of an application'], ['copy', '', 'of an application'], ['paste', 'of the display', 'of the display'], ['none', '', 'of the display']]) {
      it(`${clipboard}: goes in the directions that are allowed`, async () => {
        await bed.change(`clipboard: ${clipboard}`);
        expect(await exchange()).to.deep.equal({ pasted, copied });
      });
    }
  });
});
