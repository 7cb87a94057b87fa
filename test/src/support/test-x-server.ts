/**
 * As much of an X server as asks for extensions need: it has those that it is told, each with a major opcode, and notes what
 * is asked of them. It offers what no server without a graphics card has. Low byte first.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

const FIRST_OPCODE = 130;
const QUERY_EXTENSION = 98;
const LIST_EXTENSIONS = 99;

export class TestXServer {
  /** `QueryExtension NAME`, `ListExtensions`, or the major opcode of what is an extension's. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(path: string, extensions: readonly string[]): Promise<TestXServer> {
    const made = new TestXServer(extensions);
    made.#server.listen(path);
    await once(made.#server, 'listening');
    return made;
  }

  private constructor(private readonly extensions: readonly string[]) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket.on('error', () => {}));
      void this.#serve(socket).catch(() => socket.destroy());
    });
  }

  /** Of an extension that it has. */
  opcodeOf(name: string): number {
    return FIRST_OPCODE + this.extensions.indexOf(name);
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #serve(socket: Socket): Promise<void> {
    const reader = new ByteReader(socket);
    const setup = await reader.take(12);
    await reader.take(padded(setup.readUInt16LE(6)) + padded(setup.readUInt16LE(8)));
    socket.write(Buffer.concat([Buffer.from([1, 0, 11, 0, 0, 0, 8, 0]), Buffer.alloc(32)]));
    for (let sequence = 1; ; sequence += 1) {
      const head = await reader.take(4);
      this.#answer(socket, { opcode: head[0] as number, body: await reader.take(head.readUInt16LE(2) * 4 - 4), sequence });
    }
  }

  #answer(socket: Socket, { opcode, body, sequence }: { readonly opcode: number; readonly body: Buffer; readonly sequence: number }): void {
    if (opcode >= 128) this.asked.push(String(opcode));
    if (opcode === LIST_EXTENSIONS) return this.#list(socket, sequence);
    const name = opcode === QUERY_EXTENSION ? body.toString('latin1', 4, 4 + body.readUInt16LE(0)) : '';
    if (opcode === QUERY_EXTENSION) this.asked.push(`QueryExtension ${name}`);
    const isPresent = this.extensions.includes(name);
    socket.write(reply(sequence, isPresent ? Buffer.of(1, this.opcodeOf(name)) : Buffer.alloc(0)));
  }

  #list(socket: Socket, sequence: number): void {
    this.asked.push('ListExtensions');
    const names = Buffer.concat(this.extensions.flatMap((name) => [Buffer.of(name.length), Buffer.from(name)]));
    const more = Buffer.concat([names, Buffer.alloc(padded(names.length) - names.length)]);
    const head = reply(sequence, Buffer.alloc(0), more.length / 4);
    head[1] = this.extensions.length;
    socket.write(Buffer.concat([head, more]));
  }
}

/** The other side: a client that asks for extensions. */
export class TestXClient {
  readonly #socket: Socket;
  readonly #reader: ByteReader;

  /** Owns `socket`, which leads to a display that takes this cookie. */
  static async open(socket: Socket, cookie: Buffer): Promise<TestXClient> {
    const client = new TestXClient(socket);
    socket.write(Buffer.concat([Buffer.from([0x6c, 0, 11, 0, 0, 0, 18, 0, 16, 0, 0, 0]), Buffer.from('MIT-MAGIC-COOKIE-1\0\0'), cookie]));
    const head = await client.#reader.take(8);
    await client.#reader.take(head.readUInt16LE(6) * 4);
    if (head[0] !== 1) throw new Error('the server does not take us');
    return client;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#reader = new ByteReader(socket);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Undefined: not present. */
  async queryExtension(name: string): Promise<number | undefined> {
    const body = Buffer.alloc(4 + padded(name.length));
    body.writeUInt16LE(name.length, 0);
    body.write(name, 4);
    const answer = await this.request(QUERY_EXTENSION, body);
    return answer[8] === 1 ? answer[9] : undefined;
  }

  async listExtensions(): Promise<string[]> {
    const answer = await this.request(LIST_EXTENSIONS, Buffer.alloc(0));
    const names: string[] = [];
    for (let at = 32; names.length < (answer[1] ?? 0); at += 1 + (answer[at] ?? 0)) names.push(answer.toString('latin1', at + 1, at + 1 + (answer[at] ?? 0)));
    return names;
  }

  /** The whole answer: a reply (1), or an error (0) whose code is its second byte. */
  async request(opcode: number, body: Buffer): Promise<Buffer> {
    this.#socket.write(Buffer.concat([Buffer.of(opcode, 0, 1 + body.length / 4, 0), body]));
    const head = await this.#reader.take(32);
    const more = head[0] === 1 ? await this.#reader.take(head.readUInt32LE(4) * 4) : Buffer.alloc(0);
    return Buffer.concat([head, more]);
  }
}

/** Takes a stream to pieces, as long as they are asked for. */
class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #bytes = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#chunks = (socket as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** Rejects where the stream ends before. */
  async take(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) {
      const { done, value } = await this.#chunks.next();
      if (done === true) throw new Error('the stream has ended');
      this.#bytes = Buffer.concat([this.#bytes, value]);
    }
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }
}

function reply(sequence: number, data: Buffer, moreUnits = 0): Buffer {
  const bytes = Buffer.alloc(32);
  bytes[0] = 1;
  bytes.writeUInt16LE(sequence & 0xffff, 2);
  bytes.writeUInt32LE(moreUnits, 4);
  data.copy(bytes, 8);
  return bytes;
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
