/** `lstp x11 top` and the status beside it, of real programs through four processes. */
import { expect } from 'chai';
import { existsSync } from 'node:fs';
import type { X11Report } from '@lstp/plugins';
import { BIN, skipBecause, Workplace, type Running } from 'lstp/testing';
import { eventually } from './support/eventually.js';
import { needsPrograms } from './support/x-display.js';
import { X11Bed } from './support/x11-bed.js';

const TITLE = 'a shell at the other end';

describe('lstp x11 top', function () {
  this.timeout(60_000);
  const place = new Workplace();
  const running: Running[] = [];
  let bed: X11Bed;

  before(async function () {
    needsPrograms(this, '/usr/bin/Xvfb', '/usr/bin/xterm', '/usr/bin/xeyes');
    bed = await X11Bed.start(place, { keys: 'codec: zlib' });
    running.push(bed.run('xterm', '-T', TITLE, '-e', 'while :; do date; sleep 0.05; done'), bed.run('xeyes'));
    await eventually(async () => (await reports()).filter(({ windows }) => windows.mapped > 0).length === 2, () => 'both programs have windows');
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.chain.logs());
  });
  after(async () => {
    await Promise.all(running.splice(0).map((one) => one.end()));
    await bed?.stop();
    await place.remove();
  });

  async function reports(): Promise<X11Report[]> {
    return (await bed.chain.tunnel('desk')).channels.flatMap(({ monitors }) => (monitors?.['x11'] === undefined ? [] : [monitors['x11'] as X11Report]));
  }

  it('has names, windows, requests and round trips in the status, without being asked to watch', async () => {
    const [terminal, eyes] = (await reports()).sort((a, b) => String(b.client.instance).localeCompare(String(a.client.instance)));
    expect(terminal?.client).to.include({ instance: 'xterm', class: 'XTerm', title: TITLE });
    expect(eyes?.client).to.include({ instance: 'xeyes', title: 'xeyes' });
    for (const report of [terminal, eyes]) {
      expect(report).to.include({ state: 'open' });
      expect(report?.requests.byName).to.include.keys('CreateWindow', 'QueryExtension');
      expect(report?.roundTrips.count).to.be.greaterThan(10);
      expect(report?.roundTrips.meanMs).to.be.greaterThan(0);
    }
  });

  it('prints once where nobody looks: a line for each client, with requests a second', async () => {
    const { status, stdout, stderr } = await place.run(['x11', 'top', 'chain.yaml', '--as', 'desk']);
    expect([status, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(/^lstp x11 top: desk, /).and.to.match(/^2 clients, [\d.]+ requests\/s/m);
    const [, requests] = /^xterm +\d+ +\d+\/\d+ +([\d.]+) .*a shell at the other end/m.exec(stdout) ?? [];
    expect(Number(requests), stdout).to.be.greaterThan(0);
    expect(stdout).to.match(/^xeyes /m);
  });

  it('refreshes in place on a terminal, until q, and gives the terminal back', async function () {
    if (!existsSync('/usr/bin/script')) skipBecause(this, 'script is not installed');
    const top = place.spawn('script', ['-qec', `stty cols 100 rows 12; '${process.execPath}' '${BIN}' x11 top chain.yaml --as desk --interval 0.2`, '/dev/null']);
    // Drawn at once, and again.
    await top.says(/\[\?1049h[^]*\[Hlstp x11 top[^]*xterm[^]*\[Hlstp x11 top[^]*xeyes/);
    top.child.stdin?.write('q');
    const { status, stdout } = await top.ended;
    expect(status).to.equal(0);
    expect(stdout.endsWith('\u001b[?25h\u001b[?1049l'), 'the cursor and the screen are back').to.equal(true);
  });

  it('says at the other end, where nobody watches, what to do about it', async () => {
    const { status, stdout } = await place.run(['x11', 'top', 'chain.yaml', '--as', 'lab', '--interval', '0.1']);
    expect([status, stdout.split('\n')[1]]).to.deep.equal([0, 'no X clients are watched here: look at the other end, or write monitors: [{ plugin: x11, at: lab }]']);
  });

  it('says which services there are, where it is asked for another', async () => {
    const { status, stderr } = await place.run(['x11', 'top', 'chain.yaml', '--as', 'desk', '--service', 'y']);
    expect([status, stderr]).to.deep.equal([2, 'lstp: no service "y" of desk for X clients; there is x\n']);
  });
});
