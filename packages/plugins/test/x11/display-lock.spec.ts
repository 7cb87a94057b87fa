import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { lockPath, takeDisplayLock, type DisplayLock } from '../../src/x11/front/display-lock.js';

/** Beyond those of people: N of no other test. */
const DISPLAY = 20_000 + (process.pid % 10_000);
const PATH = lockPath(DISPLAY);

describe('plugins/x11, the lock of a display', () => {
  const told: string[] = [];
  const take = (): Promise<DisplayLock> => takeDisplayLock(DISPLAY, { what: `display :${DISPLAY}`, onStale: (line) => told.push(line) });
  afterEach(() => {
    told.length = 0;
    if (existsSync(PATH)) unlinkSync(PATH);
    expect(readdirSync('/tmp').filter((name) => name.includes(`X${DISPLAY}`))).to.deep.equal([]);
  });

  it('has the process id in ten places and a line feed, for all to read', async () => {
    const lock = await take();
    expect(readFileSync(PATH, 'latin1')).to.equal(`${String(process.pid).padStart(10)}\n`);
    await lock.release();
    await lock.release();
    expect(existsSync(PATH)).to.equal(false);
  });

  it('is refused while this process has it', async () => {
    const lock = await take();
    const error = await take().then(() => undefined, (cause: Error) => cause);
    expect(error?.message).to.equal(`cannot listen on display :${DISPLAY}: it is in use by process ${process.pid}, says its lock file ${PATH}; choose another with "display:", or leave that out for the first free one`);
    expect(error).to.include({ code: 'ERR_LSTP_DISPLAY', isTaken: true });
    await lock.release();
  });

  it('is refused while another process has it', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    try {
      writeFileSync(PATH, `${String(child.pid).padStart(10)}\n`);
      expect((await take().then(() => undefined, (cause: Error) => cause))?.message).to.contain(`in use by process ${child.pid}`);
    } finally {
      await ended(child);
    }
    expect(told).to.deep.equal([]);
  });

  it('is taken over from a process that is gone, which is told', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    writeFileSync(PATH, `${String(child.pid).padStart(10)}\n`);
    await (await take()).release();
    expect(told).to.deep.equal([`the lock file ${PATH} was left behind by process ${child.pid}, and is taken over`]);
  });

  it('is taken over from a process before this one that had its id, as in a container', async () => {
    writeFileSync(PATH, `${String(process.pid).padStart(10)}\n`);
    await (await take()).release();
    expect(told).to.have.length(1);
  });

  it('is taken over where it names nobody', async () => {
    writeFileSync(PATH, 'x\n');
    await (await take()).release();
    expect(told).to.deep.equal([`the lock file ${PATH} was left behind by nobody known, and is taken over`]);
  });

  it('is had by one of many that want it at once, also where one was left behind', async () => {
    for (let round = 0; round < 50; round += 1) {
      writeFileSync(PATH, 'x\n');
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, take));
      const locks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(locks).to.have.length(1);
      await locks[0]?.release();
    }
  });
});

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}
