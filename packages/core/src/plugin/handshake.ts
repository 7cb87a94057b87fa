/**
 * The beginning of an application's connection, for front ends whose protocol speaks before the channel is opened:
 * reads until enough is there, in any chunking, with a limit on bytes and time.
 *
 *   const handshake = new Handshake(socket);
 *   const hello = await handshake.read(parseHello);
 *   handshake.write(reply);
 *   const request = await handshake.read(parseRequest);
 *   channels.join(socket, { target, head: handshake.finish(), answer });
 */
import type { Duplex } from 'node:stream';

export interface HandshakeOptions {
  /** For all of it; 10 s if absent. */
  readonly timeoutMs?: number;
  /** Of what is read and not yet used; 64 KiB if absent. */
  readonly limitBytes?: number;
}

/** Undefined while more bytes are needed; else what they mean, and how many of them it took. Throws to end the handshake. */
export type HandshakeParser<T> = (bytes: Buffer) => { readonly value: T; readonly length: number } | undefined;

const HANDSHAKE_TIMEOUT_MS = 10_000;
const HANDSHAKE_LIMIT_BYTES = 65_536;

export class Handshake {
  readonly #stream: Duplex;
  readonly #limitBytes: number;
  readonly #timer: NodeJS.Timeout;
  #bytes: Buffer = Buffer.alloc(0);
  #fault: Error | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(stream: Duplex, { timeoutMs = HANDSHAKE_TIMEOUT_MS, limitBytes = HANDSHAKE_LIMIT_BYTES }: HandshakeOptions = {}) {
    this.#stream = stream;
    this.#limitBytes = limitBytes;
    this.#timer = setTimeout(() => this.#fail('ERR_LSTP_HANDSHAKE_TIMEOUT', `the handshake took longer than ${timeoutMs / 1000} s`), timeoutMs);
    stream.on('data', this.#handleData).on('end', this.#handleEnd).on('close', this.#handleEnd).on('error', this.#handleEnd);
  }

  /** Rejects when time or limit is over, when the application leaves, or with what `parse` throws. The stream is still the caller's. */
  async read<T>(parse: HandshakeParser<T>): Promise<T> {
    for (;;) {
      const parsed = this.#bytes.length > 0 ? parse(this.#bytes) : undefined;
      if (parsed !== undefined) {
        this.#bytes = this.#bytes.subarray(parsed.length);
        this.#stream.pause();
        return parsed.value;
      }
      if (this.#bytes.length >= this.#limitBytes) this.#fail('ERR_LSTP_HANDSHAKE_LIMIT', `the handshake is longer than ${this.#limitBytes} bytes`);
      if (this.#ended) this.#fail('ERR_LSTP_HANDSHAKE_ENDED', 'the application left in the middle of the handshake');
      if (this.#fault !== undefined) throw this.#fault;
      await this.#more();
    }
  }

  write(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** It is over: gives what was read beyond it, and leaves the stream alone. Idempotent. */
  finish(): Buffer {
    clearTimeout(this.#timer);
    this.#stream.off('data', this.#handleData).off('end', this.#handleEnd).off('close', this.#handleEnd).off('error', this.#handleEnd).pause();
    const rest = this.#bytes;
    this.#bytes = Buffer.alloc(0);
    return rest;
  }

  /** The last words, `bytes`, and an orderly end. What the application still sends is not read. */
  refuse(bytes?: Uint8Array): void {
    this.finish();
    closeAfter(this.#stream, bytes);
  }

  readonly #handleData = (chunk: Buffer): void => {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (this.#bytes.length >= this.#limitBytes) this.#stream.pause();
    this.#wake?.();
  };

  readonly #handleEnd = (): void => {
    this.#ended = true;
    if (this.#stream.destroyed) clearTimeout(this.#timer);
    this.#wake?.();
  };

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
      this.#stream.resume();
    });
  }

  #fail(code: string, message: string): void {
    this.#fault ??= Object.assign(new Error(message), { code });
    this.#wake?.();
  }
}

/** How long an application may take to read its last words. */
const LAST_WORDS_MS = 2000;

/**
 * Writes `bytes`, if any, and closes in order: what the application still sends is read and dropped, since closing with
 * unread bytes is a reset, which takes the last words along.
 */
export function closeAfter(stream: Duplex, bytes?: Uint8Array): void {
  const timer = setTimeout(() => stream.destroy(), LAST_WORDS_MS);
  stream.on('error', () => {}).once('close', () => clearTimeout(timer));
  stream.end(bytes ?? Buffer.alloc(0));
  stream.on('data', () => {}).resume();
  stream.once('end', () => (stream.writableFinished ? stream.destroy() : stream.once('finish', () => stream.destroy())));
}
