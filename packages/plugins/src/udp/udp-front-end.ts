/** Listens for datagrams. Each client is a flow: a channel of its own, for as long as datagrams go in either direction. */
import type { RemoteInfo } from 'node:dgram';
import {
  CHANNELS, CLOCK, formatHostPort, LOGGER, OPTIONS,
  type ChannelOpener, type Clock, type DatagramChannel, type FrontEnd,
} from '@lstp/core';
import type { Logger } from 'pino';
import { inject, injectable } from 'tsyringe';
import { DatagramSocket, plainHost } from './datagram-socket.js';
import { FlowTable } from './flow-table.js';
import { listenError } from './listen-error.js';
import { nameOfLoss, newCounts } from './udp-counts.js';
import type { UdpOptions } from './udp-options.js';

interface Flow {
  readonly client: string;
  readonly channel: DatagramChannel;
}

@injectable()
export class UdpFrontEnd implements FrontEnd {
  readonly counts = newCounts();
  readonly #flows: FlowTable<Flow>;
  #socket: DatagramSocket | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    @inject(OPTIONS) private readonly options: UdpOptions,
    @inject(CHANNELS) private readonly channels: ChannelOpener,
    @inject(CLOCK) private readonly clock: Clock,
    @inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#flows = new FlowTable({ idleMs: options.idle, most: options.flows });
  }

  get addresses(): readonly string[] {
    return this.#socket === undefined ? [] : [this.#socket.bound];
  }

  async start(): Promise<void> {
    const { listen } = this.options;
    this.#socket = await DatagramSocket.bind(listen, {
      handleDatagram: (datagram, from) => this.#handleDatagram(datagram, from),
      handleLost: (code) => (this.counts[nameOfLoss(code)] += 1),
    }).catch((error: NodeJS.ErrnoException) => {
      throw listenError(error, listen);
    });
  }

  /** Flows end with the socket: nothing could be given to their clients any more. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket?.close();
    this.#socket = undefined;
    for (const { channel } of this.#flows.clear()) channel.close();
  }

  #handleDatagram(datagram: Buffer, from: RemoteInfo): void {
    const client = `${from.address} ${from.port}`;
    const now = this.clock.now();
    const { channel } = this.#flows.touch(client, now) ?? this.#open(client, from, now);
    this.counts['datagrams in'] += 1;
    channel.send(datagram);
  }

  #open(client: string, { address, port }: RemoteInfo, now: number): Flow {
    this.#makeRoom();
    const to = { address, port };
    const channel = this.channels.openDatagrams({
      source: formatHostPort({ host: plainHost(address), port }),
      onDatagram: (datagram) => {
        this.#flows.touch(client, this.clock.now());
        this.counts['datagrams out'] += 1;
        this.#socket?.sendTo(datagram, to);
      },
    });
    const flow = { client, channel };
    this.counts.flows += 1;
    this.#flows.add(client, flow, now);
    void channel.closed.then((reason) => {
      this.#flows.remove(client, flow);
      if (reason !== 'done') this.logger.debug({ client, reason }, 'flow ended');
    });
    this.#expireLater(now);
    return flow;
  }

  #makeRoom(): void {
    const evicted = this.#flows.makeRoom();
    if (evicted === undefined) return;
    this.counts['flows evicted'] += 1;
    evicted.channel.close();
  }

  /** One timer for all flows, due when the idlest one may be over. */
  #expireLater(now: number): void {
    if (this.#timer !== undefined || this.#flows.deadline === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const then = this.clock.now();
      for (const { channel } of this.#flows.expire(then)) {
        this.counts['flows idle'] += 1;
        channel.close();
      }
      this.#expireLater(then);
    }, Math.max(1, Math.ceil(this.#flows.deadline - now)));
  }
}
