/** A channel that is no byte stream, at one end: datagrams, or a listener at the other end. */
import { ChannelRefusal, type Channel, type ChannelCode, type DatagramChannel, type Tunnel } from '@lstp/core';
import { ChannelOutcome } from './channel-outcome.js';
import type { ChannelWatches } from './channel-watches.js';

/** Datagrams that came while the back end connects: the first ones of a flow are the ones that matter. */
const EARLY_DATAGRAMS = 64;

/** What they hold in all flows of a tunnel: a peer that opens many must not fill this process. */
const EARLY_BYTES = 4 * 1024 * 1024;

/** What a flow needs of whoever runs the tunnel. */
export interface FlowHost {
  readonly tunnel: Tunnel;
  /** Bytes of early datagrams that all flows hold. */
  earlyBytes: number;
  now(): number;
  settle(): void;
  /** A channel that this end has ended. */
  forget(channel: Channel): void;
}

export class ChannelFlow extends ChannelOutcome implements DatagramChannel {
  readonly channel: Channel;
  readonly #host: FlowHost;
  readonly #watches: ChannelWatches | undefined;
  /** Gets each datagram for this end. Views are valid during the call. Throwing ends the channel. */
  #take: ((datagram: Uint8Array) => void) | undefined;
  #early: Buffer[] = [];
  #lost = 0;
  #isOver = false;

  constructor(host: FlowHost, channel: Channel, watches?: ChannelWatches) {
    super();
    this.#host = host;
    this.channel = channel;
    this.#watches = watches;
  }

  get id(): string {
    return String(this.channel.id);
  }

  get dropped(): number {
    return (this.channel.datagrams?.dropped ?? 0) + this.#lost;
  }

  /** Those that came before are taken now. */
  attach(take: (datagram: Uint8Array) => void): void {
    this.#take = take;
    for (const datagram of this.#takeEarly()) this.handleData(datagram);
  }

  send(datagram: Uint8Array): void {
    const { opener, state } = this.channel;
    if (this.#isOver || (!opener && state !== 'open')) return;
    this.#watches?.outgoing(datagram);
    this.#host.tunnel.send(this.channel, datagram, this.#host.now());
    this.#host.settle();
  }

  close(reason: ChannelCode = 'done'): void {
    if (this.#isOver) return;
    this.#host.tunnel.reset(this.channel, { code: reason, message: '' }, this.#host.now());
    this.handleClosed(reason, '');
    this.#host.forget(this.channel);
    this.#host.settle();
  }

  handleConnected(bound: string | undefined): void {
    this.settleConnected(bound === undefined ? {} : { bound });
  }

  handleData(datagram: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#take === undefined) return this.#keep(datagram);
    this.#watches?.incoming(datagram);
    try {
      this.#take(datagram);
    } catch {
      this.close('internal');
    }
  }

  handleClosed(reason: ChannelCode, message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#takeEarly();
    this.settleConnected(new ChannelRefusal(reason, message));
    this.settleClosed(reason);
    this.#watches?.closed(reason);
  }

  /** The oldest of the flow are lost beyond its bound, the newest beyond that of all flows. */
  #keep(datagram: Uint8Array): void {
    const isFull = this.#host.earlyBytes + datagram.length > EARLY_BYTES;
    if (!isFull) {
      this.#host.earlyBytes += datagram.length;
      this.#early.push(Buffer.from(datagram));
    }
    const oldest = this.#early.length > EARLY_DATAGRAMS ? this.#early.shift() : undefined;
    this.#host.earlyBytes -= oldest?.length ?? 0;
    if (isFull || oldest !== undefined) this.#lost += 1;
  }

  #takeEarly(): Buffer[] {
    const early = this.#early;
    this.#early = [];
    for (const { length } of early) this.#host.earlyBytes -= length;
    return early;
  }
}
