/**
 * Whose turn it is to send on a carrier: control, small and new channels first, bulk round robin.
 * A channel that sent little for a while is interactive; after BURST_BYTES in one go it is bulk. Datagrams never pause
 * for long where somebody speaks: a flow of them is interactive as long as it stays under DATAGRAM_BYTES_PER_MS.
 */
import type { Channel } from './channel.js';
import { Queue } from './queue.js';

/** What a channel may send before it counts as bulk. */
const BURST_BYTES = 65_536;
/** Quiet for this long, and a channel counts as interactive again. */
const QUIET_MS = 50;
/** What a flow of datagrams may send and stay interactive: a call with a picture, 2 Mbit/s. */
const DATAGRAM_BYTES_PER_MS = 256;
/** Interactive turns after which a waiting bulk channel gets one. */
const FAIR_TURNS = 16;

export class Turns {
  readonly #urgent = new Queue<Channel>();
  readonly #bulk = new Queue<Channel>();
  #urgentInRow = 0;

  get empty(): boolean {
    return this.#urgent.length === 0 && this.#bulk.length === 0;
  }

  /** Queues a channel that is in no queue. */
  add(channel: Channel, now: number): void {
    const quietMs = now - channel.lastSentAt;
    if (quietMs > QUIET_MS) channel.burst = 0;
    else if (channel.datagrams !== undefined) channel.burst = Math.max(0, channel.burst - quietMs * DATAGRAM_BYTES_PER_MS);
    const urgent = channel.burst < BURST_BYTES || channel.controlNext;
    (urgent ? this.#urgent : this.#bulk).push(channel);
    channel.turns = this;
  }

  /** Whose turn is next; it stays in the queue until shift(). */
  peek(): Channel | undefined {
    return this.#queue().peek();
  }

  shift(): Channel | undefined {
    const queue = this.#queue();
    this.#urgentInRow = queue === this.#urgent ? this.#urgentInRow + 1 : 0;
    const channel = queue.shift();
    if (channel !== undefined) channel.turns = undefined;
    return channel;
  }

  /** Takes every channel out, in order. */
  drain(): Channel[] {
    const all: Channel[] = [];
    for (let channel = this.shift(); channel !== undefined; channel = this.shift()) all.push(channel);
    return all;
  }

  #queue(): Queue<Channel> {
    if (this.#urgent.length === 0) return this.#bulk;
    return this.#urgentInRow >= FAIR_TURNS && this.#bulk.length > 0 ? this.#bulk : this.#urgent;
  }
}
