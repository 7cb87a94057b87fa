/**
 * libXau's lock of an Xauthority file, XauLockAuth(3), which xauth and sshd take too: PATH-c is created, and linked to
 * PATH-l. Who succeeds in both has it.
 */
import { link, open, stat, unlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { authorityError } from './authority-error.js';

/** For another program to be done: stop() has 5 s. */
const WAIT_MS = 4000;
const TRY_EVERY_MS = 50;
/** As xauth(1): a lock so old was left behind. */
const DEAD_AFTER_MS = 600_000;

/** Rejects with ERR_LSTP_XAUTHORITY where the lock cannot be taken, and with what `use` rejects with. */
export async function withAuthorityLock<T>(path: string, use: () => Promise<T>, { waitMs = WAIT_MS }: { readonly waitMs?: number } = {}): Promise<T> {
  await take(path, waitMs);
  try {
    return await use();
  } finally {
    await release(path);
  }
}

async function take(path: string, waitMs: number): Promise<void> {
  await removeDead(path);
  const giveUpAt = performance.now() + waitMs;
  while (!(await isTaken(path))) {
    if (performance.now() > giveUpAt) throw authorityError(path, `another program holds its lock ${path}-c (if none does, remove it and ${path}-l)`);
    await pause(TRY_EVERY_MS);
  }
}

async function isTaken(path: string): Promise<boolean> {
  try {
    await (await open(`${path}-c`, 'wx', 0o600)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw authorityError(path, error as NodeJS.ErrnoException);
  }
  try {
    await link(`${path}-c`, `${path}-l`);
    return true;
  } catch (error) {
    await unlink(`${path}-c`).catch(() => {});
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw authorityError(path, error as NodeJS.ErrnoException);
  }
}

async function removeDead(path: string): Promise<void> {
  const found = await stat(`${path}-c`).catch(() => undefined);
  if (found !== undefined && Date.now() - found.ctimeMs > DEAD_AFTER_MS) await release(path);
}

async function release(path: string): Promise<void> {
  await unlink(`${path}-c`).catch(() => {});
  await unlink(`${path}-l`).catch(() => {});
}
