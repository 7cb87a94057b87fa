/** A display for X clients; the X server that draws for them is at the other end. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { CHANNELS, Handshake, LISTENERS, LOGGER, OPTIONS, SERVICE, type ChannelOpener, type Counts, type FrontEnd, type Listeners, type ServiceFacts } from '@lstp/core';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { localAddress } from '../authority/find-cookie.js';
import { addRecord, removeRecord, xauthorityPath } from '../authority/xauthority-file.js';
import { MAGIC_COOKIE, type XauthorityRecord } from '../authority/xauthority.js';
import type { X11Options } from '../x11-options.js';
import { OpenDisplay } from './open-display.js';
import { parseSetupRequest, setupFailure, SetupFault, type SetupRequest } from './setup-request.js';

/** Clients that have not yet shown their cookie. */
const MAX_HANDSHAKES = 256;
const COOKIE_BYTES = 16;

@injectable()
export class X11FrontEnd implements FrontEnd {
  #display: OpenDisplay | undefined;
  #record: XauthorityRecord | undefined;
  readonly #path: string;
  readonly #handshakes = new Set<Socket>();
  #refused = 0;

  constructor(
    @inject(OPTIONS) private readonly options: X11Options,
    @inject(LISTENERS) private readonly listeners: Listeners,
    @inject(CHANNELS) private readonly channels: ChannelOpener,
    @inject(LOGGER) private readonly logger: Logger,
    @inject(SERVICE) { folder }: ServiceFacts,
  ) {
    this.#path = xauthorityPath(options.xauthority, folder);
  }

  get addresses(): readonly string[] {
    return this.#display?.addresses ?? [];
  }

  /** What a program needs to find this display and to be let in. */
  get environment(): Readonly<Record<string, string>> {
    return this.#display === undefined ? {} : { DISPLAY: this.#display.name, XAUTHORITY: this.#path };
  }

  get counts(): Counts {
    return { 'clients refused': this.#refused };
  }

  async start(): Promise<void> {
    const { display, sockets } = this.options;
    const onConnection = (socket: Socket, source: string | undefined): Promise<void> => this.#handle(socket, source);
    this.#display = await OpenDisplay.open({ display, sockets, listeners: this.listeners, onConnection, tell: (line) => this.logger.info(line) });
    try {
      const record = { ...localAddress(), display: String(this.#display.display), name: MAGIC_COOKIE, data: randomBytes(COOKIE_BYTES) };
      await addRecord(this.#path, record);
      this.#record = record;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Clients that were let in go on. */
  async stop(): Promise<void> {
    const [display, record] = [this.#display, this.#record];
    this.#display = this.#record = undefined;
    for (const socket of this.#handshakes) socket.destroy();
    await display?.close();
    if (record !== undefined) await removeRecord(this.#path, record);
  }

  /** A rejection destroys the socket. */
  async #handle(socket: Socket, source: string | undefined): Promise<void> {
    if (this.#handshakes.size >= MAX_HANDSHAKES) throw new Error(`${MAX_HANDSHAKES} clients are in the middle of their set-up`);
    this.#handshakes.add(socket);
    const handshake = new Handshake(socket);
    try {
      const request = await handshake.read(parseSetupRequest);
      if (!this.#isRight(request)) throw new SetupFault(`the cookie is not the one of this display; it stands in ${this.#path} (is XAUTHORITY set to another file?)`, request.order);
      this.#join(socket, { handshake, request, source });
    } catch (error) {
      this.#refuse(handshake, error as Error);
    } finally {
      this.#handshakes.delete(socket);
    }
  }

  #join(socket: Socket, { handshake, request: { order, bare }, source }: { readonly handshake: Handshake; readonly request: SetupRequest; readonly source: string | undefined }): void {
    this.channels.join(socket, {
      ...(source === undefined ? {} : { source }),
      head: Buffer.concat([bare, handshake.finish()]),
      answer: { connected: () => undefined, refused: ({ message }) => setupFailure(order, `lstp: ${message}`) },
    });
  }

  #isRight({ name, data }: SetupRequest): boolean {
    const cookie = this.#record?.data;
    return cookie !== undefined && name === MAGIC_COOKIE && data.length === cookie.length && timingSafeEqual(data, cookie);
  }

  /** In the words of an X server: clients print its reason. */
  #refuse(handshake: Handshake, error: Error): void {
    this.#refused += 1;
    this.logger.info({ reason: error.message }, 'X client refused');
    const { order } = error instanceof SetupFault ? error : {};
    handshake.refuse(order === undefined ? undefined : setupFailure(order, `lstp: ${error.message}`));
  }
}
