/** Byte constructions that digests and payloads are made of. Specification: docs/spec.md, "Notation". */
import { ProtocolError } from './error.js';

/** LP(x): u32 big-endian length, then x. */
export function lengthPrefixed(bytes: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(4 + bytes.length);
  out.writeUInt32BE(bytes.length, 0);
  out.set(bytes, 4);
  return out;
}

/** Reads LP(x) at `offset`: a view of x and the offset behind it. A length beyond `bytes` throws before anything is allocated. */
export function readLengthPrefixed(bytes: Buffer, offset: number, what: string): { value: Buffer; end: number } {
  if (bytes.length - offset < 4) throw new ProtocolError('PROTOCOL', `${what}: ends inside a length`);
  const length = bytes.readUInt32BE(offset);
  if (length > bytes.length - offset - 4) throw new ProtocolError('PROTOCOL', `${what}: a length of ${length} goes beyond the payload`);
  const start = offset + 4;
  return { value: bytes.subarray(start, start + length), end: start + length };
}

/** u64 as a number. Positions beyond 2^53 are refused: no channel lives that long. */
export function readU64(bytes: Buffer, offset: number, what: string): number {
  const high = bytes.readUInt32BE(offset);
  if (high >= 0x20_0000) throw new ProtocolError('PROTOCOL', `${what}: beyond 2^53`);
  return high * 0x1_0000_0000 + bytes.readUInt32BE(offset + 4);
}

export function writeU64(bytes: Buffer, value: number, offset: number): void {
  bytes.writeUInt32BE(Math.floor(value / 0x1_0000_0000), offset);
  bytes.writeUInt32BE(value >>> 0, offset + 4);
}
