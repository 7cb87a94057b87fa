/** A server behind a back end: gives back what it gets, after what the sample's server has to say. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class SampleServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(accept?: (server: Socket) => Promise<void>): Promise<SampleServer> {
    const made = new SampleServer(accept);
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  private constructor(accept: ((server: Socket) => Promise<void>) | undefined) {
    this.#server = createServer({ allowHalfOpen: true }, async (socket) => {
      this.#sockets.add(socket.on('error', () => {}));
      socket.once('close', () => this.#sockets.delete(socket));
      try {
        await accept?.(socket);
        socket.pipe(socket);
      } catch {
        socket.destroy();
      }
    });
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get openCount(): number {
    return this.#sockets.size;
  }

  /** Resets every connection. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
