/** Datagrams of one channel that wait for their turn: the oldest go first, and are the first to be dropped. */
import { encodeFrame } from './frame.js';
import { DATAGRAM_QUEUE_BYTES, DATAGRAM_QUEUE_MS } from './limits.js';
import { Queue } from './queue.js';

export class Datagrams {
  readonly #channel: number;
  readonly #waiting = new Queue<{ frame: Buffer; at: number }>();
  #bytes = 0;
  dropped = 0;

  constructor(channel: number) {
    this.#channel = channel;
  }

  /** Copies `datagram`. */
  push(datagram: Uint8Array, now: number): void {
    const frame = encodeFrame('SERVICE_DATA', this.#channel, datagram);
    this.#waiting.push({ frame, at: now });
    this.#bytes += frame.length;
    while (this.#bytes > DATAGRAM_QUEUE_BYTES) this.#drop();
  }

  /** The next frame; those that waited too long are dropped and counted. */
  peek(now: number): Buffer | undefined {
    for (let first = this.#waiting.peek(); first !== undefined; first = this.#waiting.peek()) {
      if (now - first.at <= DATAGRAM_QUEUE_MS) return first.frame;
      this.#drop();
    }
    return undefined;
  }

  advance(): void {
    this.#bytes -= this.#waiting.shift()?.frame.length ?? 0;
  }

  clear(): void {
    this.#waiting.clear();
    this.#bytes = 0;
  }

  #drop(): void {
    this.advance();
    this.dropped += 1;
  }
}
