/**
 * Which channels owe their peer a SERVICE_DATA_RESUME, now or after ACK_DELAY_MS. One frame a channel, however
 * much arrived: what it says is read when it is sent.
 */
import type { Channel } from './channel.js';
import { encodeNumbers } from './frame.js';
import { ACK_DELAY_MS } from './limits.js';
import { Queue } from './queue.js';

export class Acks {
  readonly #due = new Queue<Channel>();
  /** All delays are alike, so this is in order of time. */
  readonly #later = new Queue<{ channel: Channel; at: number }>();

  get empty(): boolean {
    return this.#due.length === 0;
  }

  /** When overdue() has something; Infinity for never. */
  get deadline(): number {
    return this.#later.peek()?.at ?? Infinity;
  }

  /** The peer of `channel` should hear now. */
  now(channel: Channel): void {
    if (channel.ack === 'due') return;
    channel.ack = 'due';
    this.#due.push(channel);
  }

  /** The peer of `channel` should hear within ACK_DELAY_MS. */
  later(channel: Channel, now: number): void {
    if (channel.ack !== undefined) return;
    channel.ack = 'later';
    this.#later.push({ channel, at: now + ACK_DELAY_MS });
  }

  /** The channels whose delay is over: what they owe their peer should go out now. */
  overdue(now: number): Channel[] {
    const overdue: Channel[] = [];
    for (let first = this.#later.peek(); first !== undefined && first.at <= now; first = this.#later.peek()) {
      this.#later.shift();
      if (first.channel.ack !== 'later') continue;
      first.channel.ack = undefined;
      if (first.channel.listens) overdue.push(first.channel);
    }
    return overdue;
  }

  /** Every channel was stated otherwise. */
  clear(): void {
    for (let channel = this.#due.shift(); channel !== undefined; channel = this.#due.shift()) channel.ack = undefined;
    for (let later = this.#later.shift(); later !== undefined; later = this.#later.shift()) later.channel.ack = undefined;
  }

  /** The next frame; undefined when none is due. */
  next(): Buffer | undefined {
    for (let channel = this.#due.shift(); channel !== undefined; channel = this.#due.shift()) {
      channel.ack = undefined;
      if (!channel.listens) continue;
      const { received, limit } = channel.in.restate();
      return encodeNumbers('SERVICE_DATA_RESUME', channel.id, received, limit);
    }
    return undefined;
  }
}
