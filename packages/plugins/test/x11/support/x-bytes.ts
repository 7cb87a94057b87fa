/** Packets of X clients and servers, written by hand. */
import { padded, type ByteOrder } from '../../../src/x11/wire/byte-order.js';
import { encodeListExtensions } from '../../../src/x11/wire/list-extensions.js';
import { encodeSetup } from '../../../src/x11/wire/setup.js';

export const ROOT = 0x123;
export const BASE = 0x0040_0000;
export const MASK = 0x001f_ffff;

export class XBytes {
  constructor(readonly order: ByteOrder) {}

  setup(name = 'MIT-MAGIC-COOKIE-1', data: Uint8Array = Buffer.alloc(16, 7)): Buffer {
    return encodeSetup({ order: this.order, version: { major: 11, minor: 0 }, authorization: { name, data } });
  }

  /** One screen with the root ROOT, ids of BASE and MASK. */
  setupReply(): Buffer {
    const reply = Buffer.alloc(40 + 8 + 8 + 40 + 8 + 24);
    reply[0] = 1;
    this.order.writeU16(reply, 2, 11);
    this.order.writeU16(reply, 6, (reply.length - 8) / 4);
    this.order.writeU32(reply, 12, BASE);
    this.order.writeU32(reply, 16, MASK);
    this.order.writeU16(reply, 24, 5);
    reply[28] = 1;
    reply[29] = 1;
    this.order.writeU32(reply, 56, ROOT);
    reply[56 + 39] = 1;
    this.order.writeU16(reply, 56 + 40 + 2, 1);
    return reply;
  }

  /** `rest` is what comes after the first four bytes: numbers are 32 bits. */
  request(major: number, minor: number, ...rest: readonly (number | Uint8Array)[]): Buffer {
    const body = this.#joined(rest);
    const head = Buffer.from([major, minor, 0, 0]);
    this.order.writeU16(head, 2, 1 + body.length / 4);
    return Buffer.concat([head, body]);
  }

  /** The same with the long length of BIG-REQUESTS. */
  bigRequest(major: number, minor: number, ...rest: readonly (number | Uint8Array)[]): Buffer {
    const body = this.#joined(rest);
    const head = Buffer.from([major, minor, 0, 0, 0, 0, 0, 0]);
    this.order.writeU32(head, 4, 2 + body.length / 4);
    return Buffer.concat([head, body]);
  }

  queryExtension(name: string): Buffer {
    return this.request(98, 0, this.named(name));
  }

  /** A length, and the name, padded. */
  named(name: string): Buffer {
    const text = Buffer.alloc(4 + padded(name.length));
    this.order.writeU16(text, 0, name.length);
    text.write(name, 4, 'latin1');
    return text;
  }

  reply(sequence: number, { data = 0, words = [], bytes = 32 }: { readonly data?: number; readonly words?: readonly number[]; readonly bytes?: number } = {}): Buffer {
    const packet = Buffer.alloc(bytes);
    packet[0] = 1;
    packet[1] = data;
    this.order.writeU16(packet, 2, sequence & 0xffff);
    this.order.writeU32(packet, 4, (bytes - 32) / 4);
    for (const [index, word] of words.entries()) this.order.writeU32(packet, 8 + 4 * index, word);
    return packet;
  }

  extensionReply(sequence: number, major: number, { event = 0, error = 0 } = {}): Buffer {
    const packet = this.reply(sequence);
    packet.set([1, major, event, error], 8);
    return packet;
  }

  listReply(sequence: number, names: readonly string[]): Buffer {
    return encodeListExtensions(this.order, sequence, names);
  }

  event(code: number, sequence: number): Buffer {
    const packet = Buffer.alloc(32, 0x55);
    packet[0] = code;
    this.order.writeU16(packet, 2, sequence & 0xffff);
    return packet;
  }

  #joined(parts: readonly (number | Uint8Array)[]): Buffer {
    return Buffer.concat(parts.map((part) => (typeof part === 'number' ? this.#u32(part) : part)));
  }

  #u32(value: number): Buffer {
    const bytes = Buffer.alloc(4);
    this.order.writeU32(bytes, 0, value);
    return bytes;
  }
}

/** In pieces of `size`. */
export function pieces(bytes: Buffer, size: number): Buffer[] {
  const out: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) out.push(bytes.subarray(at, at + size));
  return out;
}
