/**
 * What becomes of a channel, as plugins hear of it: connected or refused, then closed. Few ask, so the promises are made
 * for those who do: a waiting promise with what resolves it is some 200 bytes, which idle channels need not hold.
 */
import { ChannelRefusal, type ChannelCode, type Connected, type JoinedChannel } from '@lstp/core';

export abstract class ChannelOutcome implements Pick<JoinedChannel, 'connected' | 'closed'> {
  /** Called when the channel is at its end; of whoever connects it, who takes it off again. */
  onClosed: (() => void) | undefined;
  #connected: Connected | ChannelRefusal | undefined;
  #closed: ChannelCode | undefined;
  #promises: Promises | undefined;

  get connected(): Promise<Connected> {
    return this.#ask().connected;
  }

  get closed(): Promise<ChannelCode> {
    return this.#ask().closed;
  }

  /** The first outcome counts. */
  protected settleConnected(outcome: Connected | ChannelRefusal): void {
    this.#connected ??= outcome;
    this.#promises?.settleConnected(outcome);
  }

  /** The first reason counts. */
  protected settleClosed(reason: ChannelCode): void {
    this.#closed ??= reason;
    this.#promises?.settleClosed(reason);
    this.onClosed?.();
    this.onClosed = undefined;
  }

  #ask(): Promises {
    if (this.#promises === undefined) {
      this.#promises = new Promises();
      if (this.#connected !== undefined) this.#promises.settleConnected(this.#connected);
      if (this.#closed !== undefined) this.#promises.settleClosed(this.#closed);
    }
    return this.#promises;
  }
}

class Promises {
  readonly connected: Promise<Connected>;
  readonly closed: Promise<ChannelCode>;
  #connect: (result: Connected) => void = () => {};
  #refuse: (why: ChannelRefusal) => void = () => {};
  #close: (reason: ChannelCode) => void = () => {};

  constructor() {
    this.connected = new Promise((resolve, reject) => {
      this.#connect = resolve;
      this.#refuse = reject;
    });
    // Nobody has to wait for it; a refusal also closes the channel.
    this.connected.catch(() => {});
    this.closed = new Promise((resolve) => (this.#close = resolve));
  }

  settleConnected(outcome: Connected | ChannelRefusal): void {
    if (outcome instanceof ChannelRefusal) this.#refuse(outcome);
    else this.#connect(outcome);
  }

  settleClosed(reason: ChannelCode): void {
    this.#close(reason);
  }
}
