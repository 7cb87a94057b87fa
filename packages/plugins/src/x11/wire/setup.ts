/**
 * The packets that open an X connection (X Protocol, section 8 and appendix B, "Connection Setup").
 *
 *   client: order 0, unused 1, major 2, minor 4, n 6, d 8, unused 10, name 12 (n, padded), data (d, padded)
 *   server: status 0, n 1, major 2, minor 4, length 6 in units of four, then that many; of a success
 *           resource base 12, mask 16, vendor length 24, screens 28, formats 29, vendor 40 (padded), formats (8 each), screens
 *   screen: root 0, depths 39, then the depths: visuals 2, then 8 + 24 for each visual
 */
import { byteOrderOf, padded, type ByteOrder } from './byte-order.js';
import { X11StreamError } from './x11-stream-error.js';

export const SETUP_HEAD_BYTES = 12;
export const SETUP_REPLY_HEAD_BYTES = 8;
export const SETUP_STATUS = { failed: 0, success: 1, authenticate: 2 } as const;

export interface ClientSetup {
  readonly order: ByteOrder;
  readonly version: { readonly major: number; readonly minor: number };
  readonly authorization: Authorization;
  /** Of the whole packet. */
  readonly length: number;
}

/** As in Xauthority: `MIT-MAGIC-COOKIE-1` and 16 bytes; empty where there is none. */
export interface Authorization {
  readonly name: string;
  readonly data: Uint8Array;
}

/** How long the client's packet is. `bytes` has at least SETUP_HEAD_BYTES from `at` on. Throws X11StreamError for what is none. */
export function setupBytes(bytes: Uint8Array, at = 0): number {
  const order = orderOf(bytes[at]);
  return SETUP_HEAD_BYTES + padded(order.u16(bytes, at + 6)) + padded(order.u16(bytes, at + 8));
}

/** `bytes` has all of setupBytes() from `at` on; `data` is a view into it. Throws X11StreamError for what is none. */
export function parseSetup(bytes: Uint8Array, at = 0): ClientSetup {
  const order = orderOf(bytes[at]);
  const name = order.u16(bytes, at + 6);
  const data = at + SETUP_HEAD_BYTES + padded(name);
  return {
    order,
    version: { major: order.u16(bytes, at + 2), minor: order.u16(bytes, at + 4) },
    authorization: { name: latin1(bytes, at + SETUP_HEAD_BYTES, name), data: bytes.subarray(data, data + order.u16(bytes, at + 8)) },
    length: setupBytes(bytes, at),
  };
}

export function encodeSetup({ order, version, authorization: { name, data } }: Omit<ClientSetup, 'length'>): Buffer {
  const packet = Buffer.alloc(SETUP_HEAD_BYTES + padded(name.length) + padded(data.length));
  packet[0] = order.letter;
  order.writeU16(packet, 2, version.major);
  order.writeU16(packet, 4, version.minor);
  order.writeU16(packet, 6, name.length);
  order.writeU16(packet, 8, data.length);
  packet.write(name, SETUP_HEAD_BYTES, 'latin1');
  packet.set(data, SETUP_HEAD_BYTES + padded(name.length));
  return packet;
}

/** What a server says to a client that it does not take; clients print `reason`. At most 255 characters of it go. */
export function encodeSetupFailure(order: ByteOrder, reason: string): Buffer {
  const text = Buffer.from(reason, 'latin1').subarray(0, 255);
  const packet = Buffer.alloc(SETUP_REPLY_HEAD_BYTES + padded(text.length));
  packet[0] = SETUP_STATUS.failed;
  packet[1] = text.length;
  order.writeU16(packet, 2, 11);
  order.writeU16(packet, 6, padded(text.length) / 4);
  packet.set(text, SETUP_REPLY_HEAD_BYTES);
  return packet;
}

/** How long the server's packet is. `bytes` has at least SETUP_REPLY_HEAD_BYTES from `at` on. */
export function setupReplyBytes(bytes: Uint8Array, at: number, order: ByteOrder): number {
  return SETUP_REPLY_HEAD_BYTES + order.u16(bytes, at + 6) * 4;
}

/** What a client was given. */
export interface Resources {
  /** Ids that the client makes are `base` and bits of `mask`. */
  readonly base: number;
  readonly mask: number;
  readonly roots: ReadonlySet<number>;
}

const FIXED_REPLY_BYTES = 40;
const SCREEN_BYTES = 40;

/** Of a success; `bytes` has all of it from `at` on. Throws X11StreamError where the packet is too short for what it says. */
export function parseResources(bytes: Uint8Array, at: number, order: ByteOrder): Resources {
  const end = at + setupReplyBytes(bytes, at, order);
  if (end < at + FIXED_REPLY_BYTES) throw new X11StreamError(`the X server's set-up packet has ${end - at} bytes`);
  const roots = new Set<number>();
  let screen = at + FIXED_REPLY_BYTES + padded(order.u16(bytes, at + 24)) + 8 * (bytes[at + 29] as number);
  for (let left = bytes[at + 28] as number; left > 0; left -= 1) {
    if (screen + SCREEN_BYTES > end) throw new X11StreamError("the X server's set-up packet ends within a screen");
    roots.add(order.u32(bytes, screen));
    screen = endOfScreen(bytes, { screen, end, order });
  }
  return { base: order.u32(bytes, at + 12), mask: order.u32(bytes, at + 16), roots };
}

function endOfScreen(bytes: Uint8Array, { screen, end, order }: { readonly screen: number; readonly end: number; readonly order: ByteOrder }): number {
  let at = screen + SCREEN_BYTES;
  for (let depths = bytes[screen + 39] as number; depths > 0; depths -= 1) {
    if (at + 8 > end) throw new X11StreamError("the X server's set-up packet ends within a depth");
    at += 8 + 24 * order.u16(bytes, at + 2);
  }
  return at;
}

function orderOf(letter: number | undefined): ByteOrder {
  const order = byteOrderOf(letter);
  if (order === undefined) throw new X11StreamError(`an X client begins with "l" or "B", this one with 0x${(letter ?? 0).toString(16).padStart(2, '0')}`);
  return order;
}

export function latin1(bytes: Uint8Array, from: number, length: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(length, bytes.length - from)).toString('latin1');
}
