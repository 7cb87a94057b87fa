/** Many connections that each say something, wait for the echo, and a little later say the next: each sees whether it was answered rightly. */
import type { Socket } from 'node:net';
import { connectTo } from './exchange.js';

/** From an echo to what is said next. */
const PACE_MS = 50;

export class SteadyClients {
  /** The longest time that any of them waited for its echo, ms. */
  longestMs = 0;
  /** Echoes that came. */
  echoes = 0;
  readonly #clients: readonly SteadyClient[];

  /** Resolves when each has had its first echo, or has failed. */
  static async start(address: string, count: number): Promise<SteadyClients> {
    const clients = new SteadyClients(address, count);
    await Promise.all(clients.#clients.map(({ begun }) => begun));
    clients.longestMs = 0;
    return clients;
  }

  private constructor(address: string, count: number) {
    const tell = (waitedMs: number): void => {
      this.echoes += 1;
      this.longestMs = Math.max(this.longestMs, waitedMs);
    };
    this.#clients = Array.from({ length: count }, (_, index) => new SteadyClient(connectTo(address), index, tell));
  }

  /** Each has its last echo and ends in order; gives what went wrong, by client. */
  async stop(): Promise<string[]> {
    const faults = await Promise.all(this.#clients.map((client) => client.stop()));
    return faults.filter((fault) => fault !== '');
  }
}

class SteadyClient {
  readonly begun: Promise<void>;
  /** What went wrong; empty when nothing did. */
  readonly #ended: Promise<string>;
  readonly #socket: Socket;
  readonly #index: number;
  readonly #tell: (waitedMs: number) => void;
  #said = '';
  #heard = '';
  #count = 0;
  #since = 0;
  #leaving = false;
  #fault = '';

  constructor(socket: Socket, index: number, tell: (waitedMs: number) => void) {
    this.#socket = socket;
    this.#index = index;
    let begin = (): void => {};
    this.begun = new Promise((resolve) => (begin = resolve));
    this.#tell = (waitedMs) => {
      tell(waitedMs);
      begin();
    };
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#hear(text));
    socket.on('end', () => this.#leaving || this.#fail('the connection ended'));
    socket.on('error', ({ message }) => this.#fail(message));
    this.#ended = new Promise((resolve) => {
      socket.once('close', () => {
        begin();
        resolve(this.#fault === '' ? '' : `client ${index}: ${this.#fault}`);
      });
    });
    this.#say();
  }

  /** After its next echo. */
  stop(): Promise<string> {
    this.#leaving = true;
    return this.#ended;
  }

  #say(): void {
    if (this.#leaving) return void this.#socket.end();
    this.#said = `${this.#index} says ${(this.#count += 1)}\n`;
    this.#heard = '';
    this.#since = performance.now();
    this.#socket.write(this.#said);
  }

  #hear(text: string): void {
    this.#heard += text;
    if (!this.#said.startsWith(this.#heard)) return this.#fail(`${JSON.stringify(this.#said)} came back as ${JSON.stringify(this.#heard)}`);
    if (this.#heard !== this.#said) return;
    this.#tell(performance.now() - this.#since);
    setTimeout(() => this.#say(), PACE_MS);
  }

  #fail(fault: string): void {
    this.#fault ||= fault;
    this.#socket.destroy();
  }
}
