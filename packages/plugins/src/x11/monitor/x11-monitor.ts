/** Watches X connections: who the clients are, what they ask for, how long answers take. Each channel's report has it. */
import { CLOCK, type ChannelFacts, type ChannelWatch, type Clock, type Monitor } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import { z } from 'zod';
import { ClientWatch } from './client-watch.js';

/** None: it watches all there is. */
export const MONITOR_OPTIONS = z.strictObject({});

@injectable()
export class X11Monitor implements Monitor {
  readonly #clock: Clock;

  constructor(@inject(CLOCK) clock: Clock) {
    this.#clock = clock;
  }

  watch({ kind, role }: ChannelFacts): ChannelWatch | undefined {
    return kind === 'stream' ? new ClientWatch(this.#clock).asChannelWatch(role) : undefined;
  }
}
