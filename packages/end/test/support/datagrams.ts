/** UDP programs for tests: a server and clients that keep what they get. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { until } from '@lstp/core/testing';

export interface Arrived {
  readonly datagram: Buffer;
  readonly from: RemoteInfo;
}

/** A socket that keeps what it gets, in order. */
export class DatagramProgram {
  readonly socket: Socket;
  readonly got: Arrived[] = [];

  /** Listens, at a free port unless one is given. */
  static async listen(host = '127.0.0.1', port = 0): Promise<DatagramProgram> {
    const program = new DatagramProgram(isIPv6(host) ? 'udp6' : 'udp4');
    program.socket.bind(port, host);
    await once(program.socket, 'listening');
    return program;
  }

  static async connect({ host, port }: { readonly host: string; readonly port: number }): Promise<DatagramProgram> {
    const program = new DatagramProgram(isIPv6(host) ? 'udp6' : 'udp4');
    program.socket.connect(port, host);
    await once(program.socket, 'connect');
    return program;
  }

  private constructor(type: 'udp4' | 'udp6') {
    this.socket = createSocket(type);
    this.socket.on('message', (datagram, from) => this.got.push({ datagram, from }));
    // A refusal of the other side is nothing to end a test for.
    this.socket.on('error', () => {});
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** Sends back what comes. */
  echo(): this {
    this.socket.on('message', (datagram, { port, address }) => this.socket.send(datagram, port, address));
    return this;
  }

  send(datagram: Uint8Array | string): this {
    this.socket.send(datagram);
    return this;
  }

  /** Resolves with the datagram of that index, which has come or will. */
  async nth(index: number): Promise<Arrived> {
    return until(`datagram ${index}`, () => this.got[index]);
  }

  async stop(): Promise<void> {
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }
}
