/** A client that says exactly what a test wants, and keeps all that it is told. */
import { connect, type Socket } from 'node:net';

export class RawClient {
  /** How the connection ended: in order, or not. */
  readonly ending: Promise<'end' | 'reset'>;
  #received = '';
  readonly #socket: Socket;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => (this.#received += chunk.toString('latin1')));
    this.ending = new Promise((resolve) => {
      this.#socket.once('end', () => {
        if (this.#socket.writableEnded) return resolve('end');
        // Where a reset came close behind data, Node says `end`: writing tells which it was.
        this.#socket.write('', (error) => resolve(error ? 'reset' : 'end'));
        this.#socket.end();
      });
      this.#socket.once('error', () => resolve('reset')).once('close', () => resolve('reset'));
    });
  }

  /** Text goes as UTF-8. */
  send(text: string): this {
    this.#socket.write(text);
    return this;
  }

  sendBytes(bytes: Buffer): this {
    this.#socket.write(bytes);
    return this;
  }

  /** Nothing more is sent; goes on reading. */
  end(): this {
    this.#socket.end();
    return this;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Resolves when all that came so far matches. Rejects when the connection ends first. */
  says(what: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (what.test(this.#received)) resolve();
      };
      this.#socket.on('data', look).once('close', () => reject(new Error(`closed before it said ${what}: ${this.#received}`)));
      look();
    });
  }

  /** All that comes until the other side ends, one character a byte. Rejects where that is not in order. */
  async everything(): Promise<string> {
    if ((await this.ending) === 'reset') throw new Error(`the connection was reset behind: ${this.#received}`);
    return this.#received;
  }
}
