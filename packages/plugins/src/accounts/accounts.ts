/** Who may use a proxy at this end: everybody, or the users of the file that the service's `accounts` names. */
import { LOGGER, OPTIONS, printable, SERVICE, UsersFile, type ServiceFacts } from '@lstp/core';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';

export interface AccountsOption {
  /** Relative to the chain file. */
  readonly accounts?: string | undefined;
}

export interface UserAndPassword {
  readonly user: string;
  readonly password: string;
}

@injectable()
export class Accounts {
  /** Attempts that were wrong, and requests without any where one is needed. */
  refused = 0;
  #users: UsersFile | undefined;

  constructor(
    @inject(OPTIONS) private readonly options: AccountsOption,
    @inject(SERVICE) private readonly service: ServiceFacts,
    @inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Whether applications must say who uses them. */
  get areNeeded(): boolean {
    return this.options.accounts !== undefined;
  }

  /** Throws ConfigError where the file is not there, open to others, or wrong. */
  async start(): Promise<void> {
    const { accounts } = this.options;
    if (accounts !== undefined) this.#users = await UsersFile.open(resolve(this.service.folder, accounts));
  }

  async reload(): Promise<string | undefined> {
    if (this.#users === undefined) return undefined;
    await this.#users.reload();
    return `${this.#users.path} read again, ${this.#users.size} users; it counts from the next connection on`;
  }

  /** Wrong ones are slowed, counted and logged. Never rejects. */
  async isRight({ user, password }: UserAndPassword, source: string | undefined): Promise<boolean> {
    const verdict = await this.#users?.verify({ user, password, ...(source === undefined ? {} : { source }) });
    if (verdict?.user !== undefined) return true;
    this.refused += 1;
    this.logger.warn({ user: printable(user, 255), source, reason: verdict?.wrong }, 'log-in of an application refused');
    return false;
  }
}
