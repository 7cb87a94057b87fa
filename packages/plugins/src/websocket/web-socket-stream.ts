/**
 * A WebSocket as a stream of bytes: binary messages of bounded size, in order. WebSocket has no half-close, so an empty
 * message is the end of the data from one side; the WebSocket is closed when both have said it.
 *
 * Frames are read and written here, on the socket itself: why no package does it is in docs/decisions/0007-own-websocket-frames.md.
 */
import { Duplex } from 'node:stream';
import { readInto, type OwnReads, type ReadsInto } from '@lstp/core';
import { FrameFault, FrameParser, type FrameSink } from './frame-parser.js';
import { closeFrame, frameOf, headerOf, messagesOf } from './frame-writer.js';
import { OwnMemory } from './own-memory.js';
import { CLOSE_CODES, MESSAGE_BYTES, OPCODES } from './policy.js';

type Callback = (error?: Error | null) => void;

/** For the other side to close, once both have said their end. */
const CLOSE_MS = 1000;

/** What all WebSockets read into whose reader has no memory of its own: nothing of it is needed behind the call. */
const SHARED = Buffer.allocUnsafeSlow(65_536);

export interface WebSocketFacts {
  /** What was read behind the request or its answer. */
  readonly head: Buffer;
  /** The side that dialed masks. */
  readonly isDialer: boolean;
}

export class WebSocketStream extends Duplex implements ReadsInto {
  readonly #raw: Duplex;
  readonly #isDialer: boolean;
  readonly #parser: FrameParser;
  /** What came before there was a reader. */
  #head: Buffer | undefined;
  /** Of whoever reads into memory of its own. */
  #memory: OwnMemory | undefined;
  /** Where the next read of the socket goes. */
  #target: Buffer = SHARED;
  #isLent = false;
  /** The payload of the last ping, until it is answered. */
  #asked: Buffer | undefined;
  /** Whether an answer waits to be sent. */
  #isAnswering = false;
  #hasEnded = false;
  #saidEnd = false;
  #saidClose = false;

  /** Owns `raw`, on which the WebSocket is open: paused, without a listener but for errors. */
  constructor(raw: Duplex, { head, isDialer }: WebSocketFacts) {
    super({ allowHalfOpen: true, readableHighWaterMark: MESSAGE_BYTES, writableHighWaterMark: MESSAGE_BYTES });
    this.#raw = raw;
    this.#isDialer = isDialer;
    this.#head = head.length > 0 ? head : undefined;
    this.#parser = new FrameParser(this.#sink(), { isMasked: !isDialer });
    raw.on('error', (error) => this.#handleError(error)).on('end', () => this.#handleClosed()).on('close', () => this.#handleClosed());
    const reads: OwnReads = { buffer: () => this.#aim(), handleRead: (length) => this.#handleRead(this.#target.subarray(0, length)) };
    if (!readInto(raw, reads)) raw.on('data', (bytes: Buffer) => this.#handleRead(bytes));
    if (raw.destroyed) setImmediate(() => this.#handleClosed());
  }

  // --- reading

  readInto(reads: OwnReads): boolean {
    if (this.#head !== undefined || this.readableLength > 0) return false;
    this.#memory = new OwnMemory(reads);
    return true;
  }

  lendReads(): void {
    this.#isLent = true;
  }

  override _read(): void {
    const head = this.#head;
    this.#head = undefined;
    if (head !== undefined) this.#parse(head);
    if (this.#memory === undefined) this.#raw.resume();
  }

  /** Where reads go into foreign memory, nothing is kept here that could be paused. */
  override pause(): this {
    if (this.#memory !== undefined) this.#raw.pause();
    return super.pause();
  }

  override resume(): this {
    if (this.#memory !== undefined) this.#raw.resume();
    return super.resume();
  }

  #aim(): Buffer {
    this.#target = this.#memory?.buffer ?? SHARED;
    return this.#target;
  }

  #handleRead(bytes: Buffer): void {
    this.#parse(bytes);
    this.#memory?.handOn();
  }

  #parse(bytes: Buffer): void {
    if (this.destroyed) return;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      if (!(error instanceof FrameFault)) throw error;
      this.#refuse(error.closeCode, error.message);
    }
    this.#answer();
  }

  /** Of pings that come together, or while an answer waits, only the last: a flood of them must fill neither the processor nor this process. RFC 6455, section 5.5.3. */
  #answer(): void {
    const payload = this.#asked;
    if (payload === undefined || this.#isAnswering || this.#saidClose || !this.#raw.writable) return;
    this.#asked = undefined;
    this.#isAnswering = true;
    this.#raw.write(frameOf(OPCODES.pong, payload, this.#isDialer), () => {
      this.#isAnswering = false;
      this.#answer();
    });
  }

  #sink(): FrameSink {
    return {
      handleData: (bytes) => this.#handleData(bytes),
      handleEmpty: () => this.#handleEmpty(),
      handlePing: (payload) => void (this.#asked = payload),
      handleClose: () => this.#handleClosed(),
    };
  }

  #handleData(bytes: Buffer): void {
    if (this.destroyed) return;
    if (this.#hasEnded) throw new FrameFault(CLOSE_CODES.unsupported, 'a message came behind the end');
    if (this.#memory !== undefined) return this.#memory.put(bytes);
    if (this.#isLent && this.readableFlowing === true && this.readableLength === 0) return void this.emit('data', bytes);
    if (!this.push(Buffer.from(bytes))) this.#raw.pause();
  }

  #handleEmpty(): void {
    if (this.#hasEnded) throw new FrameFault(CLOSE_CODES.unsupported, 'a message came behind the end');
    this.#memory?.handOn();
    this.#hasEnded = true;
    this.push(null);
    // Nobody asks for more from here on, and its close is still to come.
    this.#raw.resume();
    if (this.#saidEnd) this.#close();
  }

  // --- writing

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#send([chunk], callback);
  }

  /** What waits together goes together: TLS writes a record at a time, and a message for each would cost more. */
  override _writev(chunks: { readonly chunk: Buffer }[], callback: Callback): void {
    this.#send(chunks.map(({ chunk }) => chunk), callback);
  }

  override _final(callback: Callback): void {
    this.#raw.write(headerOf(OPCODES.binary, 0, { masks: this.#isDialer }), (error) => {
      this.#saidEnd = true;
      callback(error);
      if (this.#hasEnded) this.#close();
    });
  }

  /**
   * After both ends the other side may take its time to close; else it is a break. Until the socket is closed it reads into
   * memory of the reader, who has it back, and gives it to others, when this stream is closed.
   */
  override _destroy(error: Error | null, callback: Callback): void {
    const raw = this.#raw;
    if (error !== null || !this.#saidClose) raw.destroy();
    else if (!raw.closed) return void raw.once('close', () => callback(error)).resume().end();
    callback(error);
  }

  /** In one system call. What the kernel took at once is gone when write() returns; its callback would come a turn later. */
  #send(chunks: readonly Buffer[], callback: Callback): void {
    const raw = this.#raw;
    const pieces = messagesOf(chunks, this.#isDialer);
    const last = pieces.pop();
    if (last === undefined) return callback();
    let isTaken = false;
    raw.cork();
    for (const piece of pieces) raw.write(piece);
    raw.write(last, (error) => {
      if (!isTaken) callback(error);
    });
    raw.uncork();
    if (raw.writableLength > 0 || raw.destroyed || raw.errored !== null) return;
    isTaken = true;
    callback();
  }

  // --- the end

  get #isDone(): boolean {
    return this.#hasEnded && this.#saidEnd;
  }

  #handleError(error: Error): void {
    if (!this.#isDone) this.destroy(error);
  }

  /** Without the end of the other side it is a break. */
  #handleClosed(): void {
    if (this.destroyed) return;
    this.#sayClose(CLOSE_CODES.normal);
    // What nobody has read yet stays.
    if (this.#isDone) return void this.#raw.end();
    this.destroy(Object.assign(new Error('the WebSocket was closed'), { code: 'ECONNRESET' }));
  }

  #close(): void {
    this.#sayClose(CLOSE_CODES.normal);
    const timer = setTimeout(() => this.#raw.destroy(), CLOSE_MS);
    this.#raw.once('close', () => clearTimeout(timer)).resume();
  }

  #sayClose(code: number): void {
    if (this.#saidClose || !this.#raw.writable) return;
    this.#saidClose = true;
    this.#raw.write(closeFrame(code, this.#isDialer));
  }

  #refuse(code: number, why: string): void {
    this.#sayClose(code);
    this.destroy(Object.assign(new Error(`the WebSocket does not carry a leg: ${why}`), { code: 'ERR_LSTP_LEG_WEBSOCKET' }));
  }
}
