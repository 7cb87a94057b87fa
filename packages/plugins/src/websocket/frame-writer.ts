/** The frames that go out. Specification: RFC 6455, section 5.2. */
import { MESSAGE_BYTES, OPCODES } from './policy.js';

const FIN = 0x80;
const MASKED = 0x80;
const [LENGTH_IN_2, LENGTH_IN_8] = [126, 127];
const LONGEST_SHORT = 125;
const LONGEST_IN_2 = 65_535;
/** Up to here copying a message behind its header is cheaper than two pieces. */
const COPIED_BYTES = 4096;

/**
 * The header of a message or control frame of `length` bytes, in the first bytes of what is given: `room` bytes more follow it.
 *
 * The masking key is zero, which is no change. Masking is there so that a script in a browser cannot choose the bytes that a
 * proxy on the way sees (section 10.3). What goes here is chosen by no script: frames of set-up, then records of TLS. It
 * would cost both sides more than TLS does.
 */
export function headerOf(opcode: number, length: number, { masks, room = 0 }: { readonly masks: boolean; readonly room?: number }): Buffer {
  const lengthBytes = length <= LONGEST_SHORT ? 0 : length <= LONGEST_IN_2 ? 2 : 8;
  const headerBytes = 2 + lengthBytes + (masks ? 4 : 0);
  const bytes = Buffer.allocUnsafe(headerBytes + room);
  bytes.fill(0, 0, headerBytes);
  bytes[0] = FIN | opcode;
  bytes[1] = (masks ? MASKED : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? LENGTH_IN_2 : LENGTH_IN_8);
  if (lengthBytes === 2) bytes.writeUInt16BE(length, 2);
  if (lengthBytes === 8) bytes.writeUInt32BE(length, 6);
  return bytes;
}

/** A whole frame. */
export function frameOf(opcode: number, payload: Buffer, masks: boolean): Buffer {
  const frame = headerOf(opcode, payload.length, { masks, room: payload.length });
  frame.set(payload, frame.length - payload.length);
  return frame;
}

export function closeFrame(code: number, masks: boolean): Buffer {
  const payload = Buffer.allocUnsafe(2);
  payload.writeUInt16BE(code);
  return frameOf(OPCODES.close, payload, masks);
}

/** Messages with their headers, to be written one behind the other; more than one message takes goes in several. Big pieces are views. */
export function messagesOf(chunks: readonly Buffer[], masks: boolean): Buffer[] {
  return cut(chunks).flatMap(({ parts, length }) => {
    const pieces = [headerOf(OPCODES.binary, length, { masks }), ...parts];
    return length <= COPIED_BYTES ? [Buffer.concat(pieces)] : pieces;
  });
}

interface Message {
  readonly parts: Buffer[];
  length: number;
}

/** At the longest that a message may be. */
function cut(chunks: readonly Buffer[]): Message[] {
  const messages: Message[] = [];
  let message: Message | undefined;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      if (message === undefined || message.length === MESSAGE_BYTES) messages.push((message = { parts: [], length: 0 }));
      const part = chunk.subarray(at, at + MESSAGE_BYTES - message.length);
      message.parts.push(part);
      message.length += part.length;
      at += part.length;
    }
  }
  return messages;
}
