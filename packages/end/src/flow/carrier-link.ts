/** One secured stream and its carrier: bytes in to the tunnel, what the tunnel wants out, one write at a time. */
import { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { readInto, type Carrier, type OwnReads } from '@lstp/core';
import type { Stretches } from './stretches.js';

/** What a TLS record carries at most; one that is full is followed by more. */
const FULL_RECORD_BYTES = 16_384;
/** A farewell that cannot be written in this time is given up. */
const FAREWELL_MS = 5000;

export interface LinkHost {
  /** `chunk` may lie in a stretch: what is needed of it longer than the call is to be held there. */
  handleBytes(link: CarrierLink, chunk: Buffer, fullRecord: boolean): void;
  /** The last write was taken: there is room for the next. */
  handleDrain(link: CarrierLink): void;
  handleLost(link: CarrierLink): void;
  readonly stretches: Stretches;
}

export class CarrierLink implements OwnReads {
  readonly carrier: Carrier;
  readonly #stream: Duplex;
  readonly #host: LinkHost;
  readonly #written: () => void;
  #stretch: Buffer | undefined;
  #filled = 0;
  /** Where the next record goes. */
  #view: Uint8Array | undefined;
  #closed = false;

  constructor(carrier: Carrier, stream: Duplex, host: LinkHost) {
    this.carrier = carrier;
    this.#stream = stream;
    this.#host = host;
    this.#written = () => host.handleDrain(this);
    // A half-closed carrier is of no use to anyone.
    stream.on('end', () => this.#lose()).on('close', () => this.#lose()).on('error', () => this.#lose());
    if (stream.destroyed) setImmediate(() => this.#lose());
  }

  /** Reads from now on. */
  start(): void {
    const buffered = this.#stream.read() as Buffer | null;
    if (buffered !== null) this.#host.handleBytes(this, buffered, false);
    if (!(this.#stream instanceof TLSSocket && readInto(this.#stream, this))) {
      this.#stream.on('data', (chunk: Buffer) => this.#host.handleBytes(this, chunk, chunk.length >= FULL_RECORD_BYTES));
    }
    this.#stream.resume();
  }

  /** One write at a time: several would be joined by copying, and queue keystrokes behind bulk. */
  get writable(): boolean {
    return !this.#closed && this.#stream.writableLength === 0;
  }

  write(bytes: Buffer): void {
    this.#stream.write(bytes, this.#written);
  }

  /** Writes `farewell`, if any, and ends the stream. */
  close(farewell: Buffer | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    if (farewell === undefined) {
      this.#stream.destroy();
      return;
    }
    const timer = setTimeout(() => this.#stream.destroy(), FAREWELL_MS);
    this.#stream.once('close', () => clearTimeout(timer));
    this.#stream.end(farewell, () => this.#stream.destroy());
  }

  // --- OwnReads: records of TLS, one behind the other in one stretch of memory

  buffer(): Uint8Array {
    this.#view ??= this.#nextView();
    return this.#view;
  }

  handleRead(length: number): void {
    if (this.#closed || this.#stretch === undefined) return;
    const chunk = this.#stretch.subarray(this.#filled, this.#filled + length);
    const atStart = this.#filled === 0;
    this.#filled += length;
    this.#host.handleBytes(this, chunk, length === FULL_RECORD_BYTES);
    this.#goOn(atStart);
  }

  /** What applications have taken already makes room: small records all go to the same place, which the processor has at hand. */
  #goOn(atStart: boolean): void {
    const isFree = this.#stretch !== undefined && this.#host.stretches.isFree(this.#stretch);
    if (isFree) this.#filled = 0;
    if (!isFree || !atStart) this.#view = undefined;
  }

  #nextView(): Uint8Array {
    if (this.#stretch === undefined || this.#stretch.length - this.#filled < FULL_RECORD_BYTES) {
      if (this.#stretch !== undefined) this.#host.stretches.seal(this.#stretch);
      this.#stretch = this.#host.stretches.take();
      this.#filled = 0;
    }
    return this.#stretch.subarray(this.#filled, this.#filled + FULL_RECORD_BYTES);
  }

  #lose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.destroy();
    this.#host.handleLost(this);
  }
}
