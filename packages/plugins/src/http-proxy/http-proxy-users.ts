/** Who may use an HTTP proxy: everybody, or the users of a file, by Basic authentication (RFC 7617). */
import { resolve } from 'node:path';
import { LOGGER, OPTIONS, printable, SERVICE, UsersFile, type ServiceFacts } from '@lstp/core';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { HttpFault } from './http-fault.js';
import type { HttpProxyOptions } from './http-proxy-options.js';
import { valuesOf, type MessageHead } from './message-head.js';

@injectable()
export class HttpProxyUsers {
  /** Wrong ones, and requests without any. */
  refused = 0;
  #users: UsersFile | undefined;

  constructor(
    @inject(OPTIONS) private readonly options: HttpProxyOptions,
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
    return `${this.#users.path} read again, ${this.#users.size} users; it counts from the next request on`;
  }

  /** Undefined: the request may be served. Wrong ones are slowed. Never rejects. */
  async authenticate({ fields }: MessageHead, source: string | undefined): Promise<HttpFault | undefined> {
    if (this.#users === undefined) return undefined;
    const credentials = basicCredentials(valuesOf(fields, 'proxy-authorization'));
    const verdict = credentials === undefined ? undefined : await this.#users.verify({ ...credentials, ...(source === undefined ? {} : { source }) });
    if (verdict?.user !== undefined) return undefined;
    this.refused += 1;
    if (credentials === undefined) return new HttpFault(407, 'this proxy asks for user and password');
    this.logger.warn({ user: printable(credentials.user, 255), source, reason: verdict?.wrong }, 'HTTP log-in refused');
    return new HttpFault(407, 'user or password is wrong');
  }
}

function basicCredentials([value = '', ...more]: readonly string[]): { readonly user: string; readonly password: string } | undefined {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(value) ?? [];
  const text = Buffer.from(encoded, 'base64').toString();
  const colon = text.indexOf(':');
  return more.length > 0 || colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
