/**
 * Who uses the tunnel. At the end that logs in: its credentials, once an association. At the other one: their
 * verification, which nothing waits for but the services that want a user.
 */
import type { AttachedConfig, Credentials, Login, Properties } from '@lstp/core';
import type { Logger } from 'pino';
import type { LoginState } from './authorise.js';
import { withinTime } from './time-limit.js';

/** For credentials: the other end waits for them in the middle of a set-up. */
const CREDENTIALS_TIMEOUT_MS = 5000;
const VERIFY_TIMEOUT_MS = 30_000;
/** After a wrong log-in the next one waits, twice as long each time. */
const FIRST_PENALTY_MS = 500;
const MOST_PENALTY_MS = 30_000;

export interface LoginGateOptions {
  readonly node: string;
  /** Absent: nobody logs in. */
  readonly config: AttachedConfig | undefined;
  readonly make: (config: AttachedConfig) => Login;
  readonly logger: Logger;
  /** Services that waited for the decision can be decided on. */
  readonly decided: () => void;
}

export class LoginGate {
  readonly #options: LoginGateOptions;
  #login: Login | undefined;
  /** Of the association whose credentials were asked for last. */
  #given: { readonly association: string; readonly credentials: Promise<Credentials | undefined> } | undefined;
  #association = '';
  #state: LoginState = { state: 'none', message: 'nobody has' };
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
    const { config, make, logger } = this.#options;
    if (config === undefined) return;
    try {
      this.#login = make(config);
      await this.#login.start?.();
    } catch (error) {
      this.#login = undefined;
      logger.error({ plugin: config.plugin, reason: (error as Error).message }, 'log-in failed to start');
    }
  }

  async stop(): Promise<void> {
    try {
      await this.#login?.stop?.();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'log-in failed to stop');
    }
  }

  /** For PROPERTY_EXCHANGE, alike on every carrier of one association. Undefined: none. Never rejects. */
  credentials(association: string): Promise<Credentials | undefined> | undefined {
    const { config, node } = this.#options;
    if (config?.at !== node || this.#login?.credentials === undefined) return undefined;
    if (this.#given?.association !== association) this.#given = { association, credentials: this.#ask(this.#login) };
    return this.#given.credentials;
  }

  /** A carrier is alive: who is at the other end, if that is a new association. */
  handleEstablished({ login }: Properties, association: string): void {
    const { config, node } = this.#options;
    if (config === undefined || config.at === node || this.#association === association) return;
    this.#association = association;
    if (login === undefined) this.#state = { state: 'none', message: `${config.at} gave no credentials` };
    else void this.#verify(login, association);
  }

  async #ask(login: Login): Promise<Credentials | undefined> {
    try {
      return await withinTime(Promise.resolve(login.credentials?.()), CREDENTIALS_TIMEOUT_MS, `credentials() took longer than ${CREDENTIALS_TIMEOUT_MS / 1000} s`);
    } catch (error) {
      this.#options.logger.error({ reason: (error as Error).message }, 'no credentials for log-in');
      return undefined;
    }
  }

  async #verify(credentials: Credentials, association: string): Promise<void> {
    this.#state = { state: 'pending' };
    const state = await this.#judge(credentials);
    if (association !== this.#association) return;
    this.#state = state;
    this.#options.decided();
  }

  async #judge(credentials: Credentials): Promise<LoginState> {
    const { logger } = this.#options;
    const { user } = credentials;
    await this.#penalty();
    try {
      const work = Promise.resolve(this.#login?.verify?.(credentials));
      const verified = await withinTime(work, VERIFY_TIMEOUT_MS, `verify() took longer than ${VERIFY_TIMEOUT_MS / 1000} s`);
      if (verified === undefined) throw new Error(`the log-in of ${user} is wrong`);
      this.#failures = 0;
      logger.info({ audit: 'log-in', user: verified.user, groups: verified.groups }, 'user logged in');
      return { state: 'verified', user: verified };
    } catch (error) {
      this.#failures += 1;
      const { message } = error as Error;
      logger.warn({ audit: 'denied', user, failures: this.#failures, code: 'denied', reason: message }, 'log-in denied');
      return { state: 'none', message };
    }
  }

  #penalty(): Promise<void> | undefined {
    if (this.#failures === 0) return undefined;
    const ms = Math.min(MOST_PENALTY_MS, FIRST_PENALTY_MS * 2 ** (this.#failures - 1));
    return new Promise((resolve) => setTimeout(resolve, ms).unref());
  }
}
