/** A clock and links without a network: what is written arrives after `latencyMs`, in order, in chunks of any size. */

import type { Crypto, PublicKey, Signer } from '../../../src/protocol/crypto.js';
import { namedSigner } from '../../../src/testing/index.js';
import { crypto } from './way.js';

/** One end of a simulated connection. */
export interface SimSocket {
  onData: (chunk: Buffer) => void;
  onClose: () => void;
  write(bytes: Buffer): void;
  /** Both sides are told; what was written before arrives first. */
  close(): void;
}

interface Job {
  readonly at: number;
  readonly run: () => void;
}

export class SimWorld {
  /** Of every node in it. */
  readonly crypto: Crypto = crypto;
  now = 1000;
  readonly latencyMs: number;
  /** Bytes of a chunk at most; 0 = as written. */
  chunkBytes = 0;
  /** Sees every write that a link carries, and may replace or drop it. */
  tamper: (bytes: Buffer) => Buffer = (bytes) => bytes;
  openLinks = 0;
  readonly #listeners = new Map<string, (socket: SimSocket) => void>();
  readonly #jobs: Job[] = [];

  constructor(latencyMs = 5) {
    this.latencyMs = latencyMs;
  }

  /** The key of a node by its name. */
  signerOf(name: string): Signer {
    return namedSigner(name);
  }

  keyOf(name: string): PublicKey {
    return this.signerOf(name).publicKey;
  }

  after(delayMs: number, run: () => void): void {
    const job = { at: this.now + delayMs, run };
    const later = this.#jobs.findLastIndex(({ at }) => at <= job.at) + 1;
    this.#jobs.splice(later, 0, job);
  }

  listen(address: string, onConnection: (socket: SimSocket) => void): void {
    this.#listeners.set(address, onConnection);
  }

  unlisten(address: string): void {
    this.#listeners.delete(address);
  }

  /** Tells `onOpen` with the socket, or with undefined when nobody listens. */
  connect(address: string, onOpen: (socket: SimSocket | undefined) => void): void {
    this.after(this.latencyMs, () => {
      const listener = this.#listeners.get(address);
      if (listener === undefined) return onOpen(undefined);
      const [near, far] = this.#link();
      listener(far);
      return this.after(this.latencyMs, () => onOpen(near));
    });
  }

  /** Runs until nothing is left to do or `until` holds; fails loudly when `limitMs` of simulated time did not do. */
  run(until: () => boolean, limitMs = 60_000): void {
    const end = this.now + limitMs;
    while (!until()) {
      const job = this.#next();
      if (job === undefined || job.at > end) throw new Error(`nothing came of it in ${limitMs} simulated ms`);
      this.now = Math.max(this.now, job.at);
      job.run();
    }
  }

  /** Lets this much simulated time pass. */
  pass(durationMs: number): void {
    const end = this.now + durationMs;
    for (let job = this.#peek(); job !== undefined && job.at <= end; job = this.#peek()) {
      this.#next();
      this.now = Math.max(this.now, job.at);
      job.run();
    }
    this.now = end;
  }

  #peek(): Job | undefined {
    return this.#jobs[0];
  }

  #next(): Job | undefined {
    return this.#jobs.shift();
  }

  #link(): [SimSocket, SimSocket] {
    let isOpen = true;
    this.openLinks += 1;
    const make = (other: () => SimSocket): SimSocket => ({
      onData: () => undefined,
      onClose: () => undefined,
      write: (bytes) => {
        if (!isOpen) return;
        const sent = this.tamper(bytes);
        for (const chunk of this.#chunks(sent)) this.after(this.latencyMs, () => other().onData(chunk));
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        this.openLinks -= 1;
        this.after(this.latencyMs, () => other().onClose());
      },
    });
    const near: SimSocket = make(() => far);
    const far: SimSocket = make(() => near);
    return [near, far];
  }

  #chunks(bytes: Buffer): Buffer[] {
    if (this.chunkBytes === 0) return bytes.length === 0 ? [] : [bytes];
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += this.chunkBytes) chunks.push(bytes.subarray(at, at + this.chunkBytes));
    return chunks;
  }
}
