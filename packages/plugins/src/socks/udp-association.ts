/**
 * One UDP ASSOCIATE at the front: a UDP socket for one application, and a channel of datagrams for each pair of its port
 * and a target. Lives as long as the TCP connection that asked for it.
 *
 * Only the application's own address may use it, and only its port where the request named one. Flows are bounded: the
 * one that was idle for longest goes. A target that was refused stays refused for a while, so that an application
 * which goes on sending there does not ask the far end each time.
 */
import { formatHostPort, closeAfter, type ChannelOpener, type Clock, type DatagramChannel } from '@lstp/core';
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6, type Socket } from 'node:net';
import { encodeReply, REPLY } from './socks-reply.js';
import { encodeUdpHeader, parseUdpMessage } from './udp-header.js';

/** Targets of one association at once, each with a channel. */
const MAX_FLOWS = 256;
/** Without a datagram either way; then its channel is closed. */
const FLOW_IDLE_MS = 60_000;
const SWEEP_MS = 10_000;

export interface UdpAssociationOptions {
  /** Of the application; owned by the association from now on. */
  readonly socket: Socket;
  readonly channels: ChannelOpener;
  readonly clock: Clock;
  /** The port that the application says it will send from; 0: any. */
  readonly clientPort: number;
  readonly limits?: Partial<FlowLimits>;
}

export interface FlowLimits {
  readonly maxFlows: number;
  readonly idleMs: number;
  readonly sweepMs: number;
}

interface Flow {
  readonly channel: DatagramChannel;
  usedAt: number;
}

export class UdpAssociation {
  readonly over: Promise<void>;
  readonly #options: UdpAssociationOptions;
  readonly #limits: FlowLimits;
  readonly #udp: UdpSocket;
  readonly #clientHost: string;
  /** The one used longest ago first. */
  readonly #flows = new Map<string, Flow>();
  readonly #sweeper: NodeJS.Timeout;
  #isOver = false;
  #settle: () => void = () => {};

  /** Tells the application where to send to. Rejects where there is no such place; the application is told. */
  static async open(options: UdpAssociationOptions): Promise<UdpAssociation> {
    const { socket } = options;
    const host = plain(socket.localAddress ?? '');
    const udp = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    try {
      udp.bind(0, host);
      await once(udp, 'listening');
    } catch (error) {
      udp.close();
      closeAfter(socket, encodeReply(REPLY.generalFailure));
      throw error;
    }
    const association = new UdpAssociation(options, udp);
    socket.write(encodeReply(REPLY.succeeded, { host, port: udp.address().port }));
    return association;
  }

  private constructor(options: UdpAssociationOptions, udp: UdpSocket) {
    const { socket, limits } = options;
    this.#options = options;
    this.#limits = { maxFlows: MAX_FLOWS, idleMs: FLOW_IDLE_MS, sweepMs: SWEEP_MS, ...limits };
    this.#udp = udp;
    this.#clientHost = plain(socket.remoteAddress ?? '');
    this.over = new Promise((resolve) => (this.#settle = resolve));
    this.#sweeper = setInterval(() => this.#sweep(), this.#limits.sweepMs);
    const stop = (): void => this.stop();
    udp.on('message', (datagram, from) => this.#handleDatagram(datagram, from)).on('error', stop);
    // What the application still says on the connection means nothing; that it ends is what counts.
    socket.on('data', () => {}).on('end', stop).on('close', stop).on('error', stop).resume();
    if (socket.destroyed) this.stop();
  }

  /** Idempotent. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#sweeper);
    this.#udp.close();
    this.#options.socket.destroy();
    for (const { channel } of this.#flows.values()) channel.close();
    this.#flows.clear();
    this.#settle();
  }

  #handleDatagram(datagram: Buffer, { address, port }: RemoteInfo): void {
    const { clientPort } = this.#options;
    if (plain(address) !== this.#clientHost || (clientPort !== 0 && port !== clientPort)) return;
    const message = parseUdpMessage(datagram);
    if (message === undefined) return;
    const target = formatHostPort(message.target);
    const key = `${port} ${target}`;
    const flow = this.#flows.get(key) ?? this.#open(target, { port, header: encodeUdpHeader(message.target) });
    // Behind all the others.
    this.#flows.delete(key);
    this.#flows.set(key, flow);
    flow.usedAt = this.#options.clock.now();
    flow.channel.send(message.payload);
    if (this.#flows.size > this.#limits.maxFlows) this.#closeOldest();
  }

  /** The application gets each answer with the address before it that it has sent to, in its own words. */
  #open(target: string, { port, header }: { readonly port: number; readonly header: Buffer }): Flow {
    const { channels, clock } = this.#options;
    const channel = channels.openDatagrams({
      target,
      source: formatHostPort({ host: this.#clientHost, port }),
      onDatagram: (datagram) => {
        flow.usedAt = clock.now();
        // Nobody waits for an answer that the application's machine does not take.
        if (!this.#isOver) this.#udp.send(Buffer.concat([header, datagram]), port, this.#clientHost, () => {});
      },
    });
    const flow: Flow = { channel, usedAt: clock.now() };
    // One that had worked may be opened anew at once.
    void channel.connected.then(() => channel.closed).then(() => this.#forget(flow), () => {});
    return flow;
  }

  #forget(flow: Flow): void {
    for (const [key, one] of this.#flows) if (one === flow) this.#flows.delete(key);
  }

  #closeOldest(): void {
    const [oldest] = this.#flows;
    if (oldest !== undefined) this.#close(...oldest);
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    for (const [key, flow] of this.#flows) if (now - flow.usedAt >= this.#limits.idleMs) this.#close(key, flow);
  }

  #close(key: string, { channel }: Flow): void {
    this.#flows.delete(key);
    channel.close();
  }
}

/** IPv4 that came through an IPv6 socket is IPv4. */
function plain(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host;
}
