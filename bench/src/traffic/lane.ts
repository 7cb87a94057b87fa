/**
 * One direction of a slow link, shared by all connections that take it: it sends one piece after the other at
 * `bitsPerSecond`, and stops reading the connections while more than `queueBytes` wait.
 */
import type { Socket } from 'node:net';

export interface LinkShape {
  readonly bitsPerSecond: number;
  /** One way. */
  readonly delayMs: number;
  /** What may wait for its turn before the link stops reading. */
  readonly queueBytes: number;
}

export class Lane {
  readonly shape: LinkShape;
  readonly #paused = new Set<Socket>();
  /** When it will have sent all that it was given, on the clock of performance.now(). */
  #freeAt = 0;

  constructor(shape: LinkShape) {
    this.shape = shape;
  }

  /** Queues `length` bytes; when the last of them will have been sent. */
  send(length: number): number {
    this.#freeAt = Math.max(performance.now(), this.#freeAt) + (length * 8000) / this.shape.bitsPerSecond;
    return this.#freeAt;
  }

  /** Stops reading `socket` if the queue is full. */
  restrain(socket: Socket): void {
    if (this.#waitingBytes() <= this.shape.queueBytes || socket.destroyed) return;
    if (this.#paused.size === 0) this.#resumeLater();
    this.#paused.add(socket.pause());
  }

  #resumeLater(): void {
    setTimeout(() => {
      if (this.#waitingBytes() > this.shape.queueBytes / 2) return this.#resumeLater();
      for (const socket of this.#paused) socket.resume();
      this.#paused.clear();
    }, 1);
  }

  #waitingBytes(): number {
    return (Math.max(0, this.#freeAt - performance.now()) * this.shape.bitsPerSecond) / 8000;
  }
}
