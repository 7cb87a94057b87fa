/**
 * Who may log in: the file behind `users: FILE` (its form: users-text.ts), and whether a password is right.
 *
 *   const users = await UsersFile.open(path);             ConfigError with FILE:LINE:COLUMN
 *   const verdict = await users.verify({ user, password, source });
 *   if (verdict.user === undefined) logger.warn({ user, source, reason: verdict.wrong }, ...)
 *
 * A right password is remembered for as long as the user's line stays, as a keyed hash that means nothing outside this
 * process: a browser's hundredth connection costs no scrypt, and others who guess cannot slow its owner.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ConfigError } from '../config/config-error.js';
import type { VerifiedUser } from '../plugin/contract.js';
import { Attempts } from './attempts.js';
import { isPasswordOf, unmatchableHash } from './scrypt-hash.js';
import { matchTotp } from './totp.js';
import { useStep } from './used-codes.js';
import { parseUsers, type User } from './users-text.js';

export interface PasswordAttempt {
  readonly user: string;
  readonly password: string;
  /** Who tries: an address, with or without its port. Absent where that is not known. Loopback counts as that: all share it. */
  readonly source?: string;
}

/** For a log-in of a tunnel, which takes one-time codes too. */
export interface LoginAttempt {
  readonly user: string;
  /** What the user's line asks for: the password, the code, or for both `CODE PASSWORD`. */
  readonly proof: string;
  readonly source?: string;
}

/** The user, or why not: for the log, never for who tried. */
export type Verdict = { readonly user: VerifiedUser; readonly wrong?: undefined } | { readonly user?: undefined; readonly wrong: string };

export interface UsersFileOptions {
  /** Milliseconds that never go back. */
  readonly now?: () => number;
  /** Milliseconds since 1970. */
  readonly date?: () => number;
  readonly wait?: (ms: number) => Promise<unknown>;
}

/** A file of users; more is a mistake. */
const USERS_FILE_BYTES = 1_048_576;
const OTHERS = 0o077;

export class UsersFile {
  readonly path: string;
  #users: ReadonlyMap<string, User>;
  readonly #attempts: Attempts;
  readonly #date: () => number;
  readonly #wait: (ms: number) => Promise<unknown>;
  /** Passwords that were right, by user, under a key of this process. */
  readonly #right = new Map<string, Buffer>();
  readonly #key = randomBytes(32);
  readonly #nobody = unmatchableHash();

  private constructor(path: string, users: ReadonlyMap<string, User>, options: UsersFileOptions) {
    this.path = path;
    this.#users = users;
    this.#attempts = new Attempts({ now: options.now ?? (() => performance.now()) });
    this.#date = options.date ?? Date.now;
    this.#wait = options.wait ?? ((ms) => pause(ms, undefined, { ref: false }));
  }

  /** Reads it once. Throws ConfigError where it is not there, open to others, or wrong; all problems at once. */
  static async open(path: string, options: UsersFileOptions = {}): Promise<UsersFile> {
    return new UsersFile(path, parseUsers(path, await readUsersText(path)), options);
  }

  /** How many users there are. */
  get size(): number {
    return this.#users.size;
  }

  /** A user as the file has it now; undefined where it has none of that name. */
  current(name: string): VerifiedUser | undefined {
    const user = this.#users.get(name);
    return user === undefined ? undefined : verified(user);
  }

  /** Reads it again. Throws like open(), and keeps what it had. */
  async reload(): Promise<void> {
    this.#users = parseUsers(this.path, await readUsersText(this.path));
    this.#right.clear();
  }

  /** After wrong attempts by this user or source it takes a while. Never rejects. */
  async verify(attempt: PasswordAttempt): Promise<Verdict> {
    const user = this.#users.get(attempt.user);
    const digest = this.#digestOf(attempt);
    const known = this.#right.get(attempt.user);
    if (user !== undefined && known !== undefined && timingSafeEqual(known, digest)) return { user: verified(user) };
    return this.#slowed(attempt, () => this.#check(attempt, digest));
  }

  /** As verify(). A code is taken once, by whatever tunnel of this process. */
  verifyLogin(attempt: LoginAttempt): Promise<Verdict> {
    return this.#slowed(attempt, () => this.#checkLogin(attempt));
  }

  async #checkLogin({ user: name, proof }: LoginAttempt): Promise<Verdict> {
    const user = this.#users.get(name);
    const { code, password } = partsOf(user, proof);
    const isRight = await isPasswordOf(user?.password ?? this.#nobody, password);
    if (user === undefined) return { wrong: 'no such user' };
    if (user.password !== undefined && !isRight) return { wrong: 'wrong password' };
    if (user.totp === undefined) return { user: verified(user) };
    const step = matchTotp(user.totp, code, this.#date());
    if (step === undefined) return { wrong: 'wrong one-time code, or the clocks of the two differ by more than half a minute' };
    return useStep(user.totp, step) ? { user: verified(user) } : { wrong: 'this one-time code was used before' };
  }

  async #check({ user: name, password }: PasswordAttempt, digest: Buffer): Promise<Verdict> {
    const user = this.#users.get(name);
    // The same work for a user that does not exist: what is slow must not tell who does.
    const isRight = await isPasswordOf(user?.password ?? this.#nobody, password);
    if (user === undefined) return { wrong: 'no such user' };
    if (user.password === undefined) return { wrong: 'this user has no password' };
    if (!isRight) return { wrong: 'wrong password' };
    if (user.totp !== undefined) return { wrong: 'this user logs in with a one-time code too, which is for tunnels only' };
    // The file may have been read again meanwhile.
    if (this.#users.get(name) === user) this.#right.set(name, digest);
    return { user: verified(user) };
  }

  async #slowed({ user, source }: { readonly user: string; readonly source?: string }, check: () => Promise<Verdict>): Promise<Verdict> {
    const host = source === undefined ? undefined : hostOf(source);
    const keys = [`user ${user}`, ...(host === undefined ? [] : [`source ${host}`])];
    const delay = this.#attempts.delay(keys);
    if (delay === undefined) return { wrong: 'too many wrong attempts; this one was not looked at' };
    if (delay > 0) await this.#wait(delay);
    try {
      const verdict = await check();
      if (verdict.user === undefined) this.#attempts.failed(keys);
      else this.#attempts.forget(`user ${user}`);
      return verdict;
    } catch (error) {
      return { wrong: (error as Error).message };
    }
  }

  #digestOf({ user, password }: PasswordAttempt): Buffer {
    return createHmac('sha256', this.#key).update(`${user}:${password}`).digest();
  }
}

/** The text of a users file, which only its owner may read or change. Throws ConfigError. */
export async function readUsersText(path: string): Promise<string> {
  const file = await openFile(path);
  try {
    // The open file is asked, not the path: what is checked is what is read.
    const stat = await file.stat();
    if (!stat.isFile()) throw fault(path, 'not a file; a file of users was expected');
    if (process.platform !== 'win32' && (stat.mode & OTHERS) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(3, '0');
      throw fault(path, `others can read or change this file of users (mode ${mode}); run \`chmod 600 ${path}\``);
    }
    if (stat.size > USERS_FILE_BYTES) throw fault(path, `${stat.size} bytes; a file of users has at most ${USERS_FILE_BYTES}`);
    return (await file.readFile('utf8')).replace(/^\uFEFF/, '');
  } finally {
    await file.close();
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw fault(path, code === 'ENOENT' ? `no such file of users; \`lstp passwd ${path} USER\` makes it` : `the file of users cannot be read: ${message}`);
  }
}

function fault(path: string, message: string): ConfigError {
  return new ConfigError(path, [{ place: { line: 1, column: 1 }, message }]);
}

/** Without the port, which is another one each time. Undefined for loopback. */
function hostOf(source: string): string | undefined {
  const host = /^\[(.*)\](?::\d+)?$/.exec(source)?.[1] ?? /^([^:]*):\d+$/.exec(source)?.[1] ?? source;
  return /^(?:127\.|::1$|::ffff:127\.|localhost$)/.test(host) ? undefined : host;
}

function partsOf(user: User | undefined, proof: string): { readonly code: string; readonly password: string } {
  if (user?.totp === undefined) return { code: '', password: proof };
  if (user.password === undefined) return { code: proof, password: '' };
  const [code = '', ...password] = proof.split(' ');
  return { code, password: password.join(' ') };
}

function verified({ name, groups }: User): VerifiedUser {
  return { user: name, groups };
}
