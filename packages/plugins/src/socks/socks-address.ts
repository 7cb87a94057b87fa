/**
 * The addresses of SOCKS 5 (RFC 1928, section 5): one byte of type, the address, two bytes of port.
 *
 *   01  IPv4: 4 bytes      03  a name: one byte of length, then that many      04  IPv6: 16 bytes
 *
 * A name is carried as it is, and never looked up here.
 */
import { parseIp, type IpAddress } from '@lstp/core';
import { SocketAddress } from 'node:net';

export interface SocksAddress {
  /** A name or a literal address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** `short`: more bytes are needed. `type`: no such type of address. `name`: no name that any host could have. */
export type AddressFault = 'short' | 'type' | 'name';

export type ParsedAddress = { readonly address: SocksAddress; readonly end: number } | { readonly fault: AddressFault };

const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** What stands where there is no address to tell. */
export const NO_ADDRESS: SocksAddress = { host: '0.0.0.0', port: 0 };

/** Reads an address that begins at `at`; `end` is where it ends. */
export function parseAddress(bytes: Buffer, at: number): ParsedAddress {
  const type = bytes[at];
  if (type === undefined) return { fault: 'short' };
  if (type !== IPV4 && type !== NAME && type !== IPV6) return { fault: 'type' };
  const from = type === NAME ? at + 2 : at + 1;
  const length = type === IPV4 ? 4 : type === IPV6 ? 16 : bytes[at + 1];
  if (length === undefined || bytes.length < from + length + 2) return { fault: 'short' };
  const host = hostOf(bytes.subarray(from, from + length), type);
  return host === undefined ? { fault: 'name' } : { address: { host, port: bytes.readUInt16BE(from + length) }, end: from + length + 2 };
}

/** With its type in front. A name must have at most 255 bytes. */
export function encodeAddress({ host, port }: SocksAddress): Buffer {
  const ip = parseIp(host);
  const name = Buffer.from(host, 'latin1');
  const body = ip === undefined ? Buffer.concat([Buffer.from([NAME, name.length]), name]) : Buffer.concat([Buffer.from([ip.family === 4 ? IPV4 : IPV6]), ipBytes(ip)]);
  const end = Buffer.alloc(2);
  end.writeUInt16BE(port);
  return Buffer.concat([body, end]);
}

/** 4 or 16 bytes. */
export function ipBytes({ family, value }: IpAddress): Buffer {
  return Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex');
}

/** Undefined for what no host can be named: nothing, blanks, control characters, bytes beyond ASCII. */
export function nameOf(bytes: Buffer): string | undefined {
  return bytes.length > 0 && bytes.every((byte) => byte > 0x20 && byte < 0x7f) ? bytes.toString('latin1') : undefined;
}

function hostOf(bytes: Buffer, type: number): string | undefined {
  if (type === NAME) return nameOf(bytes);
  if (type === IPV4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
