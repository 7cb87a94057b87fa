/**
 * Records of an Xauthority file, as libXau reads and writes them (Xau(3)): a family, then address, display number, name of
 * the protocol and its data, each behind its length. All numbers are u16, high byte first. Pure.
 */

/** Of the machine itself: its address is the host's name. */
export const FAMILY_LOCAL = 256;
export const FAMILY_INTERNET = 0;
export const FAMILY_INTERNET6 = 6;
/** Of any address. */
export const FAMILY_WILD = 65_535;

/** The one protocol that is made and used here. */
export const MAGIC_COOKIE = 'MIT-MAGIC-COOKIE-1';

export interface XauthorityRecord {
  readonly family: number;
  readonly address: Buffer;
  /** In decimal; empty is any. */
  readonly display: string;
  readonly name: string;
  readonly data: Buffer;
}

export interface XauthorityContent {
  readonly records: readonly XauthorityRecord[];
  /** Where no record could be read any more; absent where all could. */
  readonly brokenAt?: number;
}

/** Views into `bytes`. */
export function parseXauthority(bytes: Buffer): XauthorityContent {
  const records: XauthorityRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const read = recordAt(bytes, at);
    if (read === undefined) return { records, brokenAt: at };
    records.push(read.record);
    at = read.next;
  }
  return { records };
}

export function encodeXauthority(records: readonly XauthorityRecord[]): Buffer {
  return Buffer.concat(records.flatMap(({ family, address, display, name, data }) => [u16(family), ...[address, Buffer.from(display, 'latin1'), Buffer.from(name, 'latin1'), data].flatMap((field) => [u16(field.length), field])]));
}

/** Whether they are about the same display and protocol: one takes the place of the other. */
export function isSamePlace(a: XauthorityRecord, b: XauthorityRecord): boolean {
  return a.family === b.family && a.address.equals(b.address) && a.display === b.display && a.name === b.name;
}

function recordAt(bytes: Buffer, start: number): { readonly record: XauthorityRecord; readonly next: number } | undefined {
  if (start + 2 > bytes.length) return undefined;
  const fields: Buffer[] = [];
  let at = start + 2;
  while (fields.length < 4) {
    if (at + 2 > bytes.length) return undefined;
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + 2, end));
    at = end;
  }
  const [address, display, name, data] = fields as [Buffer, Buffer, Buffer, Buffer];
  return { record: { family: bytes.readUInt16BE(start), address, display: display.toString('latin1'), name: name.toString('latin1'), data }, next: at };
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
