/**
 * The first thing that an X client says, as far as a front end must know it (X Window System Protocol, section 8):
 * byte order `l` or `B`, 1 unused, u16 major, u16 minor, u16 length of the authorization's name, u16 of its data, 2 unused;
 * then both, each padded to a multiple of 4.
 */

export type ByteOrder = 'little' | 'big';

export interface SetupRequest {
  readonly order: ByteOrder;
  readonly name: string;
  /** A view. */
  readonly data: Buffer;
  /** The same request without any authorization: a cookie of this display is nobody else's business. */
  readonly bare: Buffer;
}

/** What is no X client, or one whose authorization no X server would take. */
export class SetupFault extends Error {
  /** `order` is absent where there is no X client to tell it to. */
  constructor(
    message: string,
    readonly order?: ByteOrder,
  ) {
    super(message);
    this.name = 'SetupFault';
  }
}

const HEADER_BYTES = 12;
/** Of an authorization's name and of its data, each: a cookie has 16. */
const AUTHORIZATION_BYTES = 256;
const LITTLE = 0x6c;
const BIG = 0x42;
const FAILED = 0;
const PROTOCOL_MAJOR = 11;
/** Its length is one byte. */
const REASON_BYTES = 255;

/** For Handshake.read(). Throws SetupFault. */
export function parseSetupRequest(bytes: Buffer): { readonly value: SetupRequest; readonly length: number } | undefined {
  if (bytes.length === 0) return undefined;
  const order = orderOf(bytes);
  if (bytes.length < HEADER_BYTES) return undefined;
  const u16 = (at: number): number => (order === 'little' ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const [nameBytes, dataBytes] = [u16(6), u16(8)];
  if (nameBytes > AUTHORIZATION_BYTES || dataBytes > AUTHORIZATION_BYTES) throw new SetupFault(`an authorization of ${nameBytes} and ${dataBytes} bytes; a cookie has 16`, order);
  const dataAt = HEADER_BYTES + padded(nameBytes);
  const length = dataAt + padded(dataBytes);
  if (bytes.length < length) return undefined;
  const name = bytes.toString('latin1', HEADER_BYTES, HEADER_BYTES + nameBytes);
  return { value: { order, name, data: bytes.subarray(dataAt, dataAt + dataBytes), bare: bareHeader(bytes) }, length };
}

/** An X server's refusal: 0, u8 length of the reason, u16 11, u16 0, u16 length of what follows in 4 bytes, the reason. */
export function setupFailure(order: ByteOrder, reason: string): Buffer {
  const text = Buffer.from(reason).subarray(0, REASON_BYTES);
  const bytes = Buffer.alloc(8 + padded(text.length));
  const put = (value: number, at: number): unknown => (order === 'little' ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at));
  bytes.writeUInt8(FAILED, 0);
  bytes.writeUInt8(text.length, 1);
  put(PROTOCOL_MAJOR, 2);
  put(padded(text.length) / 4, 6);
  text.copy(bytes, 8);
  return bytes;
}

function orderOf(bytes: Buffer): ByteOrder {
  if (bytes[0] === LITTLE) return 'little';
  if (bytes[0] === BIG) return 'big';
  throw new SetupFault('this is no X client: it does not begin with a byte order');
}

function bareHeader(bytes: Buffer): Buffer {
  const header = Buffer.from(bytes.subarray(0, HEADER_BYTES));
  return header.fill(0, 6);
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
