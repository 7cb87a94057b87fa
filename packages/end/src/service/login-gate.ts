/**
 * Who uses the tunnel. At the end that logs in: its credentials, once an association. At the other one: their
 * verification, which nothing waits for but the services that want a user.
 */
import type { AttachedConfig, Credentials, Login, LoginStatus, Properties, PublicKey, ServiceConfig } from '@lstp/core';
import type { Logger } from 'pino';
import { isForUser, type LoginState } from './authorise.js';
import { withinTime } from './time-limit.js';

/** For credentials: the other end waits for them in the middle of a set-up. */
const CREDENTIALS_TIMEOUT_MS = 5000;
const VERIFY_TIMEOUT_MS = 30_000;
/** After a wrong log-in the next one waits, twice as long each time. */
const FIRST_PENALTY_MS = 500;
const MOST_PENALTY_MS = 30_000;

export interface LoginGateOptions {
  readonly node: string;
  /** The other end. */
  readonly peer: string;
  /** Absent: nobody logs in. */
  readonly config: AttachedConfig | undefined;
  readonly make: (config: AttachedConfig) => Login;
  readonly logger: Logger;
  /** Services that waited for the decision can be decided on. */
  readonly decided: () => void;
}

/** What the asking end did. */
type Asked = Pick<LoginStatus, 'state' | 'user' | 'message'>;

export class LoginGate {
  readonly #options: LoginGateOptions;
  #login: Login | undefined;
  #asked: Asked = { state: 'asking' };
  /** Of the association whose credentials were asked for last. */
  #given: { readonly association: string; readonly credentials: Promise<Credentials | undefined> } | undefined;
  #association = '';
  #state: LoginState = { state: 'none', message: 'nobody has' };
  /** Whose log-in `state` is about. */
  #claimed: string | undefined;
  /** What was refused: another file of users may take it. */
  #refused: { readonly credentials: Credentials; readonly key: PublicKey } | undefined;
  #failures = 0;

  constructor(options: LoginGateOptions) {
    this.#options = options;
  }

  get state(): LoginState {
    return this.#state;
  }

  get user(): string | undefined {
    return this.#state.state === 'verified' ? this.#state.user.user : undefined;
  }

  /** People may be asked now. Never rejects. */
  async start(): Promise<void> {
    const { config, logger } = this.#options;
    try {
      await this.#start();
    } catch (error) {
      const { message } = error as Error;
      this.#login = undefined;
      this.#asked = { state: 'failed', message };
      if (config?.at !== this.#options.node) this.#state = { state: 'none', message: `${this.#options.node} cannot check log-ins now` };
      logger.error({ plugin: config?.plugin, reason: message }, 'log-in failed to start');
    }
  }

  /** Files are read again: a line about it, if there is something to say. Rejects with what is wrong with them. */
  async reload(): Promise<string | undefined> {
    const { config, node } = this.#options;
    if (this.#login !== undefined) {
      const line = await this.#login.reload?.();
      this.#judgeAgain();
      return line;
    }
    // What failed at the start may be put right; but nobody waits before a prompt any more.
    if (config === undefined || config.at === node) return undefined;
    try {
      await this.#start();
    } catch (error) {
      this.#login = undefined;
      throw error;
    }
    return 'started';
  }

  async stop(): Promise<void> {
    try {
      await this.#login?.stop?.();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'log-in failed to stop');
    }
  }

  /** For people; `services` are those of the tunnel. */
  status(services: ReadonlyMap<string, ServiceConfig>): { readonly login?: LoginStatus } {
    const { config, node } = this.#options;
    if (config === undefined) return {};
    const isClosed = ({ at, users }: ServiceConfig): boolean => at === config.at && users !== undefined && !this.#isOpenFor(users);
    const refused = [...services.values()].filter(isClosed).map(({ name }) => name);
    return { login: { at: config.at, ...(config.at === node ? this.#asked : this.#verdict()), refused } };
  }

  /** For PROPERTY_EXCHANGE, alike on every carrier of one association. Undefined: none. Never rejects. */
  credentials(association: string): Promise<Credentials | undefined> | undefined {
    const { config, node } = this.#options;
    if (config?.at !== node || this.#login?.credentials === undefined) return undefined;
    if (this.#given?.association !== association) this.#given = { association, credentials: this.#ask(this.#login) };
    return this.#given.credentials;
  }

  /** A carrier is alive: who is at the other end, if that is a new association. */
  handleEstablished({ login }: Properties, { association, key }: { readonly association: string; readonly key: PublicKey }): void {
    const { config, node } = this.#options;
    if (config === undefined || config.at === node || this.#association === association) return;
    this.#association = association;
    this.#claimed = login?.user;
    this.#refused = undefined;
    if (login === undefined) this.#state = { state: 'none', message: `${config.at} gave no credentials` };
    else void this.#verify(login, { association, key });
  }

  async #start(): Promise<void> {
    const { config, make } = this.#options;
    if (config === undefined) return;
    this.#login = make(config);
    await this.#login.start?.();
  }

  async #ask(login: Login): Promise<Credentials | undefined> {
    try {
      const given = await withinTime(Promise.resolve(login.credentials?.()), CREDENTIALS_TIMEOUT_MS, `credentials() took longer than ${CREDENTIALS_TIMEOUT_MS / 1000} s`);
      this.#asked = given === undefined ? { state: 'failed', message: 'there are none' } : { state: 'given', user: given.user };
      return given;
    } catch (error) {
      const { message } = error as Error;
      this.#asked = { state: 'failed', message };
      this.#options.logger.error({ reason: message }, 'no credentials for log-in');
      return undefined;
    }
  }

  async #verify(credentials: Credentials, { association, key }: { readonly association: string; readonly key: PublicKey }): Promise<void> {
    this.#state = { state: 'pending' };
    this.#refused = undefined;
    const state = await this.#judge(credentials, key);
    if (association !== this.#association) return;
    // The file may have been read again meanwhile.
    this.#state = this.#asOfNow(state);
    if (state.state === 'none') this.#refused = { credentials, key };
    this.#options.decided();
  }

  /** By files that were read again. */
  #judgeAgain(): void {
    if (this.#refused === undefined) this.#state = this.#asOfNow(this.#state);
    else void this.#verify(this.#refused.credentials, { association: this.#association, key: this.#refused.key });
  }

  /** Who was let in may be another by now, or nobody. */
  #asOfNow(state: LoginState): LoginState {
    if (state.state !== 'verified' || this.#login?.current === undefined) return state;
    const { user: before } = state;
    const user = this.#login.current(before);
    if (user !== undefined) return { state: 'verified', user };
    this.#options.logger.warn({ audit: 'denied', peer: this.#options.peer, user: before.user, code: 'denied', reason: 'no user any more' }, 'log-in withdrawn');
    return { state: 'none', message: `${before.user} is no user any more` };
  }

  /** What the other end hears of it does not say what was wrong; the log does. */
  async #judge(credentials: Credentials, key: PublicKey): Promise<LoginState> {
    const { logger, peer } = this.#options;
    const { user } = credentials;
    await this.#penalty();
    try {
      const work = Promise.resolve(this.#login?.verify?.(credentials, { node: peer, key }));
      const verified = await withinTime(work, VERIFY_TIMEOUT_MS, `verify() took longer than ${VERIFY_TIMEOUT_MS / 1000} s`);
      if (verified === undefined) throw new Error(this.#login === undefined ? 'log-ins cannot be checked now' : 'wrong');
      this.#failures = 0;
      logger.info({ audit: 'log-in', peer, key, user: verified.user, groups: verified.groups }, 'user logged in');
      return { state: 'verified', user: verified };
    } catch (error) {
      this.#failures += 1;
      logger.warn({ audit: 'denied', peer, key, user, failures: this.#failures, code: 'denied', reason: (error as Error).message }, 'log-in denied');
      return { state: 'none', message: `the log-in of ${user} is wrong` };
    }
  }

  #isOpenFor(users: readonly string[]): boolean {
    const { config, node } = this.#options;
    if (config?.at === node) return this.#asked.state === 'given' || this.#asked.state === 'asking';
    return this.#state.state === 'verified' && isForUser(users, this.#state.user);
  }

  #verdict(): Pick<LoginStatus, 'state' | 'user' | 'groups' | 'message'> {
    const user = this.#claimed === undefined ? {} : { user: this.#claimed };
    if (this.#state.state === 'pending') return { state: 'pending', ...user };
    if (this.#state.state === 'verified') return { state: 'verified', ...this.#state.user };
    return { state: this.#claimed === undefined ? 'none' : 'refused', ...user, message: this.#state.message };
  }

  #penalty(): Promise<void> | undefined {
    if (this.#failures === 0) return undefined;
    const ms = Math.min(MOST_PENALTY_MS, FIRST_PENALTY_MS * 2 ** (this.#failures - 1));
    return new Promise((resolve) => setTimeout(resolve, ms).unref());
  }
}
