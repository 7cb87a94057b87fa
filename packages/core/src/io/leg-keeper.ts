/** Keeps one standby or link leg at a neighbour: dials it, dials again when it was used or lost, with back-off. */
import { Backoff } from './backoff.js';
import type { LegConnection, LegEnd, LegHandler, LegNews } from './leg-connection.js';
import type { DialRequest } from './leg-caller.js';
import type { Neighbour } from './neighbour.js';

export interface KeeperOptions {
  readonly neighbour: Neighbour;
  readonly use: 'standby' | 'link';
  readonly dial: (request: DialRequest) => Promise<LegConnection>;
  readonly now: () => number;
  /** Told of the living leg; a standby leg that brings a set-up is handed over, and replaced at once. */
  readonly onNews: (news: LegNews, leg: LegConnection) => void;
  /** The leg is gone. */
  readonly onLost: (leg: LegConnection) => void;
  /** For the log: why it is not there. */
  readonly onFailure: (reason: string) => void;
}

/** A leg that lived this long makes the next failure a first one. */
const STABLE_MS = 1000;
/** How often a process asks again when a newer one with its key lives. */
const SUPERSEDED_MS = 60_000;

export class LegKeeper implements LegHandler {
  readonly #options: KeeperOptions;
  readonly #backoff = new Backoff();
  readonly #stopped = new AbortController();
  #leg: LegConnection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
    void this.#dial();
  }

  get neighbour(): Neighbour {
    return this.#options.neighbour;
  }

  /** Ends its leg, unless that was handed over, and dials no more. */
  stop(): void {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    this.#leg?.close({ code: 'SHUTTING_DOWN' });
    this.#leg = undefined;
  }

  handleNews(news: LegNews, leg: LegConnection): void {
    if (news.type === 'authenticated') this.#since = this.#options.now();
    if (news.type === 'setup') {
      this.#leg = undefined;
      this.#backoff.reset();
      void this.#dial();
    }
    this.#options.onNews(news, leg);
  }

  handleEnd({ code, message }: LegEnd, leg: LegConnection): void {
    this.#leg = undefined;
    this.#options.onLost(leg);
    this.#options.onFailure(message);
    if (this.#since > 0 && this.#options.now() - this.#since >= STABLE_MS) this.#backoff.reset();
    else if (this.#since > 0) this.#backoff.ease();
    this.#since = 0;
    this.#dialLater(code === 'SUPERSEDED' ? SUPERSEDED_MS : this.#backoff.next(this.#options.now(), leg.peer === undefined ? 'refused' : 'behind'));
  }

  async #dial(): Promise<void> {
    const { neighbour, use, dial, now, onFailure } = this.#options;
    const { signal } = this.#stopped;
    try {
      const leg = await dial({ neighbour, use, handler: this, signal });
      if (signal.aborted) leg.close({ code: 'SHUTTING_DOWN' });
      else this.#leg = leg;
    } catch (error) {
      if (signal.aborted) return;
      onFailure((error as Error).message);
      this.#dialLater(this.#backoff.next(now(), 'absent'));
    }
  }

  #dialLater(delayMs: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#timer = setTimeout(() => void this.#dial(), delayMs);
  }
}
