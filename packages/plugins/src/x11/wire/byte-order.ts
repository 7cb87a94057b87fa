/** The two byte orders of the X protocol; a client chooses, by the first byte of its set-up packet. */
export interface ByteOrder {
  /** The first byte of a set-up packet: `l` or `B`. */
  readonly letter: number;
  u16(bytes: Uint8Array, at: number): number;
  u32(bytes: Uint8Array, at: number): number;
  writeU16(bytes: Uint8Array, at: number, value: number): void;
  writeU32(bytes: Uint8Array, at: number, value: number): void;
}

export const LSB_FIRST: ByteOrder = {
  letter: 0x6c,
  u16: (bytes, at) => (bytes[at] as number) | ((bytes[at + 1] as number) << 8),
  u32: (bytes, at) => ((bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0,
  writeU16: (bytes, at, value) => {
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
  },
  writeU32: (bytes, at, value) => {
    LSB_FIRST.writeU16(bytes, at, value);
    LSB_FIRST.writeU16(bytes, at + 2, value >>> 16);
  },
};

export const MSB_FIRST: ByteOrder = {
  letter: 0x42,
  u16: (bytes, at) => ((bytes[at] as number) << 8) | (bytes[at + 1] as number),
  u32: (bytes, at) => (((bytes[at] as number) << 24) | ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number)) >>> 0,
  writeU16: (bytes, at, value) => {
    bytes[at] = value >>> 8;
    bytes[at + 1] = value;
  },
  writeU32: (bytes, at, value) => {
    MSB_FIRST.writeU16(bytes, at, value >>> 16);
    MSB_FIRST.writeU16(bytes, at + 2, value);
  },
};

/** Undefined for a byte that begins no set-up packet. */
export function byteOrderOf(letter: number | undefined): ByteOrder | undefined {
  return [LSB_FIRST, MSB_FIRST].find((order) => order.letter === letter);
}

/** The next multiple of four: everything in X is padded to that. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}
