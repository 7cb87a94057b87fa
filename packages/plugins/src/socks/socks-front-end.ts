/** A SOCKS server for applications; what they ask for is done, and decided on, at the other end. */
import {
  CHANNELS, CLOCK, formatHostPort, Handshake, LISTENERS, OPTIONS,
  type ChannelOpener, type Clock, type Counts, type FrontEnd, type Listening, type Listeners,
} from '@lstp/core';
import type { Socket } from 'node:net';
import { inject, injectable } from 'tsyringe';
import { Accounts } from '../accounts/accounts.js';
import { BindSession } from './bind-session.js';
import { LOGIN_REFUSED, SocksDialog, type SocksPolicy } from './socks-dialog.js';
import type { SocksOptions } from './socks-options.js';
import { encodeReply, REPLY, voices } from './socks-reply.js';
import type { SocksRequest } from './socks-request.js';
import { UdpAssociation } from './udp-association.js';

/** Applications that have not yet said what they want. */
const MAX_HANDSHAKES = 1024;
/** Waiting BINDs and UDP associations of a service. */
const MAX_SESSIONS = 256;

/** What outlives its handshake at this end. */
interface Session {
  /** Never rejects. */
  readonly over: Promise<void>;
  stop(): void;
}

@injectable()
export class SocksFrontEnd implements FrontEnd {
  #listening: Listening | undefined;
  readonly #handshakes = new Set<Socket>();
  readonly #sessions = new Set<Session>();
  readonly #policy: SocksPolicy;
  #failed = 0;
  #dropped = 0;

  constructor(
    @inject(OPTIONS) private readonly options: SocksOptions,
    @inject(LISTENERS) private readonly listeners: Listeners,
    @inject(CHANNELS) private readonly channels: ChannelOpener,
    @inject(CLOCK) private readonly clock: Clock,
    private readonly users: Accounts,
  ) {
    const { accounts, bind, udp } = options;
    this.#policy = { login: accounts === undefined ? 'none' : 'password', commands: new Set(['connect', ...(bind ? ['bind' as const] : []), ...(udp ? ['associate' as const] : [])]) };
  }

  get addresses(): readonly string[] {
    return this.#listening === undefined ? [] : [this.#listening.address];
  }

  get counts(): Counts {
    return { 'handshakes failed': this.#failed, 'log-ins refused': this.users.refused, 'datagrams dropped': this.#dropped };
  }

  async start(): Promise<void> {
    const { listen } = this.options;
    if (listen === undefined) return;
    await this.users.start();
    this.#listening = await this.listeners.listen(listen, (socket, source) => this.#handle(socket, source));
  }

  /** Channels that were opened go on; who waits for something else is let go. */
  async stop(): Promise<void> {
    await this.#listening?.close();
    this.#listening = undefined;
    for (const socket of this.#handshakes) socket.destroy();
    for (const session of this.#sessions) session.stop();
  }

  reload(): Promise<string | undefined> {
    return this.users.reload();
  }

  /** A rejection destroys the socket. */
  async #handle(socket: Socket, source: string | undefined): Promise<void> {
    if (this.#handshakes.size >= MAX_HANDSHAKES) throw new Error(`${MAX_HANDSHAKES} applications are in the middle of their handshakes`);
    this.#handshakes.add(socket);
    const handshake = new Handshake(socket);
    try {
      const request = await this.#negotiate(handshake, source);
      if (request !== undefined) await this.#serve(socket, handshake, request, source);
    } catch (error) {
      this.#failed += 1;
      throw error;
    } finally {
      this.#handshakes.delete(socket);
    }
  }

  /** Undefined where it came to nothing. */
  async #negotiate(handshake: Handshake, source: string | undefined): Promise<SocksRequest | undefined> {
    const dialog = new SocksDialog(this.#policy);
    for (;;) {
      const step = await handshake.read((bytes) => dialog.parse(bytes));
      if (step.kind === 'request') return step.request;
      if (step.kind === 'reply') handshake.write(step.bytes);
      else if (step.kind === 'login' && (await this.users.isRight(step, source))) handshake.write(dialog.accept());
      else {
        if (step.kind === 'refuse') this.#failed += 1;
        handshake.refuse(step.kind === 'refuse' ? step.bytes : LOGIN_REFUSED);
        return undefined;
      }
    }
  }

  async #serve(socket: Socket, handshake: Handshake, request: SocksRequest, source: string | undefined): Promise<void> {
    const { channels, clock } = this;
    const voice = voices[request.version];
    const asked = { target: formatHostPort(request), ...(source === undefined ? {} : { source }) };
    if (request.command === 'connect') return void channels.join(socket, { head: handshake.finish(), answer: voice, ...asked });
    if (this.#sessions.size >= MAX_SESSIONS) return handshake.refuse(voice.failed('limit'));
    if (request.command === 'bind') return this.#keep(new BindSession({ socket, channels, voice, ...asked, head: handshake.finish() }));
    if (socket.localAddress === undefined) return handshake.refuse(encodeReply(REPLY.commandNotSupported));
    handshake.finish();
    this.#keep(await UdpAssociation.open({ socket, channels, clock, clientPort: request.port, onDropped: () => (this.#dropped += 1) }));
  }

  #keep(session: Session): void {
    this.#sessions.add(session);
    void session.over.then(() => this.#sessions.delete(session));
  }
}
