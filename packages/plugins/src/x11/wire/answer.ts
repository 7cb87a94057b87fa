/**
 * What an X server sends (X Protocol, section 1): 32 bytes, and of replies and generic events more.
 *
 *   error: 0, code 1, sequence 2, resource 4, minor opcode 8, major opcode 10
 *   reply: 1, data 1, sequence 2, length 4 in units of four beyond 32
 *   event: code 0 (0x80: sent by a client), detail 1, sequence 2; of a generic event (35) extension 1, length 4, type 8
 */
import type { ByteOrder } from './byte-order.js';

export const ANSWER_BYTES = 32;
export const ANSWER = { error: 0, reply: 1 } as const;
export const EVENT = { keymap: 11, selectionNotify: 31, generic: 35 } as const;

/** Of the packet at `at`, whose first 32 bytes are there. */
export function answerBytes(bytes: Uint8Array, at: number, order: ByteOrder): number {
  const type = bytes[at] as number;
  const hasLength = type === ANSWER.reply || (type & 0x7f) === EVENT.generic;
  return hasLength ? ANSWER_BYTES + order.u32(bytes, at + 4) * 4 : ANSWER_BYTES;
}

/** The low 16 bits of the number of the last request that the server has seen; undefined for the one event without. */
export function sequenceOf(bytes: Uint8Array, at: number, order: ByteOrder): number | undefined {
  return ((bytes[at] as number) & 0x7f) === EVENT.keymap ? undefined : order.u16(bytes, at + 2);
}

export interface XError {
  readonly code: number;
  readonly major: number;
  readonly minor: number;
  readonly resource: number;
}

export function encodeError(order: ByteOrder, sequence: number, { code, major, minor, resource }: XError): Buffer {
  const packet = Buffer.alloc(ANSWER_BYTES);
  packet[0] = ANSWER.error;
  packet[1] = code;
  order.writeU16(packet, 2, sequence);
  order.writeU32(packet, 4, resource);
  order.writeU16(packet, 8, minor);
  packet[10] = major;
  return packet;
}

/** With nothing in it. */
export function encodeReply(order: ByteOrder, sequence: number): Buffer {
  const packet = Buffer.alloc(ANSWER_BYTES);
  packet[0] = ANSWER.reply;
  order.writeU16(packet, 2, sequence);
  return packet;
}
