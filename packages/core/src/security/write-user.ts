/** Changes one line of a users file, or makes the file: `lstp passwd`. Everything else in it stays as it is. */
import { existsSync, realpathSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { formatBase32 } from './base32.js';
import { formatScryptHash } from './scrypt-hash.js';
import { readUsersText } from './users-file.js';
import { parseUsers, userOfLine, type User } from './users-text.js';

/** What is absent stays as it was. */
export interface UserChange {
  /** In the PHC string form (hashPassword()). */
  readonly hash?: string;
  readonly groups?: readonly string[];
  readonly totp?: Uint8Array;
}

/**
 * Adds or replaces the line of `name`; `groups` of a new user are none. The new file takes the old one's place at once,
 * 0600. Throws ConfigError where the file is wrong already, and a plain Error (ERR_LSTP_USERS_FILE) where it cannot be written.
 */
export async function writeUser(path: string, name: string, change: UserChange): Promise<'added' | 'changed'> {
  // A link goes on leading to the file.
  const whole = existsSync(path) ? realpathSync(path) : path;
  const text = existsSync(whole) ? await readUsersText(whole) : '';
  const before = parseUsers(path, text).get(name);
  const line = formatUser(name, change, before);
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const at = lines.findIndex((one) => userOfLine(one) === name);
  lines.splice(at < 0 ? lines.length : at, at < 0 ? 0 : 1, line);
  const after = `${lines.join('\n')}\n`;
  parseUsers(path, after);
  await replaceFile(whole, after);
  return before === undefined ? 'added' : 'changed';
}

function formatUser(name: string, change: UserChange, before: User | undefined): string {
  const hash = change.hash ?? (before?.password === undefined ? '' : formatScryptHash(before.password));
  const totp = change.totp ?? before?.totp;
  const fields = [name, hash, (change.groups ?? before?.groups ?? []).join(','), totp === undefined ? '' : formatBase32(totp)];
  return fields.join(':').replace(/:{1,2}$/, '');
}

async function replaceFile(path: string, text: string): Promise<void> {
  const next = `${path}.new`;
  const file = await open(next, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    throw failed(error.code === 'EEXIST' ? `${next}: another \`lstp passwd\` is at work; if none is, remove that file` : `${next}: cannot be made: ${error.message}`);
  });
  try {
    await file.writeFile(text);
    await file.sync();
    await file.close();
    await rename(next, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(next, { force: true });
    throw failed(`${path}: cannot be written: ${(error as Error).message}`);
  }
}

function failed(message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_LSTP_USERS_FILE' });
}
