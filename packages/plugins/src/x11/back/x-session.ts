/** A connection of our own to an X server, for the few requests that a back end makes by itself. Low byte first. */
import type { Socket } from 'node:net';
import { ChannelRefusal, Handshake } from '@lstp/core';
import { MAGIC_COOKIE } from '../authority/xauthority.js';

/** Beyond it an answer is none of an X server's. */
const ANSWER_BYTES = 1_048_576;
const UNIT = 4;
const REPLY_BYTES = 32;
const SUCCESS = 1;
const ERROR = 0;
const REPLY = 1;
const QUERY_EXTENSION = 98;

export class XSession {
  readonly #socket: Socket;
  readonly #handshake: Handshake;

  /** Owns `socket` from now on. Rejects with ChannelRefusal where the server does not let us in. */
  static async open(socket: Socket, cookie: Buffer | undefined): Promise<XSession> {
    const session = new XSession(socket);
    try {
      await session.#setUp(cookie);
      return session;
    } catch (error) {
      session.close();
      throw error;
    }
  }

  private constructor(socket: Socket) {
    this.#socket = socket.on('error', () => {});
    this.#handshake = new Handshake(socket, { limitBytes: ANSWER_BYTES });
  }

  close(): void {
    this.#handshake.finish();
    this.#socket.destroy();
  }

  /** The major opcode of an extension; undefined where the server has none of that name. */
  async majorOpcode(extension: string): Promise<number | undefined> {
    const name = padded(Buffer.from(extension));
    const reply = await this.request(Buffer.concat([u16(extension.length), u16(0), name]), { opcode: QUERY_EXTENSION, data: 0 });
    return reply?.[8] === 1 ? reply[9] : undefined;
  }

  /** `body` is a multiple of 4 bytes; `data` is the second byte. Resolves with the whole reply; undefined: the server's error. */
  async request(body: Buffer, { opcode, data }: { readonly opcode: number; readonly data: number }): Promise<Buffer | undefined> {
    this.#handshake.write(Buffer.concat([Buffer.of(opcode, data), u16((UNIT + body.length) / UNIT), body]));
    const answer = await this.#handshake.read(parseAnswer);
    return answer[0] === ERROR ? undefined : answer;
  }

  /** What it says first, and the server's answer: 1 and the description of its screens, or 0 and the reason. */
  async #setUp(cookie: Buffer | undefined): Promise<void> {
    const name = Buffer.from(cookie === undefined ? '' : MAGIC_COOKIE);
    const data = cookie ?? Buffer.alloc(0);
    this.#handshake.write(Buffer.concat([Buffer.from('l\0'), u16(11), u16(0), u16(name.length), u16(data.length), u16(0), padded(name), padded(data)]));
    const answer = await this.#handshake.read(parseSetupAnswer);
    if (answer[0] !== SUCCESS) throw new ChannelRefusal('refused', `the X server refuses us: ${answer.toString('latin1', 8, 8 + (answer[1] ?? 0)).trim()}`);
  }
}

/** For Handshake.read(). Events are left out: nothing asks for any. */
function parseAnswer(bytes: Buffer): { readonly value: Buffer; readonly length: number } | undefined {
  let at = 0;
  while (bytes.length >= at + REPLY_BYTES) {
    const kind = bytes[at];
    const end = at + REPLY_BYTES + (kind === REPLY ? bytes.readUInt32LE(at + 4) * UNIT : 0);
    if (bytes.length < end) return undefined;
    if (kind === REPLY || kind === ERROR) return { value: Buffer.from(bytes.subarray(at, end)), length: end };
    at = end;
  }
  return undefined;
}

function parseSetupAnswer(bytes: Buffer): { readonly value: Buffer; readonly length: number } | undefined {
  if (bytes.length < 8) return undefined;
  const length = 8 + bytes.readUInt16LE(6) * UNIT;
  return bytes.length < length ? undefined : { value: Buffer.from(bytes.subarray(0, length)), length };
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((UNIT - (bytes.length % UNIT)) % UNIT)]);
}
