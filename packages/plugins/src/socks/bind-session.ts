/**
 * One BIND at the front: the far end listens, the application is told where, then who connected, and then its connection
 * is joined to that one. Ends before that when the application leaves.
 */
import { closeAfter, type ChannelCode, type ChannelOpener, type ChannelRefusal, type IncomingChannel, type OpenedChannel } from '@lstp/core';
import type { Socket } from 'node:net';
import type { SocksVoice } from './socks-reply.js';

/** What an application may send before somebody has connected; then it is not read. */
const EARLY_BYTES = 65_536;

export interface BindOptions {
  /** Of the application; owned by the session from now on. */
  readonly socket: Socket;
  /** Already read from it. */
  readonly head: Buffer;
  readonly channels: ChannelOpener;
  readonly voice: SocksVoice;
  /** Who is to connect. */
  readonly target: string;
  readonly source?: string;
}

export class BindSession {
  readonly over: Promise<void>;
  readonly #options: BindOptions;
  readonly #listener: OpenedChannel;
  #early: Buffer[];
  #earlyBytes: number;
  #state: 'waiting' | 'taken' | 'over' = 'waiting';
  #settle: () => void = () => {};

  constructor(options: BindOptions) {
    this.#options = options;
    this.#early = [options.head];
    this.#earlyBytes = options.head.length;
    this.over = new Promise((resolve) => (this.#settle = resolve));
    const { channels, voice, socket, head: _head, ...request } = options;
    this.#listener = channels.listen({ ...request, onConnection: (incoming) => this.#handleConnection(incoming) });
    this.#listener.connected.then(({ bound }) => this.#state !== 'over' && socket.write(voice.succeeded(bound)), () => {});
    void this.#listener.closed.then((reason) => this.#handleListenerClosed(reason));
    socket.on('data', this.#handleData).on('end', this.#handleGone).on('close', this.#handleGone).on('error', this.#handleGone).resume();
  }

  stop(): void {
    if (this.#state === 'waiting') this.#fail('shutting-down');
  }

  #handleConnection(incoming: IncomingChannel): void {
    if (this.#state !== 'waiting') return incoming.refuse('refused', 'one connection is taken, and this is another');
    this.#state = 'taken';
    // Where it listens is told first. A far end may hand over a connection and then say that it never listened.
    void this.#listener.connected.then(() => this.#join(incoming), (why: ChannelRefusal) => this.#handleNeverListened(incoming, why));
  }

  #handleNeverListened(incoming: IncomingChannel, { reason }: ChannelRefusal): void {
    incoming.refuse('reset', 'its listener came to nothing');
    if (this.#state === 'taken') this.#fail(reason);
  }

  #join(incoming: IncomingChannel): void {
    if (this.#state === 'over') return incoming.refuse('reset', 'the application has gone');
    const { socket, voice } = this.#options;
    const head = Buffer.concat(this.#early);
    this.#release();
    socket.pause();
    socket.write(voice.succeeded(incoming.source));
    incoming.join(socket, { head });
    this.#listener.close();
  }

  /** Before anybody connected; afterwards it has served its turn. */
  #handleListenerClosed(reason: ChannelCode): void {
    if (this.#state === 'waiting') this.#fail(reason);
  }

  readonly #handleData = (chunk: Buffer): void => {
    this.#early.push(chunk);
    this.#earlyBytes += chunk.length;
    if (this.#earlyBytes >= EARLY_BYTES) this.#options.socket.pause();
  };

  readonly #handleGone = (): void => {
    this.#release();
    this.#options.socket.on('error', () => {}).destroy();
    this.#listener.close('reset');
  };

  #fail(reason: ChannelCode): void {
    const { socket, voice } = this.#options;
    this.#release();
    closeAfter(socket, voice.failed(reason));
    this.#listener.close();
  }

  /** The socket is no longer this session's. */
  #release(): void {
    this.#state = 'over';
    this.#early = [];
    this.#options.socket.off('data', this.#handleData).off('end', this.#handleGone).off('close', this.#handleGone).off('error', this.#handleGone);
    this.#settle();
  }
}
