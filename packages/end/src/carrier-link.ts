/** One secured stream and its carrier: bytes in to the tunnel, what the tunnel wants out, no more than the stream can take. */
import type { Duplex } from 'node:stream';
import type { Carrier } from '@lstp/core';

/** A chunk of this size is a full TLS record: more follow. */
const FULL_RECORD_BYTES = 16_384;
/** A farewell that cannot be written in this time is given up. */
const FAREWELL_MS = 5000;

export interface LinkHost {
  handleBytes(link: CarrierLink, chunk: Buffer, fullRecord: boolean): void;
  handleDrain(link: CarrierLink): void;
  handleLost(link: CarrierLink): void;
}

export class CarrierLink {
  readonly carrier: Carrier;
  readonly #stream: Duplex;
  readonly #written: () => void;
  #closed = false;

  constructor(carrier: Carrier, stream: Duplex, host: LinkHost) {
    this.carrier = carrier;
    this.#stream = stream;
    this.#written = () => host.handleDrain(this);
    stream.on('data', (chunk: Buffer) => host.handleBytes(this, chunk, chunk.length >= FULL_RECORD_BYTES));
    const lost = (): void => {
      if (this.#closed) return;
      this.#closed = true;
      stream.destroy();
      host.handleLost(this);
    };
    // A half-closed carrier is of no use to anyone.
    stream.on('end', lost).on('close', lost).on('error', lost);
    if (stream.destroyed) setImmediate(lost);
    stream.resume();
  }

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
}
