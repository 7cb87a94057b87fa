/**
 * An application's connection with what changes its bytes in front of it: rewriters, then the codec. The channel's join
 * sees one Duplex. Back-pressure goes through all layers; an error in any of them resets both sides.
 *
 *   application  --outgoing-->  layers in order     -->  read here
 *   application  <--incoming--  layers in reverse   <--  written here
 */
import { Duplex } from 'node:stream';
import { closeAfter } from '@lstp/core';
import type { Speaker } from '../flow/last-words.js';
import { StreamEnding } from '../flow/stream-ending.js';

/** Any of the two streams may be left out. */
export interface Layer {
  readonly outgoing?: Duplex;
  readonly incoming?: Duplex;
}

export class LayeredStream extends Duplex implements Speaker {
  readonly #application: Duplex;
  readonly #ending: StreamEnding;
  readonly #outgoing: readonly Duplex[];
  readonly #incoming: readonly Duplex[];
  #left = false;

  /** Owns `application` and the streams of `layers`. `head` was read from the application before. */
  constructor(application: Duplex, layers: readonly Layer[], head?: Uint8Array) {
    super({ allowHalfOpen: true });
    this.#application = application;
    this.#ending = new StreamEnding(application);
    this.#outgoing = layers.flatMap(({ outgoing }) => outgoing ?? []);
    this.#incoming = layers.toReversed().flatMap(({ incoming }) => incoming ?? []);
    application.on('error', (error) => this.destroy(error)).on('close', () => this.#handleGone());
    for (const layer of [...this.#outgoing, ...this.#incoming]) {
      layer.on('error', (error) => this.destroy(error)).on('close', () => layer.readableEnded || this.destroy());
    }
    this.#carryOut();
    this.#carryIn();
    if (head !== undefined && head.length > 0) this.#carryHead(head);
  }

  say(bytes: Uint8Array): void {
    this.#application.write(bytes);
  }

  leave(bytes: Uint8Array | undefined): void {
    this.#left = true;
    closeAfter(this.#application, bytes);
    this.destroy();
  }

  override _read(): void {
    (this.#outgoing.at(-1) ?? this.#application).resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    (this.#incoming[0] ?? this.#application).write(chunk, done);
  }

  override _final(done: () => void): void {
    const [first] = this.#incoming;
    if (first === undefined) return void this.#application.end(done);
    this.#application.once('finish', done);
    first.end();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const layer of [...this.#outgoing, ...this.#incoming]) layer.destroy();
    const isDone = this.#left || (this.readableEnded && this.writableFinished);
    if (!isDone && !this.#application.destroyed) this.#ending.abort();
    done(error);
  }

  #carryOut(): void {
    const source = this.#application;
    const [first] = this.#outgoing;
    const last = this.#outgoing.at(-1) ?? source;
    if (first !== undefined) {
      source.on('data', (chunk: Buffer) => first.write(chunk) || source.pause());
      source.on('end', () => this.#ending.confirm(() => first.end()));
      first.on('drain', () => source.resume());
      // A front end that has read a handshake has paused it.
      source.resume();
      join(this.#outgoing);
    }
    last.on('data', (chunk: Buffer) => this.push(chunk) || last.pause());
    if (last === source) source.on('end', () => this.#ending.confirm(() => this.push(null)));
    else last.on('end', () => this.push(null));
  }

  #carryHead(head: Uint8Array): void {
    const [first] = this.#outgoing;
    if (first === undefined) this.push(head);
    else if (!first.write(head)) this.#application.pause();
  }

  #carryIn(): void {
    const sink = this.#application;
    const last = this.#incoming.at(-1);
    if (last === undefined) return;
    join(this.#incoming);
    last.on('data', (chunk: Buffer) => sink.write(chunk) || last.pause());
    sink.on('drain', () => last.resume());
    last.on('end', () => sink.end());
  }

  #handleGone(): void {
    if (this.#left || (this.readableEnded && this.#application.writableFinished)) return;
    // What the application sent before it went may still be on its way through the layers.
    if (this.#application.readableEnded && this.#application.writableFinished) return;
    this.destroy(Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' }));
  }
}

/** Each reads what the one before gives; errors and ends of any of them are the LayeredStream's. */
function join(layers: readonly Duplex[]): void {
  for (const [index, layer] of layers.entries()) {
    const next = layers[index + 1];
    if (next !== undefined) layer.pipe(next);
  }
}
