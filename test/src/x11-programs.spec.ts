/**
 * Real X programs, started at desk, whose windows are on a display at lab that is as on another machine. What they show there
 * is what the same programs show on such a display without a tunnel. LSTP_TEST_SCREENSHOTS=FOLDER keeps the pictures.
 */
import { expect } from 'chai';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { skipBecause, Workplace } from 'lstp/testing';
import { eventually } from './support/eventually.js';
import type { Region, Screenshot } from './support/frame-buffer.js';
import { needsPrograms, XDisplay } from './support/x-display.js';
import { X11Bed } from './support/x11-bed.js';

interface Shown {
  readonly program: string;
  readonly args: readonly string[];
  /** At least so many colours, once it has drawn. */
  readonly colours: number;
  readonly moving?: readonly Region[];
  /** What a person at the display types. */
  readonly typed?: string;
}

/** Neither state is of the moment: both displays show this so often in a row. */
const LOOKS = 15;
const CLOCK_HANDS: Region = { what: 'clock hands', x: 22, y: 22, width: 120, height: 120 };

const PROGRAMS: Readonly<Record<string, Shown>> = {
  xeyes: { program: 'xeyes', args: ['-geometry', '300x200+40+30'], colours: 3 },
  xclock: { program: 'xclock', args: ['-analog', '-geometry', '164x164+0+0'], colours: 2, moving: [CLOCK_HANDS] },
  'xterm, typed into': { program: 'xterm', args: ['+bc', '-geometry', '60x12+0+0', '-e', 'sh', '-c', 'read line; echo "it heard: $line"; read wait'], colours: 2, typed: 'hello over there' },
  'a GL program': { program: 'glxdemo', args: [], colours: 3 },
  'a GTK program': { program: 'galculator', args: [], colours: 20 },
  'a Qt program': { program: 'qt5ct', args: [], colours: 20 },
};

describe('X programs through desk > west > east < lab show what they show without it:', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let direct: XDisplay;
  let bed: X11Bed;

  before(async function () {
    needsPrograms(this, '/usr/bin/Xvfb', '/usr/bin/xdotool');
    direct = await XDisplay.start(place);
    bed = await X11Bed.start(place);
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.chain.logs());
  });
  after(async () => {
    await Promise.all([direct?.stop(), bed?.stop()]);
    await place.remove();
  });

  it('xdpyinfo, but for extensions that share memory', async function () {
    if (!existsSync('/usr/bin/xdpyinfo')) skipBecause(this, 'x11-utils is not installed');
    const [here, there] = await Promise.all([direct.runDirect('xdpyinfo').ended, bed.run('xdpyinfo').ended]);
    expect([there.status, there.stderr]).to.deep.equal([0, '']);
    expect(here.stdout).to.contain('    MIT-SHM\n');
    expect(comparable(there.stdout)).to.equal(comparable(here.stdout));
  });

  for (const [title, shown] of Object.entries(PROGRAMS)) {
    it(title, async function () {
      if (!existsSync(join('/usr/bin', shown.program))) skipBecause(this, `${shown.program} is not installed`);
      const running = [direct.runDirect(shown.program, ...shown.args), bed.run(shown.program, ...shown.args)];
      await agree(title, shown);
      if (shown.typed !== undefined) {
        await Promise.all([direct, bed.far].map((display) => type(display, shown.typed as string)));
        await agree(`${title}, afterwards`, shown);
      }
      await Promise.all(running.map((one) => one.end()));
      await eventually(() => [direct, bed.far].every((display) => display.screenshot().colours === 1), () => 'the windows are gone');
    });
  }

  it('Chromium, which renders a local page', async function () {
    if (!existsSync('/usr/bin/chromium')) skipBecause(this, 'chromium is not installed');
    const page = join(place.folder, 'page.html');
    writeFileSync(page, PAGE);
    const args = (profile: string): string[] => ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--window-position=0,0', '--window-size=600,440', `--user-data-dir=${join(place.folder, profile)}`, `--app=file://${page}`];
    const running = [direct.runDirect('chromium', ...args('direct')), bed.run('chromium', ...args('through'))];
    await agree('Chromium', { program: 'chromium', args: [], colours: 50 });
    await Promise.all(running.map((one) => one.end()));
  });

  /** Resolves when both displays show the same, and go on showing it. */
  async function agree(title: string, { colours, moving = [] }: Shown): Promise<void> {
    let before: Screenshot | undefined;
    let looks = 0;
    let seen: readonly Screenshot[] = [];
    const settled = (): boolean => {
      seen = [direct, bed.far].map((display) => display.screenshot());
      const [here, there] = seen.map((one) => one.masked(moving)) as [Screenshot, Screenshot];
      looks = here.colours >= colours && here.equals(there) && before?.equals(here) === true ? looks + 1 : 0;
      before = here;
      return looks >= LOOKS;
    };
    try {
      await eventually(settled, () => `${title}: ${seen[0]?.differences(seen[1] as Screenshot)} pixels differ; ${seen.map((one) => one.colours).join(' and ')} colours`);
    } finally {
      keep(title, seen);
    }
  }

  /** At its keyboard. */
  async function type(display: XDisplay, text: string): Promise<void> {
    const { status, stderr } = await display.runDirect('xdotool', 'mousemove', '100', '60', 'type', `${text}\n`).ended;
    expect([status, stderr]).to.deep.equal([0, '']);
  }
});

const PAGE = `<!doctype html><title>acme</title><body style="background: linear-gradient(90deg, #fff, #9cf)">
<h1 style="font-family: serif">The intranet</h1><p>a page behind two firewalls</p><button>a button</button>
<svg width="200" height="100"><circle cx="50" cy="50" r="40" fill="tomato"/><rect x="100" y="10" width="80" height="80" fill="seagreen"/></svg>`;

/** Without what is of the display's name, of the moment, and what may differ: the list of extensions. */
function comparable(xdpyinfo: string): string {
  return xdpyinfo.replace(/^name of display:.*$/m, '').replace(/^number of extensions:.*$/m, '').replace(/^ {4}MIT-SHM\n/m, '').replace(/^focus:.*$/m, '');
}

function keep(title: string, [direct, through]: readonly Screenshot[]): void {
  const folder = process.env['LSTP_TEST_SCREENSHOTS'];
  if (folder === undefined || direct === undefined || through === undefined) return;
  mkdirSync(folder, { recursive: true });
  const name = title.replaceAll(/[^a-z0-9]+/gi, '-');
  writeFileSync(join(folder, `${name}-direct.png`), direct.png());
  writeFileSync(join(folder, `${name}-through.png`), through.png());
}
