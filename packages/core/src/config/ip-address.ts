/** Literal addresses as numbers: for networks, and for telling which addresses no pattern of names may reach. */
import { isIPv4, isIPv6 } from 'node:net';

export interface IpAddress {
  readonly family: 4 | 6;
  /** 32 or 128 bits. */
  readonly value: bigint;
}

export interface IpNetwork extends IpAddress {
  /** Bits that count. */
  readonly prefix: number;
}

/**
 * The address in `text`, without brackets; a zone (`%eth0`) is left out, an IPv4 address inside IPv6 (mapped, or
 * NAT64) becomes the IPv4 address it means. Undefined for anything else.
 */
export function parseIp(text: string): IpAddress | undefined {
  const bare = text.replace(/%.*$/s, '');
  if (isIPv4(bare)) return { family: 4, value: v4Value(bare) };
  return isIPv6(bare) ? unmapped(v6Value(bare)) : undefined;
}

/** Whether `address` lies in `network`. */
export function inNetwork(address: IpAddress, { family, value, prefix }: IpNetwork): boolean {
  const rest = BigInt((family === 4 ? 32 : 128) - prefix);
  return address.family === family && address.value >> rest === value >> rest;
}

/** Bits of an address of this family. */
export function addressBits(family: 4 | 6): number {
  return family === 4 ? 32 : 128;
}

/** The network of addresses that mean this machine or its link, or hand out credentials, in which `address` lies; undefined where in none. */
export function shelterOf(address: IpAddress): IpNetwork | undefined {
  return SHELTERED.find((network) => inNetwork(address, network));
}

function unmapped(value: bigint): IpAddress {
  const top = value >> 32n;
  return top === MAPPED || top === NAT64 ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

function v4Value(text: string): bigint {
  return text.split('.').reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function v6Value(text: string): bigint {
  const [head = '', tail] = withHexTail(text).split('::');
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function groups(text: string): string[] {
  return text === '' ? [] : text.split(':');
}

/** `::ffff:127.0.0.1` -> `::ffff:7f00:1`. */
function withHexTail(text: string): string {
  const at = text.lastIndexOf(':') + 1;
  const tail = text.slice(at);
  if (!isIPv4(tail)) return text;
  const value = v4Value(tail);
  return `${text.slice(0, at)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
}

/** ::ffff:0:0/96 (RFC 4291) and 64:ff9b::/96 (RFC 6052), without their last 32 bits. */
const MAPPED = 0xffffn;
const NAT64 = v6Value('64:ff9b::') >> 32n;

function network(text: string, prefix: number): IpNetwork {
  return isIPv4(text) ? { family: 4, value: v4Value(text), prefix } : { family: 6, value: v6Value(text), prefix };
}

const SHELTERED: readonly IpNetwork[] = [
  network('0.0.0.0', 8),
  network('127.0.0.0', 8),
  network('169.254.0.0', 16),
  network('224.0.0.0', 4),
  network('255.255.255.255', 32),
  // None, loopback, and the old form of IPv4 in IPv6.
  network('::', 96),
  network('fe80::', 10),
  network('ff00::', 8),
  // Metadata services outside link-local: Alibaba, Oracle, AWS, Google.
  network('100.100.100.200', 32),
  network('192.0.0.192', 32),
  network('fd00:ec2::254', 128),
  network('fd20:ce::254', 128),
];
