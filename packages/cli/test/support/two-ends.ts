/** A chain of two ends, one of which dials the other, with real keys on disk; and a server behind it. */
import { freePorts } from '@lstp/core';
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Running, Workplace } from './lstp.js';

export interface TwoEnds {
  /** Where applications connect to the service `web`. */
  readonly front: number;
  /** Where lab takes legs. */
  readonly lab: number;
  /** Writes the file anew with these lines of services. */
  write(services: string): void;
}

/** chain.yaml and keys/ in the workplace; service `web` leads to `target`. */
export async function makeTwoEnds(place: Workplace, target: number): Promise<TwoEnds> {
  const [front = 0, lab = 0] = await freePorts(2);
  const [desk, other] = ['desk', 'lab'].map((node) => publicKeyOf(createKeyFile(keyFilePath(join(place.folder, 'keys'), node))));
  const write = (services: string): void =>
    writeFileSync(
      join(place.folder, 'chain.yaml'),
      `lstp: 1
nodes:
  desk: { key: "${desk}" }
  lab: { key: "${other}", listen: "127.0.0.1:${lab}" }
tunnels:
  acme:
    route: desk > lab
    services:
${services}`,
    );
  write(`      web: { at: desk, listen: "127.0.0.1:${front}", to: "127.0.0.1:${target}" }\n`);
  return { front, lab, write };
}

/** Both nodes in one process; resolves when the tunnel stands. */
export async function startAll(place: Workplace): Promise<Running> {
  const running = place.start(['up', 'chain.yaml', '--all', '--keys', 'keys']);
  await running.says(/lstp: all ready\n/);
  return running;
}

/** A server that hands every connection to `serve`; ends with all its connections at stop(). */
export class TestServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(serve: (socket: Socket) => void) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
      serve(socket);
    });
  }

  static async start(serve: (socket: Socket) => void): Promise<TestServer> {
    const made = new TestServer(serve);
    made.#server.listen(0, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Gives back what it gets, half-close included. */
export function echo(socket: Socket): void {
  socket.pipe(socket);
}
