/**
 * One direction of one connection over a slow link: its pieces take their turn on the lane, then the delay.
 *
 * In user space, because common kernels come without netem; the kernel's own socket buffers stand before the
 * queue, as on a real way out.
 */
import type { Socket } from 'node:net';
import type { Lane } from './lane.js';

interface Piece {
  /** undefined: the end of the stream. */
  readonly bytes: Buffer | undefined;
  readonly arrivesAt: number;
}

/** Like packets: a big write does not stand in the way of a small one for longer than this takes to send. */
const PIECE_BYTES = 4096;
/** Arrived pieces are forgotten so many at a time. */
const FORGET_COUNT = 1000;

/** Carries what `from` says to `to`, end included, until `to` closes. */
export function delay(from: Socket, to: Socket, lane: Lane): void {
  const line = new DelayLine(to, lane);
  from.on('data', (chunk: Buffer) => {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) line.put(chunk.subarray(at, at + PIECE_BYTES));
    lane.restrain(from);
  });
  from.on('end', () => line.put(undefined));
  to.on('close', () => line.stop());
}

class DelayLine {
  readonly #to: Socket;
  readonly #lane: Lane;
  /** Ascending by time. */
  #pieces: Piece[] = [];
  /** How many of them have arrived. */
  #arrived = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(to: Socket, lane: Lane) {
    this.#to = to;
    this.#lane = lane;
  }

  put(bytes: Buffer | undefined): void {
    const arrivesAt = this.#lane.send(bytes?.length ?? 0) + this.#lane.shape.delayMs;
    this.#pieces.push({ bytes, arrivesAt });
    if (!this.#to.destroyed) this.#timer ??= setTimeout(() => this.#tick(), 1);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#pieces = [];
  }

  #tick(): void {
    const now = performance.now();
    this.#to.cork();
    for (let piece = this.#pieces[this.#arrived]; piece !== undefined && piece.arrivesAt <= now; piece = this.#pieces[++this.#arrived]) this.#deliver(piece);
    this.#to.uncork();
    if (this.#arrived >= FORGET_COUNT) this.#pieces = this.#pieces.slice(this.#arrived);
    if (this.#arrived >= FORGET_COUNT) this.#arrived = 0;
    this.#timer = this.#arrived < this.#pieces.length ? setTimeout(() => this.#tick(), 1) : undefined;
  }

  #deliver({ bytes }: Piece): void {
    if (bytes === undefined) this.#to.end();
    else if (this.#to.writable) this.#to.write(bytes);
  }
}
