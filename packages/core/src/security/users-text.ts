/**
 * The text of a users file: one user a line,
 *
 *   USER:HASH[:GROUPS[:TOTP]]
 *   ann:$scrypt$ln=15,r=8,p=1$c2FsdA…$aGFzaA…:ops,dev
 *   bob:::JBSWY3DPEHPK3PXP…
 *
 * HASH is of a password (scrypt-hash.ts), TOTP the secret of one-time codes in base32; a user has one of them or both.
 * GROUPS are separated by commas, without `@`. Empty lines and those that begin with `#` are comments.
 */
import { ConfigError, type ConfigProblem } from '../config/config-error.js';
import { parseBase32 } from './base32.js';
import { parseScryptHash, type ScryptHash } from './scrypt-hash.js';

export interface User {
  readonly name: string;
  readonly password?: ScryptHash;
  readonly groups: readonly string[];
  /** The secret of one-time codes. */
  readonly totp?: Buffer;
}

/** A secret of codes has 128 bits at least (RFC 4226, section 4). */
const LEAST_TOTP_BYTES = 16;
const WORD = /^[^\s@,:#][^\s,:]{0,253}$/;

/** What is wrong with the name of a user or a group; undefined if nothing. */
export function userNameFault(name: string, kind: 'user' | 'group'): string | undefined {
  if (WORD.test(name)) return undefined;
  return `${JSON.stringify(name.slice(0, 63))} is no name of a ${kind}: one word without ":" and ",", not beginning with "@" or "#", of at most 254 characters`;
}

/** Throws ConfigError with every problem and its place. */
export function parseUsers(file: string, text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  const problems: ConfigProblem[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = raw.replace(/\r$/, '');
    if (isComment(line)) return;
    const user = parseLine(line);
    const fault = 'message' in user ? user : users.has(user.name) ? { column: 1, message: `${user.name} has a line already; one user has one` } : undefined;
    if (fault !== undefined) problems.push({ place: { line: index + 1, column: fault.column }, message: fault.message });
    else users.set((user as User).name, user as User);
  });
  if (problems.length > 0) throw new ConfigError(file, problems);
  return users;
}

/** The name on a line, which may be of any form. */
export function userOfLine(line: string): string | undefined {
  return isComment(line) ? undefined : line.slice(0, Math.max(0, line.indexOf(':')));
}

function isComment(line: string): boolean {
  return line.trim() === '' || line.startsWith('#');
}

interface Fault {
  readonly column: number;
  /** Never quotes a hash or a secret. */
  readonly message: string;
}

function parseLine(line: string): User | Fault {
  const [name = '', hash = '', groups = '', totp = '', ...rest] = line.split(':');
  const at = (field: number) => [name, hash, groups].slice(0, field).join(':').length + (field === 0 ? 1 : 2);
  const fault = userNameFault(name, 'user');
  if (fault !== undefined) return { column: 1, message: `${fault}; a line is USER:HASH:GROUPS, as \`lstp passwd\` writes it` };
  if (rest.length > 0) return { column: at(4), message: 'more than four fields; a line is USER:HASH:GROUPS:TOTP' };
  if (hash === '' && totp === '') return { column: line.length + 1, message: `${name} has neither a password nor a secret of codes; \`lstp passwd\` gives one` };
  const password = parseScryptHash(hash);
  if (hash !== '' && password === undefined) return { column: at(1), message: 'no hash of a password, as $scrypt$ln=15,r=8,p=1$SALT$HASH; `lstp passwd` makes one' };
  const secret = parseBase32(totp);
  if (totp !== '' && (secret === undefined || secret.length < LEAST_TOTP_BYTES)) return { column: at(3), message: `no secret of codes: base32 of ${LEAST_TOTP_BYTES} bytes or more; \`lstp passwd --totp\` makes one` };
  const names = groups === '' ? [] : groups.split(',');
  const wrong = names.map((group) => userNameFault(group, 'group')).find((one) => one !== undefined);
  if (wrong !== undefined) return { column: at(2), message: `${wrong}; groups are separated by commas` };
  return { name, groups: names, ...(password === undefined ? {} : { password }), ...(totp === '' || secret === undefined ? {} : { totp: secret }) };
}
