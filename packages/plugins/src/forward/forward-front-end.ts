/** Listens at one address, or at several ports, and joins every connection to a channel. */
import { addressInSpan, CHANNELS, LISTENERS, OPTIONS, spanLength, type ChannelOpener, type FrontEnd, type Listening, type Listeners, type PortSpan } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import type { ForwardOptions } from './forward-options.js';

@injectable()
export class ForwardFrontEnd implements FrontEnd {
  #listening: readonly Listening[] = [];
  #addresses: readonly string[] = [];

  constructor(
    @inject(OPTIONS) private readonly options: ForwardOptions,
    @inject(LISTENERS) private readonly listeners: Listeners,
    @inject(CHANNELS) private readonly channels: ChannelOpener,
  ) {}

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  async start(): Promise<void> {
    const { listen } = this.options;
    if (listen === undefined) return;
    if (listen.kind === 'ports') return this.#listenAll(listen);
    const listening = await this.listeners.listen(listen, (socket, source) => {
      this.channels.join(socket, source === undefined ? {} : { source });
    });
    this.#listening = [listening];
    this.#addresses = [listening.address];
  }

  async stop(): Promise<void> {
    await Promise.all(this.#listening.map((listening) => listening.close()));
    this.#listening = [];
    this.#addresses = [];
  }

  /** All of them or none: a service that is half there is not. */
  async #listenAll(span: PortSpan): Promise<void> {
    const opening = Array.from({ length: spanLength(span) }, (_, number) =>
      this.listeners.listen(addressInSpan(span, number), (socket, source) => {
        this.channels.join(socket, { target: String(number), ...(source === undefined ? {} : { source }) });
      }),
    );
    const outcomes = await Promise.allSettled(opening);
    this.#listening = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) {
      await this.stop();
      throw failed.reason;
    }
    this.#addresses = [span.text];
  }
}
