/**
 * What is said to a server in front of a connection's bytes, so that it knows the true client: the PROXY protocol,
 * versions 1 and 2, as HAProxy publishes it (doc/proxy-protocol.txt, sections 2.1 and 2.2).
 */
import { isIPv4 } from 'node:net';
import { parseIp, parseTarget, type Target } from '@lstp/core';

export interface ProxyFacts {
  /** The client, `host:port`; absent where it has no address: a Unix socket. */
  readonly source: string | undefined;
  /** The server, as it was connected to; absent where it has no address. */
  readonly destination: { readonly host: string; readonly port: number } | undefined;
}

interface Endpoint {
  /** 16 bytes, IPv4 as ::ffff:a.b.c.d. */
  readonly address: Buffer;
  readonly port: number;
}

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
/** Version 2, command PROXY. */
const PROXY_COMMAND = 0x21;
const UNSPEC = 0x00;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
const NOWHERE: Endpoint = { address: Buffer.concat([MAPPED, Buffer.alloc(4)]), port: 0 };

export function proxyHeader(version: 'v1' | 'v2', { source, destination }: ProxyFacts): Buffer {
  const from = source === undefined ? undefined : endpointOf(parsed(source));
  const to = endpointOf(destination) ?? NOWHERE;
  return version === 'v1' ? textHeader(from, to) : binaryHeader(from, to);
}

/** `PROXY TCP4 192.0.2.7 10.1.0.1 40000 80`, CR LF. */
function textHeader(from: Endpoint | undefined, to: Endpoint): Buffer {
  if (from === undefined) return Buffer.from('PROXY UNKNOWN\r\n');
  const isV4 = areBothV4(from, to);
  const show = isV4 ? showV4 : showV6;
  return Buffer.from(`PROXY ${isV4 ? 'TCP4' : 'TCP6'} ${show(from.address)} ${show(to.address)} ${from.port} ${to.port}\r\n`);
}

/** Signature, version and command, family, u16 length; both addresses, both ports as u16. */
function binaryHeader(from: Endpoint | undefined, to: Endpoint): Buffer {
  if (from === undefined) return Buffer.concat([SIGNATURE, Buffer.of(PROXY_COMMAND, UNSPEC, 0, 0)]);
  const isV4 = areBothV4(from, to);
  const addresses = [from.address, to.address].map((address) => (isV4 ? address.subarray(12) : address));
  const ports = Buffer.alloc(4);
  ports.writeUInt16BE(from.port, 0);
  ports.writeUInt16BE(to.port, 2);
  const body = Buffer.concat([...addresses, ports]);
  return Buffer.concat([SIGNATURE, Buffer.of(PROXY_COMMAND, isV4 ? TCP_OVER_IPV4 : TCP_OVER_IPV6, 0, body.length), body]);
}

/** What the other end says is not taken on trust: what is no address is unknown. */
function parsed(text: string): Target | undefined {
  try {
    return parseTarget(text);
  } catch {
    return undefined;
  }
}

function endpointOf(target: { readonly host: string; readonly port: number } | undefined): Endpoint | undefined {
  const ip = target === undefined ? undefined : parseIp(target.host);
  if (ip === undefined || target === undefined) return undefined;
  const bytes = Buffer.from(ip.value.toString(16).padStart(ip.family === 4 ? 8 : 32, '0'), 'hex');
  return { address: ip.family === 4 ? Buffer.concat([MAPPED, bytes]) : bytes, port: target.port };
}

function areBothV4(...endpoints: readonly Endpoint[]): boolean {
  return endpoints.every(({ address }) => address.subarray(0, 12).equals(MAPPED));
}

function showV4(address: Buffer): string {
  return address.subarray(12).join('.');
}

function showV6(address: Buffer): string {
  const mapped = address.subarray(0, 12).equals(MAPPED) ? showV4(address) : '';
  if (isIPv4(mapped)) return `::ffff:${mapped}`;
  return Array.from({ length: 8 }, (_, index) => address.readUInt16BE(index * 2).toString(16)).join(':');
}
