/** A network on which bytes travel alone, and which remembers what it carried back. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { ServiceAddress } from '@lstp/core/plugin';
import { connectTo } from './pair.js';

export class SlowPath {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  /** What clients were sent. */
  readonly received: Buffer[] = [];

  /** Leads to `address`. The first `count` bytes of each connection come one by one, the rest as they are. */
  static async to(address: ServiceAddress, count: number): Promise<SlowPath> {
    const path = new SlowPath(address, count);
    path.#server.listen(0, '127.0.0.1');
    await once(path.#server, 'listening');
    return path;
  }

  private constructor(address: ServiceAddress, count: number) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, async (client) => {
      const server = await connectTo(address);
      this.#sockets.push(client.on('error', () => server.destroy()), server);
      server.on('data', (chunk: Buffer) => this.received.push(chunk));
      server.on('close', () => server.readableEnded || client.destroy()).pipe(client);
      await trickle(client, server, count).catch(() => server.destroy());
    });
  }

  async client(): Promise<Socket> {
    const { port } = this.#server.address() as AddressInfo;
    return connectTo({ kind: 'tcp', host: '127.0.0.1', port });
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

async function trickle(from: Socket, to: Socket, count: number): Promise<void> {
  let left = count;
  for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    const alone = Math.min(left, chunk.length);
    left -= alone;
    for (let at = 0; at < alone; at += 1) {
      to.write(chunk.subarray(at, at + 1));
      await turn();
    }
    to.write(chunk.subarray(alone));
  }
  to.end();
}
