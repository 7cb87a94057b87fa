/**
 * Two raw sockets joined: every byte of one goes to the other, unseen. Keeps half-close, hands on a reset, holds no more
 * than it may, and says how long nothing has moved. Reads go into memory of its own (read-buffers.ts): a buffer a read
 * costs more than everything else here.
 */
import type { Duplex } from 'node:stream';
import { readInto, resetSocket, type OwnReads } from '@lstp/core';
import { ReadBuffers } from './read-buffers.js';

/** A read of this size is probably followed by more: a TLS record less what WebSocket puts into it, for one. */
const BULK_BYTES = 8192;
const NOTHING = Buffer.alloc(0);

/** Bytes that all pipes of a node hold for receivers that are slower than their senders. */
export class PipeBudget {
  held = 0;
  readonly buffers = new ReadBuffers();

  constructor(
    /** In all. */
    readonly totalBytes: number,
    /** In each direction of each pipe; a socket's last read may come on top. */
    readonly directionBytes: number,
  ) {}
}

export class Pipe {
  readonly #a: Duplex;
  readonly #b: Duplex;
  readonly #onOver: () => void;
  #isOver = false;
  readonly #flows: readonly [Flow, Flow];
  #bytesAtLastLook = 0;
  #silentMs = 0;

  /** Owns both sockets, which are paused and have no listeners. `onOver` is called once, when both are gone. */
  constructor([a, b]: readonly [Duplex, Duplex], budget: PipeBudget, onOver: () => void) {
    this.#a = a;
    this.#b = b;
    this.#onOver = onOver;
    this.#flows = [new Flow(a, b, budget), new Flow(b, a, budget)];
    for (const flow of this.#flows) flow.start();
    for (const socket of [a, b]) socket.on('close', () => this.#handleClose());
    a.resume();
    b.resume();
  }

  /** Bytes moved, both directions. */
  get bytes(): number {
    return this.#flows[0].bytes + this.#flows[1].bytes;
  }

  /** Counts `elapsedMs` as silence when nothing moved since the last look; gives the silence so far. */
  look(elapsedMs: number): number {
    const { bytes } = this;
    this.#silentMs = bytes === this.#bytesAtLastLook ? this.#silentMs + elapsedMs : 0;
    this.#bytesAtLastLook = bytes;
    return this.#silentMs;
  }

  /** At once, and so that both sides see that it was not the other's orderly end. */
  destroy(): void {
    resetSocket(this.#a);
    resetSocket(this.#b);
  }

  #handleClose(): void {
    if (this.#isOver || !this.#a.destroyed || !this.#b.destroyed) return;
    this.#isOver = true;
    this.#onOver();
  }
}

/** One direction. */
class Flow implements OwnReads {
  /** Moved so far. */
  bytes = 0;
  readonly #from: Duplex;
  readonly #to: Duplex;
  readonly #budget: PipeBudget;
  /** What the receiver has not taken, as counted in the budget. */
  #held = 0;
  #isPaused = false;
  /** Where the next read goes, when it has a buffer of its own. */
  #buffer: Buffer | undefined;
  /** Buffers that the receiver has not taken, in the order of their writes. */
  readonly #written: Buffer[] = [];
  #isBulk = false;

  constructor(from: Duplex, to: Duplex, budget: PipeBudget) {
    this.#from = from;
    this.#to = to;
    this.#budget = budget;
  }

  /** The sockets' listeners are what holds this object. */
  start(): void {
    this.#from.on('end', this.#handleEnd).on('error', this.#handleError).on('close', this.#handleClose);
    this.#to.on('drain', this.#handleDrain);
    const early = this.#from.read() as Buffer | null;
    if (early !== null) this.#forward(early);
    if (!readInto(this.#from, this)) this.#from.on('data', (chunk: Buffer) => this.#forward(chunk));
  }

  // --- OwnReads

  buffer(): Uint8Array {
    this.#buffer = this.#isBulk ? this.#budget.buffers.take() : undefined;
    return this.#buffer ?? this.#budget.buffers.shared;
  }

  handleRead(length: number): void {
    const buffer = this.#buffer;
    this.#buffer = undefined;
    this.#isBulk = length >= BULK_BYTES;
    if (buffer === undefined) return this.#forward(Buffer.from(this.#budget.buffers.shared.subarray(0, length)));
    this.#written.push(buffer);
    this.#forward(buffer.subarray(0, length), this.#handleWritten);
  }

  // --- private

  /** write() takes what the kernel has room for at once; only what is left counts, and only then reading stops. */
  #forward(chunk: Buffer, onWritten?: () => void): void {
    this.bytes += chunk.length;
    this.#to.write(chunk, onWritten);
    const waiting = this.#to.writableLength;
    if (waiting === 0 && this.#held === 0) return;
    this.#count(waiting);
    const { held, totalBytes, directionBytes } = this.#budget;
    if (waiting < directionBytes && held < totalBytes) return;
    this.#isPaused = true;
    this.#from.pause();
    // Where the node has no more room, and not this pipe, too little may wait for `drain` ever to come.
    if (!this.#to.writableNeedDrain) this.#to.write(NOTHING, this.#handleDrain);
  }

  readonly #handleWritten = (): void => {
    const buffer = this.#written.shift();
    if (buffer !== undefined) this.#budget.buffers.giveBack(buffer);
  };

  readonly #handleDrain = (): void => {
    if (this.#held > 0) this.#count(this.#to.writableLength);
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#from.resume();
  };

  readonly #handleEnd = (): void => void this.#to.end();

  /** What broke on one side breaks on the other; a socket that ended well is left to finish. */
  readonly #handleError = (): void => {
    resetSocket(this.#to);
  };

  readonly #handleClose = (): void => {
    this.#count(0);
    if (this.#buffer !== undefined) this.#budget.buffers.giveBack(this.#buffer);
    this.#buffer = undefined;
    if (!this.#from.readableEnded) resetSocket(this.#to);
  };

  #count(held: number): void {
    this.#budget.held += held - this.#held;
    this.#held = held;
  }
}
