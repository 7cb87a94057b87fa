/** Listens for clients of an HTTP proxy. */
import type { Socket } from 'node:net';
import { CHANNELS, LISTENERS, OPTIONS, type ChannelOpener, type Counts, type FrontEnd, type Listening, type Listeners } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import { Accounts } from '../accounts/accounts.js';
import { authenticate } from './basic-authentication.js';
import type { HttpFault } from './http-fault.js';
import type { HttpProxyOptions } from './http-proxy-options.js';
import type { MessageHead } from './message-head.js';
import { ProxyConnection } from './proxy-connection.js';

/** Connections at once that send requests; those that CONNECT has taken over are channels and do not count. */
const MAX_CLIENTS = 4096;

@injectable()
export class HttpProxyFrontEnd implements FrontEnd {
  #listening: Listening | undefined;
  #requests = 0;
  readonly #connections = new Set<ProxyConnection>();

  constructor(
    @inject(OPTIONS) private readonly options: HttpProxyOptions,
    @inject(LISTENERS) private readonly listeners: Listeners,
    @inject(CHANNELS) private readonly channels: ChannelOpener,
    private readonly users: Accounts,
  ) {}

  get addresses(): readonly string[] {
    return this.#listening === undefined ? [] : [this.#listening.address];
  }

  get counts(): Counts {
    return { requests: this.#requests, 'log-ins refused': this.users.refused };
  }

  /** Users first: a proxy that should ask for passwords and cannot does not listen. */
  async start(): Promise<void> {
    await this.users.start();
    if (this.options.listen === undefined) return;
    this.#listening = await this.listeners.listen(this.options.listen, (socket, source) => this.#serve(socket, source));
  }

  async stop(): Promise<void> {
    await this.#listening?.close();
    this.#listening = undefined;
    for (const connection of this.#connections) connection.stop();
  }

  reload(): Promise<string | undefined> {
    return this.users.reload();
  }

  /** A rejection destroys the socket. */
  async #serve(socket: Socket, source: string | undefined): Promise<void> {
    if (this.#connections.size >= MAX_CLIENTS) throw new Error(`${MAX_CLIENTS} clients are connected`);
    const connection = new ProxyConnection({ socket, source, channels: this.channels, authenticate: (head, from) => this.#authenticate(head, from) });
    this.#connections.add(connection);
    await connection.serve();
    this.#connections.delete(connection);
  }

  #authenticate(head: MessageHead, source: string | undefined): Promise<HttpFault | undefined> {
    this.#requests += 1;
    return authenticate(this.users, head, source);
  }
}
