/**
 * A WebSocket as a stream of bytes: binary messages of bounded size, in order. WebSocket has no half-close, so an empty
 * message is the end of the data from one side; the WebSocket is closed when both have said it.
 */
import { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { MESSAGE_BYTES } from './policy.js';

type Callback = (error?: Error | null) => void;

/** Answers to pings that may wait to be sent: a flood of pings must not fill this process. */
const PONG_BYTES = 65_536;
/** For the other side to close, once both have said their end. */
const CLOSE_MS = 1000;
const EMPTY = Buffer.alloc(0);
/** RFC 6455, section 7.4.1: normal, and data of a kind that is not taken. */
const NORMAL = 1000;
const UNSUPPORTED = 1003;

export class WebSocketStream extends Duplex {
  readonly #socket: WebSocket;
  #hasEnded = false;

  /** Owns `socket`, which is open, and from which nothing was read. */
  constructor(socket: WebSocket) {
    super({ allowHalfOpen: true, readableHighWaterMark: MESSAGE_BYTES, writableHighWaterMark: MESSAGE_BYTES });
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#handleMessage(data, isBinary));
    socket.on('ping', (data) => this.#handlePing(data));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.#handleClose());
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    if (chunk.length === 0) return callback();
    // One that is longer than a message goes in several; the last one's callback is the whole's.
    for (let at = 0; at < chunk.length; at += MESSAGE_BYTES) {
      const isLast = at + MESSAGE_BYTES >= chunk.length;
      this.#send(chunk.subarray(at, at + MESSAGE_BYTES), isLast ? callback : undefined);
    }
  }

  /** What waits together goes together: TLS writes a record at a time, and a message for each would cost more than the copy. */
  override _writev(chunks: { readonly chunk: Buffer }[], callback: Callback): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer' as BufferEncoding, callback);
  }

  override _final(callback: Callback): void {
    this.#send(EMPTY, (error) => {
      callback(error);
      if (this.#hasEnded) this.#close();
    });
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#socket.terminate();
    callback(error);
  }

  #send(bytes: Buffer, callback: Callback | undefined): void {
    this.#socket.send(bytes, { binary: true, compress: false }, (error) => callback?.(error));
  }

  #handleMessage(data: RawData, isBinary: boolean): void {
    if (!isBinary) return this.#refuse('a text message came, where legs have binary ones');
    if (this.#hasEnded) return this.#refuse('a message came behind the end');
    const bytes = data as Buffer;
    if (bytes.length === 0) return this.#handleEnd();
    if (!this.push(bytes)) this.#socket.pause();
  }

  #handleEnd(): void {
    this.#hasEnded = true;
    this.push(null);
    if (this.writableFinished) this.#close();
  }

  #handlePing(data: Buffer): void {
    if (this.#socket.bufferedAmount < PONG_BYTES) this.#socket.pong(data);
  }

  /** Without the end of the other side it is a break. */
  #handleClose(): void {
    if (this.#hasEnded && this.writableFinished) this.destroy();
    else if (!this.destroyed) this.destroy(Object.assign(new Error('the WebSocket was closed'), { code: 'ECONNRESET' }));
  }

  #close(): void {
    this.#socket.resume();
    this.#socket.close(NORMAL);
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #refuse(why: string): void {
    this.#socket.close(UNSUPPORTED);
    this.destroy(Object.assign(new Error(`the WebSocket does not carry a leg: ${why}`), { code: 'ERR_LSTP_LEG_WEBSOCKET' }));
  }
}
