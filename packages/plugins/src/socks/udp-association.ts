/**
 * One UDP ASSOCIATE at the front: a UDP socket for one application, and a channel of datagrams for each pair of its port
 * and a target. Lives as long as the TCP connection that asked for it.
 *
 * Only the application's own address may use it, and only its port where the request named one. Flows are bounded: the
 * one that was idle for longest goes. A target that was refused stays refused for a while, so that an application which
 * goes on sending there does not ask the far end each time.
 */
import { closeAfter, formatHostPort, type ChannelOpener, type Clock, type DatagramChannel } from '@lstp/core';
import type { RemoteInfo } from 'node:dgram';
import type { Socket } from 'node:net';
import { DatagramSocket, plainHost } from '../udp/datagram-socket.js';
import { FlowTable } from '../udp/flow-table.js';
import { encodeReply, REPLY } from './socks-reply.js';
import { encodeUdpHeader, parseUdpMessage, type UdpMessage } from './udp-header.js';

/** Targets of one association at once, each with a channel. */
const MAX_FLOWS = 256;
/** Without a datagram either way; then its channel is closed. */
const FLOW_IDLE_MS = 60_000;
/** Idle flows are looked for this often, and targets that were refused may be asked for again. */
const SWEEP_MS = 10_000;

export interface UdpAssociationOptions {
  /** Of the application; owned by the association from now on. */
  readonly socket: Socket;
  readonly channels: ChannelOpener;
  readonly clock: Clock;
  /** The port that the application says it will send from; 0: any. */
  readonly clientPort: number;
  /** Called for each datagram that is from somebody else, malformed, a fragment, or more than the system takes. */
  readonly onDropped: () => void;
}

export class UdpAssociation {
  readonly over: Promise<void>;
  readonly #options: UdpAssociationOptions;
  readonly #udp: DatagramSocket;
  readonly #clientHost: string;
  readonly #flows = new FlowTable<DatagramChannel>({ idleMs: FLOW_IDLE_MS, most: MAX_FLOWS });
  #refused: { readonly key: string; readonly flow: DatagramChannel }[] = [];
  readonly #sweeper: NodeJS.Timeout;
  #isOver = false;
  #settle: () => void = () => {};

  /** Tells the application where to send to. Rejects where there is no such place; the application is told. */
  static async open(options: UdpAssociationOptions): Promise<UdpAssociation> {
    const { socket } = options;
    const host = plainHost(socket.localAddress ?? '');
    // Nothing comes before the application knows where to send it.
    let association: UdpAssociation | undefined;
    const handleDatagram = (datagram: Buffer, from: RemoteInfo): void => association?.handleDatagram(datagram, from);
    try {
      const udp = await DatagramSocket.bind({ kind: 'tcp', host, port: 0 }, { handleDatagram, handleLost: options.onDropped });
      association = new UdpAssociation(options, udp);
    } catch (error) {
      closeAfter(socket, encodeReply(REPLY.generalFailure));
      throw error;
    }
    association.#begin();
    return association;
  }

  private constructor(options: UdpAssociationOptions, udp: DatagramSocket) {
    this.#options = options;
    this.#udp = udp;
    this.#clientHost = plainHost(options.socket.remoteAddress ?? '');
    this.over = new Promise((resolve) => (this.#settle = resolve));
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  handleDatagram(datagram: Buffer, { address, port }: RemoteInfo): void {
    const { clientPort, clock, onDropped } = this.#options;
    const isClient = plainHost(address) === this.#clientHost && (clientPort === 0 || port === clientPort);
    const message = isClient ? parseUdpMessage(datagram) : undefined;
    if (message === undefined) return onDropped();
    const flow = this.#flows.touch(`${port} ${formatHostPort(message.target)}`, clock.now()) ?? this.#open(message, port);
    flow.send(message.payload);
  }

  /** Idempotent. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#sweeper);
    this.#udp.close();
    this.#options.socket.destroy();
    for (const flow of this.#flows.clear()) flow.close();
    this.#settle();
  }

  #begin(): void {
    const { socket } = this.#options;
    const stop = (): void => this.stop();
    // What the application still says on the connection means nothing; that it ends is what counts.
    socket.on('data', () => {}).on('end', stop).on('close', stop).on('error', stop).resume();
    if (socket.destroyed) this.stop();
    else socket.write(encodeReply(REPLY.succeeded, { host: this.#udp.host, port: this.#udp.port }));
  }

  /** The application gets each answer with the address before it that it has sent to, in its own words. */
  #open({ target }: UdpMessage, port: number): DatagramChannel {
    const { channels, clock } = this.#options;
    const [text, header, address] = [formatHostPort(target), encodeUdpHeader(target), this.#clientHost];
    const key = `${port} ${text}`;
    const flow = channels.openDatagrams({
      target: text,
      source: formatHostPort({ host: address, port }),
      onDatagram: (datagram) => {
        this.#flows.touch(key, clock.now());
        this.#udp.sendTo(Buffer.concat([header, datagram]), { address, port });
      },
    });
    this.#flows.makeRoom()?.close();
    this.#flows.add(key, flow, clock.now());
    // One that has worked may be opened anew at once.
    const remove = (): void => this.#flows.remove(key, flow);
    void flow.connected.then(() => flow.closed.then(remove), () => this.#refused.push({ key, flow }));
    return flow;
  }

  #sweep(): void {
    for (const { key, flow } of this.#refused.splice(0)) this.#flows.remove(key, flow);
    for (const flow of this.#flows.expire(this.#options.clock.now())) flow.close();
  }
}
