/**
 * Log-in with a password, a one-time code, or both. At the end that logs in: what the chain file gives, the rest asked
 * for on the terminal before the tunnel is built. At the other end: a file of users (`lstp passwd`).
 */
import { resolve } from 'node:path';
import { LOGGER, OPTIONS, SERVICE, type Credentials, type Login, type LoginSource, type ServiceFacts, type VerifiedUser } from '@lstp/core';
import { isTerminal, parseBase32, promptSecret, UsersFile } from '@lstp/core/security';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import type { LoginOptions } from './login-options.js';
import { nextOwnCode } from './own-codes.js';

@injectable()
export class UsersLogin implements Login {
  readonly #options: LoginOptions;
  readonly #facts: ServiceFacts;
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #users: UsersFile | undefined;
  #password = '';
  /** For every association a new one; undefined where it was typed and is used up. */
  #nextCode: () => string | undefined = () => undefined;

  constructor(@inject(OPTIONS) options: LoginOptions, @inject(SERVICE) facts: ServiceFacts, @inject(LOGGER) logger: Logger) {
    this.#options = options;
    this.#facts = facts;
    this.#logger = logger;
  }

  async start(): Promise<void> {
    if (this.#facts.at === this.#facts.node) return this.#ask();
    this.#users = await UsersFile.open(resolve(this.#facts.folder, this.#options.users));
    this.#logger.info({ file: this.#users.path, users: this.#users.size }, 'users may log in');
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
  }

  async reload(): Promise<string | undefined> {
    if (this.#users === undefined) return undefined;
    await this.#users.reload();
    return `${this.#users.path} read again, ${this.#users.size} users`;
  }

  async credentials(): Promise<Credentials> {
    const { user } = this.#options;
    if (this.#proof === 'password') return { user, proof: this.#password };
    const code = this.#nextCode();
    if (code === undefined) throw new Error(`the one-time code of ${user} that was typed is used up; restart lstp to type another, or give the secret: totp: \${file:PATH}`);
    return { user, proof: this.#proof === 'code' ? code : `${code} ${this.#password}` };
  }

  async verify({ user, proof }: Credentials, { key }: LoginSource): Promise<VerifiedUser | undefined> {
    const verdict = await this.#users?.verifyLogin({ user, proof, source: key });
    if (verdict?.wrong !== undefined) throw new Error(verdict.wrong);
    return verdict?.user;
  }

  current({ user }: VerifiedUser): VerifiedUser | undefined {
    return this.#users?.current(user);
  }

  get #proof(): 'password' | 'code' | 'both' {
    const { proof, password, totp } = this.#options;
    if (proof !== undefined) return proof;
    if (totp === undefined) return 'password';
    return password === undefined ? 'code' : 'both';
  }

  async #ask(): Promise<void> {
    const { user, password } = this.#options;
    if (this.#proof !== 'code') this.#password = password ?? (await this.#prompt(`Password of ${user}`, 'password'));
    if (this.#proof !== 'password') this.#nextCode = this.#ownCodes() ?? once(await this.#prompt(`One-time code of ${user}`, 'totp'));
  }

  /** Undefined where a person has to type them. */
  #ownCodes(): (() => string) | undefined {
    const { totp } = this.#options;
    if (totp === undefined) return undefined;
    const secret = parseBase32(totp);
    if (secret === undefined || secret.length === 0) throw new Error('totp: is no secret of one-time codes; it is base32, as `lstp passwd FILE USER --totp` prints it');
    return () => nextOwnCode(secret, { nowMs: Date.now(), startedMs: Date.now() - process.uptime() * 1000 });
  }

  async #prompt(what: string, option: 'password' | 'totp'): Promise<string> {
    const { tunnel } = this.#facts;
    if (isTerminal()) return promptSecret(`lstp: ${what} for tunnel ${tunnel}: `, this.#stopping.signal);
    const error = new Error(`no terminal to ask for it: ${what}, tunnel ${tunnel}; run lstp in the foreground of one, or write ${option}: \${env:NAME} or \${file:PATH} in login of the tunnel`);
    throw Object.assign(error, { code: 'ERR_LSTP_NO_ANSWER' });
  }
}

/** People type codes in two halves. */
function once(code: string): () => string | undefined {
  let left: string | undefined = code.replaceAll(/\s/g, '');
  return () => {
    const given = left;
    left = undefined;
    return given;
  };
}
