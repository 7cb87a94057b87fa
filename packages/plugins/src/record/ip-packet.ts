/**
 * IP packets as if the bytes of a channel had gone over a wire: IPv4 (RFC 791) or IPv6 (RFC 8200), with TCP (RFC 9293)
 * or UDP (RFC 768), all checksums right.
 */
export interface Endpoint {
  /** 4 bytes or 16; both of a packet alike. */
  readonly address: Buffer;
  readonly port: number;
}

export interface Segment {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly payload: Uint8Array;
  /** Absent: a UDP datagram. */
  readonly tcp?: { readonly seq: number; readonly ack: number; readonly flags: number };
}

export const TCP_FLAGS = { fin: 0x01, syn: 0x02, rst: 0x04, push: 0x08, ack: 0x10 } as const;

const TCP_BYTES = 20;
const UDP_BYTES = 8;

export function packetBytes({ from, payload, tcp }: Segment): number {
  return (from.address.length === 4 ? 20 : 40) + (tcp === undefined ? UDP_BYTES : TCP_BYTES) + payload.length;
}

/** Writes the whole packet; `into` has packetBytes() bytes. */
export function writePacket(into: Buffer, segment: Segment): void {
  const at = segment.from.address.length === 4 ? writeIpv4(into, segment) : writeIpv6(into, segment);
  const transport = into.subarray(at);
  if (segment.tcp === undefined) writeUdp(transport, segment);
  else writeTcp(transport, segment, segment.tcp);
}

function writeIpv4(into: Buffer, { from, to, tcp }: Segment): number {
  into.fill(0, 0, 20);
  into.writeUInt8(0x45, 0);
  into.writeUInt16BE(into.length, 2);
  into.writeUInt16BE(0x4000, 6);
  into.writeUInt8(64, 8);
  into.writeUInt8(protocolOf(tcp), 9);
  from.address.copy(into, 12);
  to.address.copy(into, 16);
  into.writeUInt16BE(checksum(sum(into.subarray(0, 20), 0)), 10);
  return 20;
}

function writeIpv6(into: Buffer, { from, to, tcp }: Segment): number {
  into.writeUInt32BE(0x6000_0000, 0);
  into.writeUInt16BE(into.length - 40, 4);
  into.writeUInt8(protocolOf(tcp), 6);
  into.writeUInt8(64, 7);
  from.address.copy(into, 8);
  to.address.copy(into, 24);
  return 40;
}

function writeTcp(into: Buffer, { from, to, payload }: Segment, { seq, ack, flags }: NonNullable<Segment['tcp']>): void {
  into.writeUInt16BE(from.port, 0);
  into.writeUInt16BE(to.port, 2);
  into.writeUInt32BE(seq, 4);
  into.writeUInt32BE(ack, 8);
  into.writeUInt8(0x50, 12);
  into.writeUInt8(flags, 13);
  into.writeUInt16BE(0xffff, 14);
  into.writeUInt32BE(0, 16);
  into.set(payload, TCP_BYTES);
  into.writeUInt16BE(checksum(sum(into, pseudoHeader(from, to, { protocol: 6, length: into.length }))), 16);
}

function writeUdp(into: Buffer, { from, to, payload }: Segment): void {
  into.writeUInt16BE(from.port, 0);
  into.writeUInt16BE(to.port, 2);
  into.writeUInt16BE(into.length, 4);
  into.writeUInt16BE(0, 6);
  into.set(payload, UDP_BYTES);
  // Zero would say that there is none.
  into.writeUInt16BE(checksum(sum(into, pseudoHeader(from, to, { protocol: 17, length: into.length }))) || 0xffff, 6);
}

function protocolOf(tcp: Segment['tcp']): number {
  return tcp === undefined ? 17 : 6;
}

function pseudoHeader(from: Endpoint, to: Endpoint, { protocol, length }: { readonly protocol: number; readonly length: number }): number {
  return sum(to.address, sum(from.address, protocol + length));
}

/** Adds 16-bit words (RFC 1071); what is folded at the end stays far below 2^53. */
function sum(bytes: Buffer, start: number): number {
  let total = start;
  const even = bytes.length & ~1;
  for (let at = 0; at < even; at += 2) total += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  return even === bytes.length ? total : total + ((bytes[even] as number) << 8);
}

function checksum(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = Math.floor(folded / 0x1_0000) + (folded & 0xffff);
  return ~folded & 0xffff;
}
