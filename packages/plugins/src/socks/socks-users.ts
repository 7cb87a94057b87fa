/** Who may use a SOCKS server: everybody, or the users of a file. */
import { LOGGER, OPTIONS, printable, SERVICE, UsersFile, type ServiceFacts } from '@lstp/core';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import type { SocksOptions } from './socks-options.js';

export interface SocksLogin {
  readonly user: string;
  readonly password: string;
}

@injectable()
export class SocksUsers {
  refused = 0;
  #users: UsersFile | undefined;

  constructor(
    @inject(OPTIONS) private readonly options: SocksOptions,
    @inject(SERVICE) private readonly service: ServiceFacts,
    @inject(LOGGER) private readonly logger: Logger,
  ) {}

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

  /** Wrong ones are slowed. Never rejects. */
  async isRight({ user, password }: SocksLogin, source: string | undefined): Promise<boolean> {
    const verdict = await this.#users?.verify({ user, password, ...(source === undefined ? {} : { source }) });
    if (verdict?.user !== undefined) return true;
    this.refused += 1;
    this.logger.warn({ user: printable(user, 255), source, reason: verdict?.wrong }, 'SOCKS log-in refused');
    return false;
  }
}
