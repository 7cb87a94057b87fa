/**
 * Frames of a WebSocket, as they come: payload is handed on as soon as it is there, so that no message is ever gathered.
 * Pure. Specification: RFC 6455, section 5.
 */
import { CLOSE_CODES, MESSAGE_BYTES, OPCODES } from './policy.js';

export interface FrameSink {
  /** More of the message that is under way. `bytes` is a view of what was pushed, unmasked where it lies. */
  handleData(bytes: Buffer): void;
  /** A message of no bytes. */
  handleEmpty(): void;
  handlePing(payload: Buffer): void;
  handleClose(): void;
}

/** What the other side may not send. */
export class FrameFault extends Error {
  constructor(
    /** RFC 6455, section 7.4.1: what it is told. */
    readonly closeCode: number,
    message: string,
  ) {
    super(message);
  }
}

/** FIN, opcode and length; the length in 8 bytes; a masking key. */
const LONGEST_HEADER_BYTES = 14;
const LONGEST_CONTROL_BYTES = 125;
const [FIN, RESERVED, OPCODE, MASKED, LENGTH] = [0x80, 0x70, 0x0f, 0x80, 0x7f];
const [LENGTH_IN_2, LENGTH_IN_8] = [126, 127];

interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  /** Where its payload begins. */
  readonly headerBytes: number;
  readonly length: number;
  /** 0: no change. */
  readonly mask: number;
}

export class FrameParser {
  readonly #sink: FrameSink;
  /** Whether the other side is the one that dialed, which has to mask. */
  readonly #isMasked: boolean;
  /** The begin of a header. */
  #rest: Buffer | undefined;
  #frame: Frame | undefined;
  /** Of the payload of the frame. */
  #taken = 0;
  /** Bytes of the message that is under way, in all its frames so far; undefined between messages. */
  #messageBytes: number | undefined;
  /** Payload of a control frame, until it is whole. */
  #control: Buffer[] = [];
  #isClosed = false;

  constructor(sink: FrameSink, { isMasked }: { readonly isMasked: boolean }) {
    this.#sink = sink;
    this.#isMasked = isMasked;
  }

  /** Throws FrameFault; nothing may be pushed then. What comes behind a close is no longer looked at. */
  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length && !this.#isClosed; ) at = this.#frame === undefined ? this.#begin(bytes, at) : this.#goOn(bytes, at, this.#frame);
  }

  /** Both give where to go on. */
  #begin(bytes: Buffer, at: number): number {
    const before = this.#rest?.length ?? 0;
    const next = bytes.subarray(at, at + LONGEST_HEADER_BYTES);
    const head = this.#rest === undefined ? next : Buffer.concat([this.#rest, next]);
    const frame = readHeader(head, this.#isMasked);
    if (frame === undefined) {
      this.#rest = Buffer.from(head);
      return bytes.length;
    }
    this.#rest = undefined;
    this.#enter(frame);
    return at + frame.headerBytes - before;
  }

  #enter(frame: Frame): void {
    const { opcode, isLast, length } = frame;
    if (opcode >= OPCODES.close) checkControl(frame);
    else {
      checkOrder(opcode, this.#messageBytes !== undefined);
      this.#messageBytes = (this.#messageBytes ?? 0) + length;
      if (this.#messageBytes > MESSAGE_BYTES) throw new FrameFault(CLOSE_CODES.tooLong, `a message of ${this.#messageBytes} bytes came, where one has at most ${MESSAGE_BYTES}`);
    }
    this.#frame = frame;
    this.#taken = 0;
    if (isLast && length === 0) this.#leave(frame);
    else if (length === 0) this.#frame = undefined;
  }

  #goOn(bytes: Buffer, at: number, frame: Frame): number {
    const part = bytes.subarray(at, at + frame.length - this.#taken);
    if (frame.mask !== 0) unmask(part, frame.mask, this.#taken);
    this.#taken += part.length;
    if (frame.opcode < OPCODES.close) this.#sink.handleData(part);
    else this.#control.push(Buffer.from(part));
    if (this.#taken === frame.length) this.#leave(frame);
    return at + part.length;
  }

  #leave({ opcode, isLast }: Frame): void {
    this.#frame = undefined;
    if (opcode >= OPCODES.close) return this.#handleControl(opcode);
    if (!isLast) return;
    const isEmpty = this.#messageBytes === 0;
    this.#messageBytes = undefined;
    if (isEmpty) this.#sink.handleEmpty();
  }

  #handleControl(opcode: number): void {
    const payload = Buffer.concat(this.#control);
    this.#control = [];
    this.#isClosed = opcode === OPCODES.close;
    if (this.#isClosed) this.#sink.handleClose();
    else if (opcode === OPCODES.ping) this.#sink.handlePing(payload);
  }
}

/** Undefined: not whole yet. */
function readHeader(bytes: Buffer, isMasked: boolean): Frame | undefined {
  const [first, second] = bytes;
  if (first === undefined || second === undefined) return undefined;
  checkBits(first, second, isMasked);
  const short = second & LENGTH;
  const maskAt = short === LENGTH_IN_8 ? 10 : short === LENGTH_IN_2 ? 4 : 2;
  const headerBytes = maskAt + (isMasked ? 4 : 0);
  if (bytes.length < headerBytes) return undefined;
  const length = short === LENGTH_IN_8 ? Number(bytes.readBigUInt64BE(2)) : short === LENGTH_IN_2 ? bytes.readUInt16BE(2) : short;
  return { opcode: first & OPCODE, isLast: (first & FIN) !== 0, headerBytes, length, mask: isMasked ? bytes.readUInt32BE(maskAt) : 0 };
}

function checkBits(first: number, second: number, isMasked: boolean): void {
  if ((first & RESERVED) !== 0) throw new FrameFault(CLOSE_CODES.protocol, 'a frame with bits of an extension came, and none was agreed on');
  if (((second & MASKED) !== 0) !== isMasked) throw new FrameFault(CLOSE_CODES.protocol, isMasked ? 'a frame without a masking key came from the side that dialed' : 'a masked frame came from the side that was dialed');
}

function checkControl({ opcode, isLast, length }: Frame): void {
  if (opcode > OPCODES.pong) throw new FrameFault(CLOSE_CODES.protocol, `a frame of unknown kind came, opcode ${opcode}`);
  if (!isLast || length > LONGEST_CONTROL_BYTES) throw new FrameFault(CLOSE_CODES.protocol, `a control frame came in pieces, or longer than ${LONGEST_CONTROL_BYTES} bytes`);
}

function checkOrder(opcode: number, isUnderWay: boolean): void {
  if (opcode === OPCODES.text) throw new FrameFault(CLOSE_CODES.unsupported, 'a text message came, where legs have binary ones');
  if (opcode > OPCODES.binary) throw new FrameFault(CLOSE_CODES.protocol, `a frame of unknown kind came, opcode ${opcode}`);
  if ((opcode === OPCODES.continuation) !== isUnderWay) throw new FrameFault(CLOSE_CODES.protocol, isUnderWay ? 'a message began within another' : 'a message went on that had not begun');
}

/** In place; `from` is the place of its first byte in the payload. */
function unmask(bytes: Buffer, mask: number, from: number): void {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt32BE(mask);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = (bytes[i] as number) ^ (key[(from + i) & 3] as number);
}
