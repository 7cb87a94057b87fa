/**
 * UDP sockets as the udp plugin uses them: addresses are literal by the time a datagram is sent, so that sending is one
 * system call and no look-up; nothing waits without bound.
 *
 * Below 65 508 bytes over IPv4 (65 528 over IPv6) is for the kernel to cut into packets. What it does not take is
 * dropped and counted, as the network would have done.
 */
import { createSocket, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIPv6 } from 'node:net';
import { formatHostPort, type TargetAddress } from '@lstp/core';

/**
 * What the kernel may hold for us while the event loop is elsewhere: 20 000 datagrams a second are 20 in a millisecond.
 * It gives less where net.core.rmem_max is lower.
 */
const BUFFER_BYTES = 4 * 1024 * 1024;
/** What may wait in this process for a kernel that takes no more. */
const SEND_QUEUE_BYTES = 1_048_576;

export interface DatagramHandlers {
  /** The buffer is the handler's. */
  handleDatagram(datagram: Buffer, from: RemoteInfo): void;
  /** A datagram was not sent, or one sent before was refused by its receiver (ICMP); `code` says why. */
  handleLost(code: string): void;
}

/** The first address of a host, where it is no literal one. Rejects with the resolver's error. */
export async function resolveFirst(host: string): Promise<{ readonly address: string; readonly family: number }> {
  return lookup(host, { verbatim: true });
}

export class DatagramSocket {
  readonly #socket: Socket;
  readonly #handlers: DatagramHandlers;
  readonly #sent: (error: Error | null) => void;
  #closed = false;

  /** One that listens. Rejects with the system's error. */
  static async bind({ host, port }: TargetAddress, handlers: DatagramHandlers): Promise<DatagramSocket> {
    const { address, family } = await resolveFirst(host);
    const socket = createSocket(optionsOf(family));
    await ready(socket, 'listening', () => socket.bind({ address, port }));
    return new DatagramSocket(socket, handlers);
  }

  /** One that has a single peer, whose refusals it hears. Rejects with the system's error. */
  static async connect({ host, port }: TargetAddress, handlers: DatagramHandlers): Promise<DatagramSocket> {
    const { address, family } = await resolveFirst(host);
    const socket = createSocket(optionsOf(family));
    await ready(socket, 'connect', () => socket.connect(port, address));
    return new DatagramSocket(socket, handlers);
  }

  private constructor(socket: Socket, handlers: DatagramHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#sent = (error) => error !== null && this.#handleLost(error);
    enlarge(socket);
    socket.on('message', (datagram, from) => handlers.handleDatagram(datagram, from));
    socket.on('error', (error) => this.#handleLost(error));
  }

  /** `host:port`. */
  get bound(): string {
    return formatHostPort({ host: this.host, port: this.port });
  }

  /** Literal, without brackets. */
  get host(): string {
    return plainHost(this.#socket.address().address);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** To the single peer. Copies. */
  send(datagram: Uint8Array): void {
    if (this.#takes()) this.#socket.send(Buffer.from(datagram), this.#sent);
  }

  /** `to.address` is literal. Copies. */
  sendTo(datagram: Uint8Array, { address, port }: { readonly address: string; readonly port: number }): void {
    if (this.#takes()) this.#socket.send(Buffer.from(datagram), port, address, this.#sent);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.close();
  }

  #takes(): boolean {
    if (this.#closed) return false;
    if (this.#socket.getSendQueueSize() < SEND_QUEUE_BYTES) return true;
    this.#handlers.handleLost('ENOBUFS');
    return false;
  }

  #handleLost(error: Error & { readonly code?: string }): void {
    if (!this.#closed) this.#handlers.handleLost(error.code ?? 'UNKNOWN');
  }
}

/** IPv4 that came through an IPv6 socket is shown as IPv4. */
export function plainHost(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}

/** node:dgram looks up literal addresses too, and in the next turn of the loop; all of ours are literal. */
function optionsOf(family: number): SocketOptions {
  return {
    type: family === 6 ? 'udp6' : 'udp4',
    lookup: (address, _options, callback) => callback(null, address, isIPv6(address) ? 6 : 4),
  };
}

function ready(socket: Socket, event: 'listening' | 'connect', begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', fail);
    socket.once(event, () => {
      socket.removeListener('error', fail);
      resolve();
    });
    begin();
  });
}

function enlarge(socket: Socket): void {
  try {
    socket.setRecvBufferSize(BUFFER_BYTES);
    socket.setSendBufferSize(BUFFER_BYTES);
  } catch {
    // Some systems refuse what is too much instead of giving less; then it stays as it is.
  }
}
