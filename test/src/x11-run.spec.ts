/** `lstp x11 run`, and what is wrong with a display, named to who starts it. */
import { expect } from 'chai';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BIN, Workplace } from 'lstp/testing';
import { eventually } from './support/eventually.js';
import { freeDisplay, needsPrograms, XDisplay } from './support/x-display.js';
import { X11Bed } from './support/x11-bed.js';

/** A process that is not there: the highest number is beyond all that Linux gives. */
const NO_PROCESS = 4_194_305;

describe('lstp x11 run', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let bed: X11Bed;

  before(async function () {
    needsPrograms(this, '/usr/bin/Xvfb', '/usr/bin/xdpyinfo');
    bed = await X11Bed.start(place);
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.chain.logs());
  });
  after(async () => {
    await bed?.stop();
    await place.remove();
  });

  it('sets what the program needs, and leaves out what leads it elsewhere', async () => {
    const { DISPLAY = '', XAUTHORITY = '' } = bed.environment;
    const { stdout } = await place.spawn('env', ['WAYLAND_DISPLAY=wayland-0', 'DISPLAY=:0', process.execPath, BIN, 'x11', 'run', 'chain.yaml', '--as', 'desk', '--', 'sh', '-c', 'echo "$DISPLAY $XAUTHORITY $WAYLAND_DISPLAY."']).ended;
    expect(stdout).to.equal(`${DISPLAY} ${XAUTHORITY} .\n`);
  });

  it('ends with the status of the program', async () => {
    for (const status of [0, 7]) expect((await bed.run('sh', '-c', `exit ${status}`).ended).status).to.equal(status);
  });

  it('passes signals on, and ends as the program does', async () => {
    const caught = bed.run('sh', '-c', "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.05; done");
    await caught.says(/ready/);
    const { status, stdout } = await caught.end('SIGTERM');
    expect([status, stdout]).to.deep.equal([9, 'ready\ncaught\n']);
    const killed = bed.run('sh', '-c', 'echo ready; exec tail -f /dev/null');
    await killed.says(/ready/);
    expect((await killed.end('SIGINT')).status).to.equal(130);
  });

  it('gives the program its arguments and its standard input as they are', async () => {
    const running = bed.run('sh', '-c', 'cat; echo "$@"', 'sh', '--as', 'lab', '--', 'a b');
    running.child.stdin?.end('input\n');
    expect((await running.ended).stdout).to.equal('input\n--as lab -- a b\n');
  });

  it('says which program is not there', async () => {
    const { status, stderr } = await bed.run('xyesno').ended;
    expect([status, stderr]).to.deep.equal([127, 'lstp: xyesno: there is no such program\n']);
    writeFileSync(join(place.folder, 'plain'), '');
    chmodSync(join(place.folder, 'plain'), 0o600);
    const plain = await bed.run('./plain').ended;
    expect(plain.status).to.equal(126);
  });

  const wrong: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['a node without a display', ['--as', 'lab', '--', 'true'], 2, /^lstp: lab has no display for X clients; add a service to the chain file: x: \{ plugin: x11, at: lab, to: ":0" \}\n$/],
    ['another service', ['--as', 'desk', '--service', 'y', '--', 'true'], 2, /^lstp: no service "y" with `plugin: x11` and `at: desk`; there is x\n$/],
    ['no program', ['--as', 'desk'], 2, /missing required argument 'program'/],
    ['no node', ['--', 'true'], 2, /--as <node>/],
  ];
  for (const [what, args, status, message] of wrong) {
    it(`is told of ${what}`, async () => {
      const ended = await place.run(['x11', 'run', 'chain.yaml', ...args]);
      expect(ended.stderr).to.match(message);
      expect(ended.status).to.equal(status);
    });
  }

  describe('names what is wrong with the display:', () => {
    let other: XDisplay;
    before(async () => {
      other = await XDisplay.start(place);
    });
    after(async () => {
      await other?.stop();
      await bed.change('');
      const { status } = await bed.client('xdpyinfo').ended;
      expect(status, 'it works again').to.equal(0);
    });

    async function expectFault(keys: string, fault: RegExp): Promise<void> {
      const wrong = await bed.tryChange(keys);
      const { status, stderr } = await bed.run('true').ended;
      expect(stderr).to.match(fault);
      expect(wrong).to.equal(stderr.replace('lstp: service x does not work: ', 'lstp: acme-globex: service x failed: '));
      expect(status).to.equal(3);
    }

    it('in use by an X server', () => expectFault(`display: ${other.number}`, new RegExp(`^lstp: service x does not work: cannot listen on display :${other.number} \\(unix:.+\\): it is in use, although nobody has locked it: unix:/tmp/\\.X11-unix/X${other.number} is answered, by an X server\\?; choose another with "display:", or leave that out for the first free one\\n$`)));

    it('an Xauthority file in no folder', () => expectFault(`xauthority: absent/Xauthority`, /^lstp: service x does not work: cannot write the Xauthority file .+\/absent\/Xauthority: its folder does not exist; put that right, or name another file with "xauthority:"\n$/));

    it('an Xauthority file that is something else', async () => {
      mkdirSync(join(place.folder, 'folder'));
      await expectFault('xauthority: folder', /\/folder: it is a folder;/);
    });
  });

  it('takes over a lock file whose process is gone', async () => {
    const free = await freeDisplay();
    writeFileSync(`/tmp/.X${free}-lock`, `${String(NO_PROCESS).padStart(10)}\n`);
    await bed.change(`display: ${free}`);
    expect(bed.environment).to.include({ DISPLAY: `:${free}` });
    expect(bed.chain.running.get('desk')?.stderr).to.contain(`the lock file /tmp/.X${free}-lock was left behind by process ${NO_PROCESS}, and is taken over`);
    expect((await bed.client('xdpyinfo').ended).status).to.equal(0);
    await bed.change('');
    await eventually(() => !existsSync(`/tmp/.X${free}-lock`), () => 'it is gone with the service');
  });
});
