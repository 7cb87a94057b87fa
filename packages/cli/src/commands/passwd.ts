import { randomBytes } from 'node:crypto';
import { formatBase32, hashPassword, isTerminal, otpauthUrl, promptSecret, userNameFault, writeUser } from '@lstp/core/security';
import { UsageError } from '../exit-status.js';

export interface PasswdOptions {
  readonly group?: readonly string[];
  readonly totp?: boolean;
}

/** 160 bits, as RFC 4226 recommends. */
const TOTP_BYTES = 20;
const PASSWORD_CHARACTERS = 1024;

/** `lstp passwd`: adds a user to a file of users, or changes what is said about it. What is not asked for stays. */
export async function passwd(file: string, user: string, options: PasswdOptions): Promise<void> {
  const fault = userNameFault(user, 'user') ?? options.group?.map((group) => userNameFault(group, 'group')).find((one) => one !== undefined);
  if (fault !== undefined) throw new UsageError(fault);
  const groups = options.group === undefined ? {} : { groups: options.group };
  const totp = options.totp === true ? randomBytes(TOTP_BYTES) : undefined;
  const credential = totp === undefined ? { hash: await hashPassword(await newPassword(user)) } : { totp };
  const outcome = await writeUser(file, user, { ...groups, ...credential });
  if (totp !== undefined) process.stdout.write(`${otpauthUrl(user, totp)}\n${formatBase32(totp)}\n`);
  process.stderr.write(`lstp: ${user} ${outcome} in ${file}; a node that uses it takes it over at \`lstp reload\`\n`);
}

/** Asked for twice where there is a terminal; else the first and only line of standard input. */
async function newPassword(user: string): Promise<string> {
  const password = isTerminal() ? await askTwice(user) : await pipedPassword();
  if (password === '') throw new UsageError('an empty password is none; type one, or pipe it into standard input');
  if (password.includes('\0')) throw new UsageError('a password cannot have a NUL character');
  if (password.length > PASSWORD_CHARACTERS) throw new UsageError(`a password has at most ${PASSWORD_CHARACTERS} characters`);
  return password;
}

async function askTwice(user: string): Promise<string> {
  const password = await promptSecret(`New password of ${user}: `);
  const again = await promptSecret('Again: ');
  if (password !== again) throw new UsageError('the two are not the same; nothing was changed');
  return password;
}

async function pipedPassword(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > 4 * PASSWORD_CHARACTERS) break;
  }
  const text = Buffer.concat(chunks).toString('utf8').replace(/\r?\n$/, '');
  if (text.includes('\n')) throw new UsageError('standard input has several lines; a password is one');
  return text;
}
