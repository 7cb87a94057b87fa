/** The Xauthority file of a user: read, and changed under its lock, never by running xauth with what others sent. */
import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { authorityError } from './authority-error.js';
import { withAuthorityLock } from './authority-lock.js';
import { encodeXauthority, isSamePlace, parseXauthority, type XauthorityRecord } from './xauthority.js';

/** Beyond it a file is no Xauthority file. */
const FILE_BYTES = 1_048_576;

/** `given`, from `folder`; else where X clients look. */
export function xauthorityPath(given: string | undefined, folder: string): string {
  if (given !== undefined) return resolve(folder, given);
  return process.env['XAUTHORITY'] || join(homedir(), '.Xauthority');
}

/** As a client reads it: what is unreadable or broken is not there. */
export async function readXauthority(path: string): Promise<readonly XauthorityRecord[]> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  return parseXauthority(bytes).records;
}

/** Puts `record` in the place of one for the same display, or behind all. Rejects with ERR_LSTP_XAUTHORITY. */
export function addRecord(path: string, record: XauthorityRecord): Promise<void> {
  return change(path, (records) => [...records.filter((one) => !isSamePlace(one, record)), record]);
}

/** Takes `record` out, if it is still there as it was added; an empty file goes. Rejects with ERR_LSTP_XAUTHORITY. */
export function removeRecord(path: string, record: XauthorityRecord): Promise<void> {
  return change(path, (records) => records.filter((one) => !(isSamePlace(one, record) && one.data.equals(record.data))));
}

async function change(path: string, edit: (records: readonly XauthorityRecord[]) => readonly XauthorityRecord[]): Promise<void> {
  await withAuthorityLock(path, async () => {
    const before = await readAll(path);
    const after = edit(before);
    try {
      if (after.length > 0) await replace(path, encodeXauthority(after));
      else if (before.length > 0) await unlink(path);
    } catch (error) {
      throw authorityError(path, error as NodeJS.ErrnoException);
    }
  });
}

/** Rejects where the file is something else: it would be lost. */
async function readAll(path: string): Promise<readonly XauthorityRecord[]> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw authorityError(path, error);
  });
  const { records, brokenAt } = bytes.length > FILE_BYTES ? { records: [], brokenAt: 0 } : parseXauthority(bytes);
  if (brokenAt !== undefined) throw authorityError(path, `it is no Xauthority file: no record can be read at byte ${brokenAt}`);
  return records;
}

/** As xauth does: a reader sees the old file or the new one. */
async function replace(path: string, bytes: Buffer): Promise<void> {
  const next = `${path}-n`;
  await unlink(next).catch(() => {});
  try {
    await writeFile(next, bytes, { mode: 0o600, flag: 'wx' });
    await rename(next, path);
  } catch (error) {
    await unlink(next).catch(() => {});
    throw error;
  }
}
