/**
 * One application connection joined to one channel: bytes both ways with back-pressure, half-close and reset.
 *
 * Owns the stream and destroys it at the end. What arrives before the stream is there (the back end still connects)
 * waits in memory, within the channel's window. No decision about the channel is made here but those that the stream's
 * own events force: its end, its death.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ChannelRefusal, HEADROOM, type Answer, type Channel, type ChannelCode, type JoinedChannel, type Tunnel } from '@lstp/core';
import { ApplicationReader } from './application-reader.js';
import { ApplicationWriter } from './application-writer.js';
import { ChannelOutcome } from './channel-outcome.js';
import { refuse, say } from './last-words.js';
import type { Slabs } from './slabs.js';
import { StreamEnding } from './stream-ending.js';
import type { Stretches } from './stretches.js';

/** What a join needs of whoever runs the tunnel. */
export interface JoinHost {
  readonly tunnel: Tunnel;
  now(): number;
  /** Events are taken and bytes sent after a command. */
  settle(): void;
  /** Tells the tunnel once a turn of the event loop what sockets took. */
  tellTaken(join: ChannelJoin): void;
  /** Flushes at the end of a run of full records. */
  holds(join: ChannelJoin): void;
  readonly slabs: Slabs;
  readonly stretches: Stretches;
  /** A channel that its application has reset. */
  forget(channel: Channel): void;
}

export class ChannelJoin extends ChannelOutcome implements JoinedChannel {
  readonly #host: JoinHost;
  readonly #channel: Channel;
  readonly #reader: ApplicationReader;
  #writer: ApplicationWriter | undefined;
  #stream: Duplex | undefined;
  #ending: StreamEnding | undefined;
  /** What the application is told once the far end has connected or refused. */
  #answer: Answer | undefined;
  /** What arrived before the stream was there. */
  #early: Buffer[] | undefined;
  #endArrived = false;
  #finished = false;
  #over = false;
  #congested = false;
  #untold = 0;

  /** `watch` sees what the application sends. */
  constructor(host: JoinHost, channel: Channel, watch?: (bytes: Uint8Array) => void) {
    super();
    this.#host = host;
    this.#channel = channel;
    this.#reader = new ApplicationReader(host.slabs, watch === undefined ? (frame) => this.#send(frame) : (frame) => {
      watch(frame.subarray(HEADROOM));
      this.#send(frame);
    });
  }

  get id(): string {
    return String(this.#channel.id);
  }

  get channel(): Channel {
    return this.#channel;
  }

  get stream(): Duplex | undefined {
    return this.#stream;
  }

  /** The application's connection; `head` was read from it before. */
  attach(stream: Duplex, head?: Uint8Array, answer?: Answer): void {
    this.#stream = stream;
    this.#answer = answer;
    stream.on('error', (error: Error) => this.#handleGone(error));
    stream.on('close', () => this.#handleGone());
    const ending = new StreamEnding(stream);
    this.#ending = ending;
    if (this.#over) return ending.abort();
    this.#writer = new ApplicationWriter(stream, (bytes) => this.#tookBytes(bytes));
    stream.on('end', () => ending.confirm(() => this.#handleEnd()));
    if (head !== undefined && head.length > 0) this.#reader.copy(head);
    this.#reader.attach(stream);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const bytes of early) this.#writer.write(bytes, false);
    if (this.#endArrived) this.#end();
  }

  // --- what the channel did

  handleConnected(bound: string | undefined): void {
    const result = bound === undefined ? {} : { bound };
    if (this.#answer !== undefined) this.#say(this.#answer, result);
    this.settleConnected(result);
  }

  /** `bytes` may be kept until the stream has taken them. `followed`: more come in this turn of the event loop. */
  handleData(bytes: Buffer, followed: boolean): void {
    const writer = this.#writer;
    if (writer === undefined) {
      this.#early ??= [];
      this.#early.push(bytes);
      return;
    }
    const held = writer.holding;
    writer.write(bytes, followed);
    if (!held && writer.holding) this.#host.holds(this);
  }

  handleChannelEnd(): void {
    this.#endArrived = true;
    if (this.#stream !== undefined) this.#end();
  }

  handleWritable(): void {
    this.#congested = false;
    this.#stream?.resume();
  }

  /** The channel is over. `done`: what was written to the stream still reaches the application. */
  handleClosed(reason: ChannelCode, message: string): void {
    if (this.#over) return;
    this.#over = true;
    if (reason !== 'done') this.#abort(new ChannelRefusal(reason, message));
    this.#early = undefined;
    this.settleClosed(reason);
  }

  /** Writes what waits for its neighbours. */
  flush(): void {
    this.#writer?.flush();
  }

  /** Tells the tunnel what the stream took since the last time. */
  flushTaken(): void {
    const units = this.#untold;
    this.#untold = 0;
    if (units > 0) this.#host.tunnel.taken(this.#channel, units, this.#host.now());
  }

  // --- what the application did

  #send(frame: Buffer): void {
    if (this.#over) return;
    this.#congested = !this.#host.tunnel.write(this.#channel, frame, HEADROOM, this.#host.now());
    if (this.#congested) this.#stream?.pause();
    else if (this.#ending?.isBlind) this.#rest();
    this.#host.settle();
  }

  /** Reads on in the next turn of the event loop. */
  #rest(): void {
    this.#stream?.pause();
    setImmediate(() => this.#congested || this.#stream?.resume());
  }

  #handleEnd(): void {
    if (this.#over || this.#finished) return;
    this.#finished = true;
    this.#host.tunnel.finish(this.#channel, this.#host.now());
    this.#host.settle();
  }

  /** The stream is gone: normal when both directions had ended, else the peer's application must see a reset. */
  #handleGone(error?: NodeJS.ErrnoException): void {
    this.#reader.release();
    // What it had not taken when its channel was done counts against the pool until the tunnel knows.
    if (this.#over) return this.#host.tunnel.reset(this.#channel, { code: 'reset', message: '' }, this.#host.now());
    if (this.#finished && this.#endArrived && this.#stream?.writableFinished) return;
    this.#over = true;
    const why = reasonOf(error);
    this.#host.tunnel.reset(this.#channel, why, this.#host.now());
    this.settleConnected(new ChannelRefusal(why.code, why.message));
    this.settleClosed(why.code);
    this.#host.forget(this.#channel);
    this.#host.settle();
  }

  // --- towards the application

  /** Nothing of the channel comes before the far end has connected: this is the first that is written. */
  #say(answer: Answer, result: { readonly bound?: string }): void {
    this.#answer = undefined;
    const stream = this.#stream;
    if (stream === undefined || this.#over) return;
    try {
      say(stream, answer.connected(result));
    } catch (error) {
      stream.destroy(error as Error);
    }
  }

  /** A reset; or, where the application still waits for an answer, that. */
  #abort(why: ChannelRefusal): void {
    this.settleConnected(why);
    const [stream, answer] = [this.#stream, this.#answer];
    this.#answer = undefined;
    if (stream === undefined || answer === undefined) this.#ending?.abort();
    else refuse(stream, answer, why);
  }

  #end(): void {
    this.#writer?.flush();
    this.#stream?.end(() => this.#tookUnits(1));
  }

  /** A socket has no further use for what it took; what any other stream does with it nobody knows. */
  #tookBytes(bytes: Buffer): void {
    if (this.#stream?.constructor === Socket) this.#host.stretches.release(bytes);
    this.#tookUnits(bytes.length);
  }

  #tookUnits(units: number): void {
    this.#untold += units;
    if (this.#untold === units) this.#host.tellTaken(this);
  }
}

/** Of a stream that has ended too early: its application went, or the other end sent what the codec cannot take. */
function reasonOf(error: NodeJS.ErrnoException | undefined): { readonly code: ChannelCode; readonly message: string } {
  if (error?.code === 'ERR_LSTP_CODEC_BOMB') return { code: 'limit', message: error.message };
  return { code: 'reset', message: error?.code === 'ERR_LSTP_CODEC_DATA' ? error.message : 'the connection was reset' };
}
