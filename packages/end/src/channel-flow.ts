/** A channel that is no byte stream, at one end: datagrams, or a listener at the other end. */
import { ChannelRefusal, type Channel, type ChannelCode, type Connected, type DatagramChannel, type Tunnel } from '@lstp/core';

/** What a flow needs of whoever runs the tunnel. */
export interface FlowHost {
  readonly tunnel: Tunnel;
  now(): number;
  settle(): void;
  /** A channel that this end has ended. */
  forget(channel: Channel): void;
}

export class ChannelFlow implements DatagramChannel {
  readonly connected: Promise<Connected>;
  readonly closed: Promise<ChannelCode>;
  readonly channel: Channel;
  readonly #host: FlowHost;
  /** Gets each datagram for this end. Views are valid during the call. Throwing ends the channel. */
  #take: ((datagram: Uint8Array) => void) | undefined;
  #isOver = false;
  #connect: (result: Connected) => void = () => {};
  #refuse: (why: ChannelRefusal) => void = () => {};
  #close: (reason: ChannelCode) => void = () => {};

  constructor(host: FlowHost, channel: Channel, take?: (datagram: Uint8Array) => void) {
    this.#host = host;
    this.channel = channel;
    this.#take = take;
    this.connected = new Promise((resolve, reject) => {
      this.#connect = resolve;
      this.#refuse = reject;
    });
    // Nobody has to wait for it; a refusal also closes the channel.
    this.connected.catch(() => {});
    this.closed = new Promise((resolve) => (this.#close = resolve));
  }

  get id(): string {
    return String(this.channel.id);
  }

  get dropped(): number {
    return this.channel.datagrams?.dropped ?? 0;
  }

  /** Those that come before there is somebody to take them are lost, as datagrams are. */
  attach(take: (datagram: Uint8Array) => void): void {
    this.#take = take;
  }

  send(datagram: Uint8Array): void {
    const { opener, state } = this.channel;
    if (this.#isOver || (!opener && state !== 'open')) return;
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
    this.#connect(bound === undefined ? {} : { bound });
  }

  handleData(datagram: Uint8Array): void {
    if (this.#isOver) return;
    try {
      this.#take?.(datagram);
    } catch {
      this.close('internal');
    }
  }

  handleClosed(reason: ChannelCode, message: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#refuse(new ChannelRefusal(reason, message));
    this.#close(reason);
  }
}
