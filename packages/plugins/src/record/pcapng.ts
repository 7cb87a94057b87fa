/**
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in big-endian order: one section, one interface of raw IP packets
 * (LINKTYPE_RAW), packets with times in microseconds, and statistics at the end.
 */
const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const STATISTICS = 5;
const PACKET = 6;
const BYTE_ORDER = 0x1a2b3c4d;
const LINKTYPE_RAW = 101;
/** type, length, interface, time (two words), captured, original; behind the packet the options and the length again. */
const PACKET_HEADER_BYTES = 28;

interface Option {
  readonly code: number;
  readonly value: Buffer;
}

/** What a file begins with. `name` is the interface's, `comment` the section's. */
export function fileHead({ application, name, comment }: { readonly application: string; readonly name: string; readonly comment: string }): Buffer {
  const section = Buffer.alloc(16);
  section.writeUInt32BE(BYTE_ORDER, 0);
  section.writeUInt16BE(1, 4);
  // The section's length is not known.
  section.fill(0xff, 8);
  const wire = Buffer.alloc(8);
  wire.writeUInt16BE(LINKTYPE_RAW, 0);
  return Buffer.concat([
    block(SECTION, section, [text(1, comment), text(4, application)]),
    block(INTERFACE, wire, [text(2, name)]),
  ]);
}

export interface PacketFacts {
  /** Microseconds since 1970. */
  readonly timeUs: number;
  readonly length: number;
  readonly comment?: string;
}

/** How long the block of such a packet is. */
export function packetBlockBytes({ length, comment }: Pick<PacketFacts, 'length' | 'comment'>): number {
  return PACKET_HEADER_BYTES + padded(length) + optionsOf(comment).length + 4;
}

/** Writes all of a packet's block but the packet, for which it gives the place in `into`. */
export function writePacketBlock(into: Buffer, { timeUs, length, comment }: PacketFacts): Buffer {
  const options = optionsOf(comment);
  into.writeUInt32BE(PACKET, 0);
  into.writeUInt32BE(into.length, 4);
  into.writeUInt32BE(0, 8);
  writeTime(into, timeUs, 12);
  into.writeUInt32BE(length, 20);
  into.writeUInt32BE(length, 24);
  const end = PACKET_HEADER_BYTES + length;
  into.fill(0, end, PACKET_HEADER_BYTES + padded(length));
  options.copy(into, PACKET_HEADER_BYTES + padded(length));
  into.writeUInt32BE(into.length, into.length - 4);
  return into.subarray(PACKET_HEADER_BYTES, end);
}

/** What a file ends with: packets that came and those of them that are not in it. */
export function statisticsBlock({ timeUs, packets, dropped, comment }: { readonly timeUs: number; readonly packets: number; readonly dropped: number; readonly comment: string }): Buffer {
  const body = Buffer.alloc(12);
  writeTime(body, timeUs, 4);
  return block(STATISTICS, body, [text(1, comment), { code: 4, value: u64(packets) }, { code: 5, value: u64(dropped) }]);
}

function optionsOf(comment: string | undefined): Buffer {
  return comment === undefined ? Buffer.alloc(0) : encodeOptions([text(1, comment)]);
}

function block(type: number, body: Buffer, options: readonly Option[]): Buffer {
  const encoded = encodeOptions(options);
  const length = 12 + body.length + encoded.length;
  const out = Buffer.alloc(length);
  out.writeUInt32BE(type, 0);
  out.writeUInt32BE(length, 4);
  body.copy(out, 8);
  encoded.copy(out, 8 + body.length);
  out.writeUInt32BE(length, length - 4);
  return out;
}

/** Each: code, length, value, padded to four bytes; then opt_endofopt. */
function encodeOptions(options: readonly Option[]): Buffer {
  const parts = options.map(({ code, value }) => {
    const out = Buffer.alloc(4 + padded(value.length));
    out.writeUInt16BE(code, 0);
    out.writeUInt16BE(value.length, 2);
    value.copy(out, 4);
    return out;
  });
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

function text(code: number, value: string): Option {
  return { code, value: Buffer.from(value) };
}

function u64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}

function writeTime(into: Buffer, timeUs: number, at: number): void {
  into.writeUInt32BE(Math.floor(timeUs / 2 ** 32), at);
  into.writeUInt32BE(timeUs % 2 ** 32, at + 4);
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
