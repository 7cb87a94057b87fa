/** A client that downloads a large file in its own time, and a server that has it. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { TestServer } from 'lstp/testing';

/** More than all the buffers on the way hold, so that a client who does not read has an unfinished download. */
const FILE = randomBytes(67_108_864);
const DIGEST = createHash('sha256').update(FILE).digest('hex');

export async function startFileServer(): Promise<TestServer> {
  return TestServer.start((socket) => socket.resume().end(FILE));
}

export class Download {
  readonly #socket: Socket;
  /** The reset of its connection, if there is one. */
  readonly broken: Promise<Error>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.broken = once(socket, 'error').then(([error]) => error as Error);
    this.broken.catch(() => {});
  }

  /** Resolves when its first bytes have come; then it waits. */
  static async begin(port: number): Promise<Download> {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    const download = new Download(socket);
    await Promise.race([once(socket, 'readable'), download.broken.then((error) => Promise.reject(error))]);
    return download;
  }

  /** Reads on to the end; true when every byte was right. */
  async isWhole(): Promise<boolean> {
    const hash = createHash('sha256');
    for await (const chunk of this.#socket as AsyncIterable<Buffer>) hash.update(chunk);
    this.#socket.destroy();
    return hash.digest('hex') === DIGEST;
  }

  /** Reads on, and resolves when the connection is reset. */
  async isReset(): Promise<boolean> {
    this.#socket.resume();
    await this.broken;
    return true;
  }

  leave(): void {
    this.#socket.destroy();
  }
}
