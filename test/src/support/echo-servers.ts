/** A server of each kind that gives back what it gets: one on TCP, one on a Unix socket. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

export class EchoServers {
  /** As a service's `to` has them. */
  readonly tcp: string;
  readonly unix: string;
  /** Bytes that each was given so far. */
  readonly received = { tcp: 0, unix: 0 };
  readonly #servers: readonly Server[];

  static async start(folder: string): Promise<EchoServers> {
    const path = join(folder, 'echo.sock');
    const servers = [createServer({ allowHalfOpen: true }), createServer({ allowHalfOpen: true })] as const;
    servers[0].listen(0, '127.0.0.1');
    servers[1].listen(path);
    await Promise.all(servers.map((server) => once(server, 'listening')));
    return new EchoServers(servers, path);
  }

  private constructor(servers: readonly [Server, Server], path: string) {
    const [tcp, unix] = servers;
    this.#servers = servers;
    this.tcp = `127.0.0.1:${(tcp.address() as AddressInfo).port}`;
    this.unix = `unix:${path}`;
    tcp.on('connection', (socket: Socket) => this.#echo(socket, 'tcp'));
    unix.on('connection', (socket: Socket) => this.#echo(socket, 'unix'));
  }

  /** Takes no more; resolves when every connection has ended. */
  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  #echo(socket: Socket, kind: 'tcp' | 'unix'): void {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => (this.received[kind] += chunk.length));
    socket.pipe(socket);
  }
}
