/** Listens at one address and joins every connection to a channel. */
import { CHANNELS, LISTENERS, OPTIONS, type ChannelOpener, type FrontEnd, type Listening, type Listeners } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import type { ForwardOptions } from './forward-options.js';

@injectable()
export class ForwardFrontEnd implements FrontEnd {
  #listening: Listening | undefined;

  constructor(
    @inject(OPTIONS) private readonly options: ForwardOptions,
    @inject(LISTENERS) private readonly listeners: Listeners,
    @inject(CHANNELS) private readonly channels: ChannelOpener,
  ) {}

  get addresses(): readonly string[] {
    return this.#listening === undefined ? [] : [this.#listening.address];
  }

  async start(): Promise<void> {
    if (this.options.listen === undefined) return;
    this.#listening = await this.listeners.listen(this.options.listen, (socket, source) => {
      this.channels.join(socket, source === undefined ? {} : { source });
    });
  }

  async stop(): Promise<void> {
    await this.#listening?.close();
    this.#listening = undefined;
  }
}
