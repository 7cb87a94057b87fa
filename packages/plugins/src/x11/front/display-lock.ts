/**
 * The lock file of a display, /tmp/.X{N}-lock: 10 places for the process id, and a line feed; linked from a file of another
 * name, so that it is there with its content or not at all. As X servers do it (os/utils.c, LockServer).
 */
import { randomUUID } from 'node:crypto';
import { link, readFile, unlink, writeFile } from 'node:fs/promises';
import { displayFault, displayInUse } from './display-error.js';
import { oneAtATime } from './machine-mutex.js';

export interface DisplayLock {
  /** Idempotent. */
  release(): Promise<void>;
}

/** Displays whose locks this process holds: one of them with its id and not in here is of a process before it. */
const held = new Set<number>();

export function lockPath(display: number): string {
  return `/tmp/.X${display}-lock`;
}

/**
 * Rejects with ERR_LSTP_DISPLAY. `what` names the display in it; `onStale` is told of a lock that was left behind and
 * is taken away.
 */
export async function takeDisplayLock(display: number, { what, onStale }: { readonly what: string; readonly onStale: (line: string) => void }): Promise<DisplayLock> {
  const temporary = `/tmp/.tX${display}-lock.${randomUUID()}`;
  try {
    await writeFile(temporary, `${String(process.pid).padStart(10)}\n`, { flag: 'wx', mode: 0o444 });
    if (!(await isLinked(temporary, display))) {
      const taken = await oneAtATime(`display ${display}`, async () => {
        await removeStale(display, { what, onStale });
        return isLinked(temporary, display);
      });
      if (taken !== true) throw displayInUse(what, 'another process has just taken it');
    }
  } catch (error) {
    throw 'isTaken' in (error as Error) ? error : displayFault(what, `its lock file ${lockPath(display)} cannot be written: ${(error as Error).message}`);
  } finally {
    await unlink(temporary).catch(() => {});
  }
  return {
    release: async () => {
      if (!held.delete(display)) return;
      await unlink(lockPath(display)).catch(() => {});
    },
  };
}

async function isLinked(temporary: string, display: number): Promise<boolean> {
  try {
    await link(temporary, lockPath(display));
    held.add(display);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** For one at a time: of two that read it, the second would take away the lock that the first has put there. */
async function removeStale(display: number, { what, onStale }: { readonly what: string; readonly onStale: (line: string) => void }): Promise<void> {
  const path = lockPath(display);
  const text = await readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw displayInUse(what, `its lock file ${path} cannot be read (${error.message})`);
  });
  if (text === undefined) return;
  const pid = Number.parseInt(text, 10);
  if (isAlive(pid, display)) throw displayInUse(what, `it is in use by process ${pid}, says its lock file ${path}`);
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw displayInUse(what, `its lock file ${path} was left behind, and cannot be removed (${error.message}): remove it as its owner`);
  });
  onStale(`the lock file ${path} was left behind by ${Number.isNaN(pid) ? 'nobody known' : `process ${pid}`}, and is taken over`);
}

function isAlive(pid: number, display: number): boolean {
  if (Number.isNaN(pid) || pid <= 0) return false;
  if (pid === process.pid) return held.has(display);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
