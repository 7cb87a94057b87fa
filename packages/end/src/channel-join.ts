/**
 * One application connection joined to one channel: bytes both ways with back-pressure, half-close and reset.
 *
 * Owns the stream and destroys it at the end. What arrives before the stream is there (the back end still connects)
 * waits in memory, within the channel's window. No decision about the channel is made here but those that the stream's
 * own events force: its end, its death.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ChannelRefusal, HEADROOM, type Channel, type ChannelCode, type JoinedChannel, type Tunnel } from '@lstp/core';
import { FrameAssembler } from './frame-assembler.js';

/** What a join needs of whoever runs the tunnel. */
export interface JoinHost {
  readonly tunnel: Tunnel;
  now(): number;
  /** Events are taken and bytes sent after a command. */
  settle(): void;
  /** Tells the tunnel once a turn of the event loop what sockets took. */
  tellTaken(join: ChannelJoin): void;
  /** Uncorks at the end of a run of full records. */
  corked(join: ChannelJoin): void;
  /** A channel that its application has reset. */
  forget(channel: Channel): void;
}

export class ChannelJoin implements JoinedChannel {
  readonly connected: Promise<{ readonly bound?: string }>;
  readonly closed: Promise<ChannelCode>;
  readonly #host: JoinHost;
  readonly #channel: Channel;
  readonly #assembler = new FrameAssembler();
  #stream: Duplex | undefined;
  /** What arrived before the stream was there. */
  #early: Buffer[] | undefined;
  #endArrived = false;
  #finished = false;
  #over = false;
  #isCorked = false;
  #untold = 0;
  #connect: (result: { readonly bound?: string }) => void = () => {};
  #refuse: (why: ChannelRefusal) => void = () => {};
  #close: (reason: ChannelCode) => void = () => {};

  constructor(host: JoinHost, channel: Channel) {
    this.#host = host;
    this.#channel = channel;
    this.connected = new Promise((resolve, reject) => {
      this.#connect = resolve;
      this.#refuse = reject;
    });
    // Nobody has to wait for it; a refusal also closes the channel.
    this.connected.catch(() => {});
    this.closed = new Promise((resolve) => (this.#close = resolve));
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
  attach(stream: Duplex, head?: Uint8Array): void {
    this.#stream = stream;
    stream.on('error', () => this.#handleGone());
    stream.on('close', () => this.#handleGone());
    if (this.#over) {
      stream.destroy();
      return;
    }
    if (head !== undefined && head.length > 0) this.#read(Buffer.from(head));
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('end', () => this.#handleEnd());
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const bytes of early) this.#write(bytes);
    if (this.#endArrived) this.#end();
  }

  // --- what the channel did

  handleConnected(bound: string | undefined): void {
    this.#connect(bound === undefined ? {} : { bound });
  }

  /** `bytes` may be kept: a chunk belongs to whoever got it. */
  handleData(bytes: Buffer, fullRecord: boolean): void {
    if (this.#stream === undefined) {
      this.#early ??= [];
      this.#early.push(bytes);
      return;
    }
    if (fullRecord && !this.#isCorked) this.#cork(this.#stream);
    this.#write(bytes);
  }

  handleChannelEnd(): void {
    this.#endArrived = true;
    if (this.#stream !== undefined) this.#end();
  }

  handleWritable(): void {
    this.#stream?.resume();
  }

  /** The channel is over. `done`: what was written to the stream still reaches the application. */
  handleClosed(reason: ChannelCode, message: string): void {
    if (this.#over) return;
    this.#over = true;
    if (reason !== 'done') this.#refuse(new ChannelRefusal(reason, message));
    if (reason !== 'done' && this.#stream !== undefined) abort(this.#stream);
    this.#early = undefined;
    this.#close(reason);
  }

  uncork(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#stream?.uncork();
  }

  /** Tells the tunnel what the stream took since the last time. */
  flushTaken(): void {
    const units = this.#untold;
    this.#untold = 0;
    if (units > 0) this.#host.tunnel.taken(this.#channel, units, this.#host.now());
  }

  // --- what the application did

  #read(chunk: Buffer): void {
    if (this.#over) return;
    this.#assembler.push(chunk, (frame) => this.#send(frame));
    if (this.#assembler.holding) setImmediate(() => this.#flushHeld());
    this.#host.settle();
  }

  #flushHeld(): void {
    if (!this.#assembler.holding) return;
    this.#assembler.flush((frame) => this.#send(frame));
    this.#host.settle();
  }

  #send(frame: Buffer): void {
    const more = this.#host.tunnel.write(this.#channel, frame, HEADROOM, this.#host.now());
    if (!more) this.#stream?.pause();
  }

  #handleEnd(): void {
    if (this.#over || this.#finished) return;
    this.#assembler.flush((frame) => this.#send(frame));
    this.#finished = true;
    this.#host.tunnel.finish(this.#channel, this.#host.now());
    this.#host.settle();
  }

  /** The stream is gone: normal when both directions had ended, else the peer's application must see a reset. */
  #handleGone(): void {
    if (this.#over) return;
    if (this.#finished && this.#endArrived && this.#stream?.writableFinished) return;
    this.#over = true;
    this.#host.tunnel.reset(this.#channel, { code: 'reset', message: 'the connection was reset' }, this.#host.now());
    this.#refuse(new ChannelRefusal('reset', 'the connection was reset'));
    this.#close('reset');
    this.#host.forget(this.#channel);
    this.#host.settle();
  }

  // --- towards the application

  #cork(stream: Duplex): void {
    this.#isCorked = true;
    stream.cork();
    this.#host.corked(this);
  }

  #write(bytes: Buffer): void {
    this.#stream?.write(bytes, (error) => {
      if (!error) this.#took(bytes.length);
    });
  }

  #end(): void {
    this.uncork();
    this.#stream?.end(() => this.#took(1));
  }

  #took(units: number): void {
    this.#untold += units;
    if (this.#untold === units) this.#host.tellTaken(this);
  }
}

/** A reset where the stream can say so: the application must not take it for a complete answer. */
function abort(stream: Duplex): void {
  if (stream instanceof Socket) stream.resetAndDestroy();
  else stream.destroy(new Error('the channel was reset'));
}
