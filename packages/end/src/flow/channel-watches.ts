/** The monitors of one channel: each sees its bytes; one that throws is let go, and the channel goes on. */
import type { ChannelCode, ChannelFacts, ChannelWatch, Monitor } from '@lstp/core';
import type { Logger } from 'pino';

export interface NamedMonitor {
  readonly name: string;
  readonly monitor: Monitor;
}

interface NamedWatch {
  readonly name: string;
  readonly watch: ChannelWatch;
}

export class ChannelWatches {
  readonly #logger: Logger;
  readonly #channel: string;
  #watches: readonly NamedWatch[] = [];

  constructor(monitors: readonly NamedMonitor[], facts: ChannelFacts, logger: Logger) {
    this.#logger = logger;
    this.#channel = facts.id;
    for (const { name, monitor } of monitors) {
      try {
        const watch = monitor.watch(facts);
        if (watch !== undefined) this.#watches = [...this.#watches, { name, watch }];
      } catch (error) {
        this.#report(name, error);
      }
    }
  }

  /** Whether nobody watches. */
  get isEmpty(): boolean {
    return this.#watches.length === 0;
  }

  outgoing(bytes: Uint8Array): void {
    for (const named of this.#watches) this.#call(named, ({ watch }) => watch.outgoing?.(bytes));
  }

  incoming(bytes: Uint8Array): void {
    for (const named of this.#watches) this.#call(named, ({ watch }) => watch.incoming?.(bytes));
  }

  /** What each has to say, by its plugin's name; undefined where none has anything. */
  report(): Readonly<Record<string, unknown>> | undefined {
    const said: Record<string, unknown> = {};
    for (const named of this.#watches) this.#call(named, ({ name, watch }) => watch.report !== undefined && (said[name] = watch.report()));
    return Object.keys(said).length === 0 ? undefined : said;
  }

  closed(reason: ChannelCode): void {
    for (const named of this.#watches) this.#call(named, ({ watch }) => watch.closed?.(reason));
    this.#watches = [];
  }

  #call(named: NamedWatch, tell: (named: NamedWatch) => unknown): void {
    try {
      tell(named);
    } catch (error) {
      this.#watches = this.#watches.filter((one) => one !== named);
      this.#report(named.name, error);
    }
  }

  #report(plugin: string, error: unknown): void {
    this.#logger.error({ plugin, channel: this.#channel, err: error }, 'monitor failed; it no longer sees this channel');
  }
}
