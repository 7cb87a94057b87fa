/** Connections that say something, wait for the echo, and a little later say the next; whatever comes back wrong is told. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import type { Scope } from '../process/scope.js';

export interface TalkersPlan {
  readonly port: number;
  readonly count: number;
  /** From an echo to what is said next, ms. */
  readonly paceMs: number;
  /** What each says at a time; every tenth says so many. */
  readonly bytes: number;
  readonly bulkBytes?: number;
}

export class Talkers {
  /** Echoes and bytes that came back. */
  echoes = 0;
  bytes = 0;
  readonly faults: string[] = [];
  #longestMs = 0;
  readonly #talkers: Talker[];
  readonly #listeners = new Set<(sentAt: number, now: number) => void>();

  constructor({ port, count, paceMs, bytes, bulkBytes = bytes }: TalkersPlan) {
    const host = { tell: (talker: Talker, now: number) => this.#tell(talker, now), fail: (fault: string) => void this.faults.push(fault) };
    this.#talkers = Array.from({ length: count }, (_, index) => new Talker(host, { port, index, paceMs, bytes: index % 10 === 9 ? bulkBytes : bytes }));
  }

  /** Of any echo since the last call, ms; what is still waited for counts, too. */
  takeLongest(): number {
    const now = performance.now();
    const longest = Math.max(this.#longestMs, ...this.#talkers.map(({ waitingSince }) => (waitingSince === undefined ? 0 : now - waitingSince)));
    this.#longestMs = 0;
    return longest;
  }

  /** Resolves with the time of the first echo of what was said at `after` or later. */
  nextEcho(after: number): Promise<number> {
    return new Promise((resolve) => {
      const look = (sentAt: number, now: number): void => {
        if (sentAt < after) return;
        this.#listeners.delete(look);
        resolve(now);
      };
      this.#listeners.add(look);
    });
  }

  /** Each has its last echo and ends in order. */
  async stop(): Promise<void> {
    await Promise.all(this.#talkers.map((talker) => talker.stop()));
  }

  #tell({ saidAt, size }: Talker, now: number): void {
    this.echoes += 1;
    this.bytes += size;
    this.#longestMs = Math.max(this.#longestMs, now - saidAt);
    for (const listener of this.#listeners) listener(saidAt, now);
  }
}

interface TalkerHost {
  tell(talker: Talker, now: number): void;
  fail(fault: string): void;
}

class Talker {
  saidAt = 0;
  waitingSince: number | undefined;
  readonly size: number;
  readonly #host: TalkerHost;
  readonly #socket: Socket;
  readonly #index: number;
  readonly #paceMs: number;
  readonly #closed: Promise<unknown>;
  #count = 0;
  #said = Buffer.alloc(0);
  #heard = 0;
  #leaving = false;
  #isFailed = false;

  constructor(host: TalkerHost, { port, index, paceMs, bytes }: { port: number; index: number; paceMs: number; bytes: number }) {
    this.#host = host;
    this.#index = index;
    this.#paceMs = paceMs;
    this.size = bytes;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => this.#hear(chunk)).on('error', ({ message }) => this.#fail(message)).on('end', () => this.#leaving || this.#fail('ended'));
    this.#closed = once(this.#socket, 'close').catch(() => undefined);
    this.#say();
  }

  stop(): Promise<unknown> {
    this.#leaving = true;
    if (this.waitingSince === undefined) this.#socket.end();
    return this.#closed;
  }

  /** A number that belongs to this talker and this time, over and over. */
  #say(): void {
    if (this.#leaving) return void this.#socket.end();
    this.#said = Buffer.alloc(this.size, `${this.#index}:${(this.#count += 1)} `);
    this.#heard = 0;
    this.saidAt = performance.now();
    this.waitingSince = this.saidAt;
    this.#socket.write(this.#said);
  }

  #hear(chunk: Buffer): void {
    if (!this.#said.subarray(this.#heard, this.#heard + chunk.length).equals(chunk)) return this.#fail(`wrong bytes in echo ${this.#count}`);
    this.#heard += chunk.length;
    if (this.#heard < this.size) return;
    this.waitingSince = undefined;
    this.#host.tell(this, performance.now());
    setTimeout(() => this.#say(), this.#paceMs);
  }

  #fail(fault: string): void {
    if (!this.#isFailed) this.#host.fail(`connection ${this.#index}: ${fault}`);
    this.#isFailed = true;
    this.waitingSince = undefined;
    this.#socket.destroy();
  }
}

/** A server in this process that gives back what it gets. Gives its port. */
export async function startEcho(scope: Scope): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    socket.on('error', () => socket.destroy()).pipe(socket);
  });
  const abandon = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  scope.own({ dispose: async () => abandon(), abandon });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}
