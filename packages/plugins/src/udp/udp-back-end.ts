/** A socket of its own for every flow, connected to the real server: answers find their client by it. */
import { ChannelRefusal, OPTIONS, type BackEnd, type DatagramBackEndConnection, type DatagramBackEndRequest } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import { DatagramSocket } from './datagram-socket.js';
import { nameOfLoss, newCounts } from './udp-counts.js';
import type { UdpOptions } from './udp-options.js';

@injectable()
export class UdpBackEnd implements BackEnd {
  readonly counts = newCounts();
  #open = 0;

  constructor(@inject(OPTIONS) private readonly options: UdpOptions) {}

  async connectDatagrams(request: DatagramBackEndRequest, signal: AbortSignal): Promise<DatagramBackEndConnection> {
    const { to, flows } = this.options;
    // The front end keeps to it, but for the moment in which one goes and another comes; a peer that does not must not
    // take all descriptors of this process.
    if (this.#open >= 2 * flows) throw new ChannelRefusal('limit', `${this.#open} flows are open already`);
    this.#open += 1;
    const { counts } = this;
    const socket = await DatagramSocket.connect(to, {
      handleDatagram: (datagram) => {
        counts['datagrams in'] += 1;
        request.send(datagram);
      },
      handleLost: (code) => (counts[nameOfLoss(code)] += 1),
    }).catch((error: NodeJS.ErrnoException) => {
      this.#open -= 1;
      throw refusalOf(error, to.host);
    });
    counts.flows += 1;
    return this.#connection(socket, signal);
  }

  #connection(socket: DatagramSocket, signal: AbortSignal): DatagramBackEndConnection {
    const { counts } = this;
    let isOpen = true;
    const close = (): void => {
      if (isOpen) this.#open -= 1;
      isOpen = false;
      socket.close();
    };
    if (signal.aborted) close();
    const send = (datagram: Uint8Array): void => {
      counts['datagrams out'] += 1;
      socket.send(datagram);
    };
    return { bound: socket.bound, send, close };
  }
}

function refusalOf({ code, message }: NodeJS.ErrnoException, host: string): ChannelRefusal {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new ChannelRefusal('name-not-found', `${host} does not resolve`);
  return new ChannelRefusal('unreachable', message);
}
