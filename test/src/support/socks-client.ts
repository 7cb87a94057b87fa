/** A SOCKS client written from RFC 1928, 1929 and the SOCKS 4 memo alone: it shares nothing with the server under test. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface SocksReply {
  readonly code: number;
  /** `a.b.c.d:port`, `[v6 in hex]:port` or `name:port`. */
  readonly bound: string;
}

export class SocksClient {
  readonly socket: Socket;
  /** Resolves when nothing more comes. */
  readonly ended: Promise<void>;
  #bytes: Buffer = Buffer.alloc(0);

  static async connect(port: number, host = '127.0.0.1'): Promise<SocksClient> {
    const socket = connect({ port, host, allowHalfOpen: true });
    await once(socket, 'connect');
    return new SocksClient(socket);
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => (this.#bytes = Buffer.concat([this.#bytes, chunk])));
    this.ended = new Promise((resolve) => {
      socket.on('error', () => resolve()).on('end', () => resolve()).on('close', () => resolve());
    });
  }

  send(...bytes: (number | string | Buffer)[]): this {
    this.socket.write(Buffer.concat(bytes.map((part) => (typeof part === 'number' ? Buffer.from([part]) : Buffer.from(part as string)))));
    return this;
  }

  /** The next `length` bytes. Rejects when the connection ends before. */
  async read(length: number): Promise<Buffer> {
    while (this.#bytes.length < length) {
      const more = await Promise.race([once(this.socket, 'data').then(() => true), this.ended.then(() => false)]);
      if (!more && this.#bytes.length < length) throw new Error(`the connection ended after ${this.#bytes.toString('hex')}`);
    }
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** No log-in. */
  async greet(): Promise<this> {
    this.send(5, 1, 0);
    if ((await this.read(2)).toString('hex') !== '0500') throw new Error('the server wants a log-in');
    return this;
  }

  /** Whether user and password are right. */
  async logIn(user: string, password: string): Promise<boolean> {
    this.send(5, 1, 2);
    if ((await this.read(2)).toString('hex') !== '0502') throw new Error('the server wants no password');
    this.send(1, user.length, user, password.length, password);
    const [version, status] = await this.read(2);
    return version === 1 && status === 0;
  }

  /** 1 CONNECT, 2 BIND, 3 UDP ASSOCIATE; the target as a name, even where it is an address. */
  request(command: number, host: string, port: number): Promise<SocksReply> {
    this.send(5, command, 0, 3, host.length, host, port >> 8, port & 255);
    return this.reply();
  }

  async reply(): Promise<SocksReply> {
    const [version, code = -1, reserved, type = 0] = await this.read(4);
    if (version !== 5 || reserved !== 0) throw new Error('no reply of version 5');
    const length = type === 1 ? 4 : type === 4 ? 16 : ((await this.read(1))[0] ?? 0);
    const host = await this.read(length);
    const port = (await this.read(2)).readUInt16BE();
    return { code, bound: `${type === 1 ? host.join('.') : type === 4 ? `[${host.toString('hex')}]` : host.toString()}:${port}` };
  }

  /** Of version 4: the address stands as four numbers. */
  async request4(command: number, host: string, port: number): Promise<SocksReply> {
    this.send(4, command, port >> 8, port & 255, Buffer.from(host.split('.').map(Number)), 'user', 0);
    return this.reply4();
  }

  async reply4(): Promise<SocksReply> {
    const reply = await this.read(8);
    if (reply[0] !== 0) throw new Error('no reply of version 4');
    return { code: reply[1] ?? -1, bound: `${reply.subarray(4).join('.')}:${reply.readUInt16BE(2)}` };
  }
}
