/**
 * Frames: `type:u8 length:u24 channel:u32 payload`, big-endian. Pure, incremental, no copy where a frame lies in one chunk.
 *
 *   encodeFrame()       a whole frame from a payload
 *   new FrameReader()   bytes in any chunking -> frames; every length is checked before anything is kept
 *
 * Specification: docs/spec.md, "Frames".
 */
import { readU64, writeU64 } from './bytes.js';
import { ProtocolError } from './error.js';
import { HEADER_BYTES, POSITION_BYTES, SETUP_BYTES } from './limits.js';
import { MESSAGES, messageOf, type Body, type MessageName } from './messages.js';
import { parseJson, type Shape } from './shape.js';

/** One frame, or one piece of a SERVICE_DATA. */
export interface Frame {
  readonly name: MessageName;
  readonly channel: number;
  /** A view into the chunk that was pushed; copy it to keep it. */
  readonly payload: Buffer;
  /** Where `payload` lies in the frame's payload. 0 but for later pieces of SERVICE_DATA. */
  readonly offset: number;
  /** Whether this is the frame's last piece. */
  readonly last: boolean;
}

const EMPTY = Buffer.alloc(0);

/** Writes the header of a frame whose payload of `length` bytes follows. */
export function writeHeader(into: Buffer, name: MessageName, channel: number, length: number): void {
  into.writeUInt32BE(((MESSAGES[name].type << 24) | length) >>> 0, 0);
  into.writeUInt32BE(channel, 4);
}

/** A whole frame around `payload`, in one new buffer. */
export function encodeFrame(name: MessageName, channel: number, payload: Uint8Array = EMPTY): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  writeHeader(frame, name, channel, payload.length);
  frame.set(payload, HEADER_BYTES);
  return frame;
}

/** A frame of layout `json`. */
export function encodeJson<N extends MessageName>(name: N, channel: number, body: Body<N>): Buffer {
  return encodeFrame(name, channel, Buffer.from(JSON.stringify(body)));
}

/** A frame of layout `positioned`. */
export function encodePositioned<N extends MessageName>(name: N, channel: number, position: number, body: Body<N>): Buffer {
  const json = Buffer.from(JSON.stringify(body));
  const frame = Buffer.allocUnsafe(HEADER_BYTES + POSITION_BYTES + json.length);
  writeHeader(frame, name, channel, POSITION_BYTES + json.length);
  writeU64(frame, position, HEADER_BYTES);
  frame.set(json, HEADER_BYTES + POSITION_BYTES);
  return frame;
}

/** A frame of layout `numbers`, its values in the order of the row. */
export function encodeNumbers(name: MessageName, channel: number, ...values: number[]): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + 8 * values.length);
  writeHeader(frame, name, channel, 8 * values.length);
  values.forEach((value, index) => writeU64(frame, value, HEADER_BYTES + 8 * index));
  return frame;
}

/** The JSON of a `json` frame. Throws ProtocolError naming message and member. */
export function decodeJson<N extends MessageName>(name: N, payload: Buffer): Body<N> {
  return parseJson(payload, MESSAGES[name].shape as unknown as Shape<Body<N>>, name);
}

/** Position and JSON of a `positioned` frame. */
export function decodePositioned<N extends MessageName>(name: N, payload: Buffer): { position: number; body: Body<N> } {
  if (payload.length < POSITION_BYTES) throw new ProtocolError('PROTOCOL', `${name}: too short for its position`);
  return { position: readU64(payload, 0, `${name}.position`), body: decodeJson(name, payload.subarray(POSITION_BYTES)) };
}

/** The values of a `numbers` frame, in the order of the row. */
export function decodeNumbers(name: MessageName, payload: Buffer): number[] {
  const { numbers } = MESSAGES[name];
  if (payload.length !== 8 * numbers.length) throw new ProtocolError('PROTOCOL', `${name}: ${payload.length} bytes instead of ${8 * numbers.length}`);
  return numbers.map((member, index) => readU64(payload, 8 * index, `${name}.${member}`));
}

/**
 * Bytes in, frames out.
 *
 *   push(chunk)   then next() until it gives undefined, then the next push
 *   takeRest()    what was pushed and not read, at a point where LSTP ends (PASS_THROUGH)
 *
 * Frames other than SERVICE_DATA come whole; SERVICE_DATA comes in pieces as it arrives, the first with at
 * least its position (or all of a shorter payload). Owns at most one frame's bytes.
 */
export class FrameReader {
  readonly #scope: 'leg' | 'carrier';
  #chunk: Buffer = EMPTY;
  #at = 0;
  /** Bytes of a header or whole frame that spans chunks. */
  #partial: Buffer | undefined;
  #partialLength = 0;
  /** The SERVICE_DATA that is being given out in pieces. */
  #data: { channel: number; length: number; given: number } | undefined;

  constructor(scope: 'leg' | 'carrier') {
    this.#scope = scope;
  }

  push(chunk: Buffer): void {
    if (this.#at < this.#chunk.length) throw new Error('FrameReader.push before next() gave undefined');
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** The next frame or piece; undefined when more bytes are needed. Throws ProtocolError; the reader is then unusable. */
  next(): Frame | undefined {
    if (this.#data !== undefined) return this.#nextPiece(this.#data);
    const header = this.#header();
    if (header === undefined) return undefined;
    const { name, length, channel } = header;
    if (name === 'SERVICE_DATA') return this.#firstPiece(channel, length);
    const frame = this.#need(HEADER_BYTES + length);
    if (frame === undefined) return undefined;
    this.#release(HEADER_BYTES + length);
    return { name, channel, payload: frame.subarray(HEADER_BYTES, HEADER_BYTES + length), offset: 0, last: true };
  }

  /** A copy-free view of the bytes behind the last frame; the reader is empty afterwards. */
  takeRest(): Buffer {
    const rest = this.#chunk.subarray(this.#at);
    this.#chunk = EMPTY;
    this.#at = 0;
    return rest;
  }

  /** Whether a frame is in the middle of arriving. */
  get midFrame(): boolean {
    return this.#data !== undefined || this.#partialLength > 0 || this.#at < this.#chunk.length;
  }

  /** Of the frame that begins here, which is not taken yet. */
  #header(): Header | undefined {
    if (this.#partial === undefined && this.#chunk.length - this.#at >= HEADER_BYTES) return parseHeader(this.#chunk, this.#at, this.#scope);
    const bytes = this.#need(HEADER_BYTES);
    return bytes === undefined ? undefined : parseHeader(bytes, 0, this.#scope);
  }

  #firstPiece(channel: number, length: number): Frame | undefined {
    const head = Math.min(POSITION_BYTES, length);
    if (this.#partial === undefined && this.#chunk.length - this.#at >= HEADER_BYTES + head) {
      this.#at += HEADER_BYTES;
      this.#data = { channel, length, given: 0 };
      return this.#nextPiece(this.#data);
    }
    const start = this.#need(HEADER_BYTES + head);
    if (start === undefined) return undefined;
    this.#release(HEADER_BYTES + head);
    const last = head === length;
    if (!last) this.#data = { channel, length, given: head };
    return { name: 'SERVICE_DATA', channel, payload: start.subarray(HEADER_BYTES, HEADER_BYTES + head), offset: 0, last };
  }

  #nextPiece(data: { channel: number; length: number; given: number }): Frame | undefined {
    const { channel, length, given } = data;
    const piece = Math.min(length - given, this.#chunk.length - this.#at);
    if (piece === 0 && length > given) return undefined;
    const payload = this.#chunk.subarray(this.#at, this.#at + piece);
    this.#at += piece;
    data.given += piece;
    const last = data.given === length;
    if (last) this.#data = undefined;
    return { name: 'SERVICE_DATA', channel, payload, offset: given, last };
  }

  /** A view of the next `length` bytes, without taking them; undefined when they are not all there. */
  #need(length: number): Buffer | undefined {
    const available = this.#chunk.length - this.#at;
    if (this.#partial === undefined) {
      if (available >= length) return this.#chunk.subarray(this.#at, this.#at + length);
      if (available === 0) return this.#forgetChunk();
      this.#partial = Buffer.allocUnsafe(Math.max(length, 64));
    }
    if (this.#partial.length < length) this.#partial = Buffer.concat([this.#partial.subarray(0, this.#partialLength)], length);
    const wanted = Math.min(length - this.#partialLength, available);
    if (wanted > 0) {
      this.#chunk.copy(this.#partial, this.#partialLength, this.#at, this.#at + wanted);
      this.#partialLength += wanted;
      this.#at += wanted;
    }
    return this.#partialLength >= length ? this.#partial.subarray(0, length) : undefined;
  }

  /** Nothing of it is left: an idle leg must not hold what it read last. */
  #forgetChunk(): undefined {
    this.#chunk = EMPTY;
    this.#at = 0;
  }

  /** Takes the `length` bytes that #need() showed. */
  #release(length: number): void {
    if (this.#partial === undefined) this.#at += length;
    this.#partial = undefined;
    this.#partialLength = 0;
  }
}

interface Header {
  readonly name: MessageName;
  readonly length: number;
  readonly channel: number;
}

/** `bytes` has a whole header at `at`. */
function parseHeader(bytes: Buffer, at: number, scope: 'leg' | 'carrier'): Header {
  const start = bytes.readUInt32BE(at);
  const type = start >>> 24;
  const length = start & 0xff_ffff;
  const known = messageOf(type);
  if (known === undefined) throw new ProtocolError('PROTOCOL', `unknown frame type 0x${type.toString(16).padStart(2, '0')}`);
  const { name, row } = known;
  if (row.scope !== scope && row.scope !== 'both') throw new ProtocolError('PROTOCOL', `${name} does not belong on a ${scope}`);
  const maxBytes = scope === 'leg' ? Math.min(row.maxBytes, SETUP_BYTES) : row.maxBytes;
  if (length > maxBytes) throw new ProtocolError('PROTOCOL', `${name}: ${length} bytes, at most ${maxBytes} are allowed`);
  return { name, length, channel: bytes.readUInt32BE(at + 4) };
}
