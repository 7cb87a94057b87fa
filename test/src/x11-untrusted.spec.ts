/** Untrusted X clients: the far X server keeps them from the others, by its SECURITY extension, or does not take them. */
import { expect } from 'chai';
import { existsSync, statSync } from 'node:fs';
import { skipBecause, Workplace } from 'lstp/testing';
import { eventually } from './support/eventually.js';
import { needsPrograms } from './support/x-display.js';
import { X11Bed } from './support/x11-bed.js';

describe('untrusted X clients', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let bed: X11Bed;

  before(async function () {
    needsPrograms(this, '/usr/bin/Xvfb', '/usr/bin/xdpyinfo', '/usr/bin/xwd', '/usr/bin/xterm', '/usr/bin/xeyes');
    bed = await X11Bed.start(place, { keys: 'trust: untrusted' });
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.chain.logs());
  });
  after(async () => {
    await bed?.stop();
    await place.remove();
  });

  it('are shown no extension that reaches others', async () => {
    const { status, stdout } = await bed.client('xdpyinfo').ended;
    expect(status).to.equal(0);
    expect(stdout).not.to.match(/^ {4}(?:XTEST|RECORD|XInputExtension|MIT-SHM|SECURITY)$/m);
  });

  it('have windows, which people type into', async function () {
    if (!existsSync('/usr/bin/xdotool')) skipBecause(this, 'xdotool is not installed');
    const xterm = bed.client('xterm', '-e', 'sh', '-c', 'read line; echo "$line" >heard; read wait');
    await eventually(() => bed.far.screenshot().colours > 1, () => 'its window is there');
    await bed.far.runDirect('xdotool', 'mousemove', '50', '50', 'type', 'hello\n').ended;
    await eventually(() => existsSync(`${place.folder}/heard`), () => 'it heard');
    await xterm.end();
  });

  it('get no picture of a window of somebody else, which trusted ones do', async () => {
    const others = bed.far.runDirect('xeyes');
    await eventually(async () => (await bed.far.runDirect('xwininfo', '-name', 'xeyes').ended).status === 0, () => 'the window is there');
    const { status, stderr } = await bed.client('xwd', '-silent', '-name', 'xeyes', '-out', 'picture').ended;
    expect(status, stderr).not.to.equal(0);
    expect(existsSync(`${place.folder}/picture`) && statSync(`${place.folder}/picture`).size > 0).to.equal(false);
    await bed.change('');
    expect((await bed.client('xwd', '-silent', '-name', 'xeyes', '-out', 'picture').ended).status).to.equal(0);
    await bed.change('trust: untrusted');
    await others.end();
  });

  it('are refused by a server that cannot tell them from others, never trusted instead', async () => {
    const plain = new Workplace();
    const without = await X11Bed.start(plain, { keys: 'trust: untrusted', args: ['-extension', 'SECURITY'] });
    try {
      const { status, stderr } = await without.run('xdpyinfo').ended;
      expect(status).to.equal(1);
      expect(stderr).to.contain(`lstp: display ${without.far.name}: its X server has no SECURITY extension, so that it cannot take untrusted clients; start it with that, or write "trust: trusted"`);
    } finally {
      await without.stop();
      await plain.remove();
    }
  });
});
