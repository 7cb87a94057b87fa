/** A server behind a back end: gives back what it gets, or the sample's answer, after what the sample's server has to say. */
import { once } from 'node:events';
import type { BackEndSample } from './sample.js';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class SampleServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(sample: BackEndSample = {}): Promise<SampleServer> {
    const made = new SampleServer(sample);
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  private constructor({ accept, conversation }: BackEndSample) {
    this.#server = createServer({ allowHalfOpen: true }, async (socket) => {
      this.#sockets.add(socket.on('error', () => {}));
      socket.once('close', () => this.#sockets.delete(socket));
      try {
        await accept?.(socket);
        if (conversation === undefined) socket.pipe(socket);
        else socket.once('end', () => socket.end(conversation.answer)).resume();
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
