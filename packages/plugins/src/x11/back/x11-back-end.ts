/** Connects X clients of the other end to the X server, with its real cookie, which nobody else learns. */
import type { Socket } from 'node:net';
import { ChannelRefusal, DIALER, LOGGER, METRICS, OPTIONS, SERVICE, type BackEnd, type BackEndConnection, type BackEndRequest, type Dialer, type Metrics, type ServiceFacts } from '@lstp/core';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { findCookie } from '../authority/find-cookie.js';
import { readXauthority, xauthorityPath } from '../authority/xauthority-file.js';
import { MAGIC_COOKIE } from '../authority/xauthority.js';
import { HIDDEN_EXTENSIONS, X11Filter } from '../filter/index.js';
import type { X11Options } from '../x11-options.js';
import { denialLog } from './denial-log.js';
import { FilteredStream } from './filtered-stream.js';
import { untrustedCookie } from './untrusted-cookie.js';
import { XSession } from './x-session.js';

const NOTHING = { name: '', data: Buffer.alloc(0) } as const;

@injectable()
export class X11BackEnd implements BackEnd {
  readonly #path: string;

  constructor(
    @inject(OPTIONS) private readonly options: X11Options,
    @inject(DIALER) private readonly dialer: Dialer,
    @inject(LOGGER) private readonly logger: Logger,
    @inject(METRICS) private readonly metrics: Metrics,
    @inject(SERVICE) { folder }: ServiceFacts,
  ) {
    this.#path = xauthorityPath(options.toXauthority, folder);
  }

  /** The server, its cookie and what it can do are looked at for every client: it may have been restarted. */
  async connect({ source }: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection> {
    const session = this.options.trust === 'untrusted' ? await this.#ownSession(signal) : undefined;
    try {
      const untrusted = session === undefined ? undefined : await untrustedCookie(session, this.options.to.text);
      const socket = await this.#dial(signal);
      const cookie = untrusted ?? (await this.#cookieFor(socket));
      if (socket.destroyed) throw new ChannelRefusal('reset', `display ${this.options.to.text}: its X server has closed the connection at once`);
      // A server without clients resets, and forgets the cookie that it has just made.
      socket.once('data', () => session?.close()).once('close', () => session?.close());
      return { stream: this.#filtered(socket, cookie, source) };
    } catch (error) {
      session?.close();
      throw error;
    }
  }

  async #ownSession(signal: AbortSignal): Promise<XSession> {
    const socket = await this.#dial(signal);
    // What waits for an answer then ends with it.
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    return XSession.open(socket, await this.#cookieFor(socket));
  }

  async #dial(signal: AbortSignal): Promise<Socket> {
    const { text, addresses } = this.options.to;
    try {
      // Until somebody reads it, an error has no listener.
      return (await this.dialer.connect(addresses, signal)).stream.on('error', () => {});
    } catch (error) {
      if (!(error instanceof ChannelRefusal)) throw error;
      throw new ChannelRefusal(error.reason, `display ${text}: no X server answers there (${error.message})`);
    }
  }

  /** Undefined: the server may let us in without, and says it if not. */
  async #cookieFor(socket: Socket): Promise<Buffer | undefined> {
    const { display, text } = this.options.to;
    const cookie = findCookie(await readXauthority(this.#path), { remoteAddress: socket.remoteAddress, display });
    if (cookie === undefined) this.logger.info({ display: text, file: this.#path }, 'no cookie for the X server; it may not let us in');
    return cookie;
  }

  #filtered(socket: Socket, cookie: Buffer | undefined, source: string | undefined): FilteredStream {
    const { options, logger, metrics } = this;
    const authorization = cookie === undefined ? NOTHING : { name: MAGIC_COOKIE, data: cookie };
    const filter = new X11Filter({ authorization, hiddenExtensions: options.shm ? [] : HIDDEN_EXTENSIONS, policy: options }, denialLog({ logger, metrics, source }));
    const stream = new FilteredStream(socket, filter);
    return stream.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ERR_LSTP_X_STREAM') logger.warn({ source, code: error.code, reason: error.message }, 'X client closed');
    });
  }
}
