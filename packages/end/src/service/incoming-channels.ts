/** Connections that the other end accepted on listeners of this end's front ends (channels of kind `listen`). */
import type { Duplex } from 'node:stream';
import type { Channel, IncomingChannel, JoinedChannel, ListenRequest } from '@lstp/core';
import type { Logger } from 'pino';
import type { ChannelFlow } from '../flow/channel-flow.js';
import { reset } from '../flow/last-words.js';
import { shape, type ServiceParts } from './running-service.js';
import type { Shaped, TunnelRunner } from '../flow/tunnel-runner.js';

/** For a front end to join or refuse one. */
const INCOMING_TIMEOUT_MS = 30_000;

interface Listener {
  readonly service: string;
  readonly onConnection: ListenRequest['onConnection'];
}

export class IncomingChannels {
  readonly #runner: TunnelRunner;
  readonly #logger: Logger;
  readonly #listeners = new Map<number, Listener>();

  constructor(runner: TunnelRunner, logger: Logger) {
    this.#runner = runner;
    this.#logger = logger;
  }

  add({ channel, closed }: ChannelFlow, service: string, { onConnection }: ListenRequest): void {
    const listener = { service, onConnection };
    this.#listeners.set(channel.id, listener);
    void closed.then(() => this.#listeners.get(channel.id) === listener && this.#listeners.delete(channel.id));
  }

  serviceOf(channel: number): string | undefined {
    return this.#listeners.get(channel)?.service;
  }

  /** Gives a granted channel to the front end that waits for it. */
  deliver(channel: Channel, parts: ServiceParts | undefined): void {
    const listener = this.#listeners.get(channel.request.binding ?? 0);
    if (listener === undefined) return this.#refuse(channel, 'refused', 'nobody waits for it any more');
    const timer = setTimeout(() => this.#refuse(channel, 'timeout', 'the front end did nothing with it'), INCOMING_TIMEOUT_MS);
    void this.#runner.joinOf(channel)?.closed.then(() => clearTimeout(timer));
    const incoming: IncomingChannel = {
      ...(channel.source === undefined ? {} : { source: channel.source }),
      join: (stream, { head } = {}) => {
        clearTimeout(timer);
        return this.#join(channel, { stream, parts, head: head ?? new Uint8Array() });
      },
      refuse: (reason, message) => {
        clearTimeout(timer);
        this.#refuse(channel, reason, message);
      },
    };
    try {
      listener.onConnection(incoming);
    } catch (error) {
      this.#logger.error({ service: listener.service, channel: channel.id, err: error }, 'front end failed');
      incoming.refuse('internal', (error as Error).message);
    }
  }

  /** Never throws: a front end may join in a later turn of the event loop, where nobody would catch it. */
  #join(channel: Channel, { stream, parts, head }: { readonly stream: Duplex; readonly parts: ServiceParts | undefined; readonly head: Uint8Array }): JoinedChannel {
    const join = this.#runner.joinOf(channel);
    const shaped = join === undefined ? undefined : this.#shape(channel, { stream, parts, head });
    if (join === undefined || shaped === undefined) {
      reset(stream);
      return { id: String(channel.id), connected: Promise.resolve({}), closed: Promise.resolve(channel.reason ?? 'reset') };
    }
    this.#runner.tunnel.begin(channel, undefined, this.#runner.now());
    join.handleConnected(undefined);
    join.attach(shaped.stream, shaped.head);
    this.#runner.settle();
    return join;
  }

  /** Undefined where a rewriter or a codec throws; the channel is refused then. */
  #shape(channel: Channel, { stream, parts, head }: { readonly stream: Duplex; readonly parts: ServiceParts | undefined; readonly head: Uint8Array }): Shaped | undefined {
    if (parts === undefined) return { stream, head };
    try {
      return shape(parts, { channel, role: 'front', head }, stream);
    } catch (error) {
      this.#logger.error({ service: channel.request.service, channel: channel.id, err: error }, 'channel refused: a plugin failed');
      this.#refuse(channel, 'internal', (error as Error).message);
      return undefined;
    }
  }

  #refuse(channel: Channel, code: 'refused' | 'timeout' | Parameters<IncomingChannel['refuse']>[0], message: string): void {
    this.#runner.tunnel.refuse(channel, { code, message }, this.#runner.now());
    this.#runner.settle();
  }
}
