/** An application's side of one connection, client or server: what it got and how its connection ended. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** `end`: the other side said that nothing more comes. `reset`: the connection broke before that. */
export type Ending = 'end' | 'reset';

export class Application {
  readonly socket: Socket;
  received = 0;
  readonly ended: Promise<Ending>;
  readonly closed: Promise<void>;
  readonly #hash = createHash('sha256');

  constructor(socket: Socket) {
    this.socket = socket;
    this.ended = new Promise((resolve) => {
      socket.on('end', () => this.#confirmEnd(resolve));
      socket.on('error', () => resolve('reset'));
      socket.on('close', () => resolve('reset'));
    });
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  static connect(address: { readonly host: string; readonly port: number } | { readonly path: string }): Application {
    return new Application(connect({ ...address, allowHalfOpen: true, noDelay: true }));
  }

  /** Begins to read; before it the kernel's buffers fill and no more. */
  read(): this {
    this.socket.on('data', (chunk: Buffer) => {
      this.received += chunk.length;
      this.#hash.update(chunk);
    });
    return this;
  }

  /** Where a reset came close behind data, Node says `end`: writing tells which it was. */
  #confirmEnd(resolve: (ending: Ending) => void): void {
    if (this.socket.writableEnded) return resolve('end');
    this.socket.write('', (error) => resolve(error ? 'reset' : 'end'));
  }

  /** Resolves when at least `count` bytes came. */
  async got(count: number): Promise<void> {
    while (this.received < count) await once(this.socket, 'data');
  }

  /** Of everything received; once. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  send(bytes: Buffer): this {
    this.socket.write(bytes);
    return this;
  }

  /** Nothing more is sent; goes on reading. */
  finish(): this {
    this.socket.end();
    return this;
  }

  reset(): this {
    this.socket.resetAndDestroy();
    return this;
  }
}

export function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A real server on loopback, whose connections a test takes in hand one by one. */
export class ApplicationServer {
  readonly #server: Server;
  readonly #waiting: Application[] = [];
  readonly #takers: ((application: Application) => void)[] = [];
  readonly #open = new Set<Socket>();
  accepted = 0;

  /** `serve` gets every connection; without it they are for accept(). */
  static async start(serve?: (application: Application) => void, where: { port: number; host: string } | { path: string } = { port: 0, host: '127.0.0.1' }): Promise<ApplicationServer> {
    const made = new ApplicationServer(serve);
    made.#server.listen(where);
    await once(made.#server, 'listening');
    return made;
  }

  private constructor(serve: ((application: Application) => void) | undefined) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#open.add(socket);
      socket.once('close', () => this.#open.delete(socket));
      this.accepted += 1;
      const application = new Application(socket);
      if (serve !== undefined) return serve(application);
      const taker = this.#takers.shift();
      if (taker === undefined) this.#waiting.push(application);
      else taker(application);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get openCount(): number {
    return this.#open.size;
  }

  /** The next connection, in the order of arrival. */
  accept(): Promise<Application> {
    const next = this.#waiting.shift();
    if (next !== undefined) return Promise.resolve(next);
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }
}

/** Sends back what comes, half-close included. */
export function echo({ socket }: Application): void {
  socket.pipe(socket);
}
