/** The reply of ListExtensions: how many 1, length 4, then each name: its length and itself; padded. */
import { padded, type ByteOrder } from './byte-order.js';
import { ANSWER_BYTES, answerBytes } from './answer.js';
import { latin1 } from './setup.js';
import { X11StreamError } from './x11-stream-error.js';

/** The names in the reply at `at`, all of which is there. Throws X11StreamError where it ends within a name. */
export function parseListExtensions(bytes: Uint8Array, at: number, order: ByteOrder): string[] {
  const end = at + answerBytes(bytes, at, order);
  const names: string[] = [];
  let name = at + ANSWER_BYTES;
  for (let left = bytes[at + 1] as number; left > 0; left -= 1) {
    const length = bytes[name] ?? 0;
    if (name + 1 + length > end) throw new X11StreamError('a reply of ListExtensions ends within a name');
    names.push(latin1(bytes, name + 1, length));
    name += 1 + length;
  }
  return names;
}

export function encodeListExtensions(order: ByteOrder, sequence: number, names: readonly string[]): Buffer {
  const text = Buffer.from(names.map((name) => String.fromCharCode(name.length) + name).join(''), 'latin1');
  const packet = Buffer.alloc(ANSWER_BYTES + padded(text.length));
  packet[0] = 1;
  packet[1] = names.length;
  order.writeU16(packet, 2, sequence);
  order.writeU32(packet, 4, padded(text.length) / 4);
  packet.set(text, ANSWER_BYTES);
  return packet;
}
