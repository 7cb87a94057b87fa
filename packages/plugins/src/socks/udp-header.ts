/**
 * What stands before each datagram between an application and a SOCKS server (RFC 1928, section 7):
 * two zero bytes, FRAG, the address of the target. Fragments (FRAG not 0) are not put together: an
 * implementation that does not must drop them.
 */
import { encodeAddress, parseAddress, type SocksAddress } from './socks-address.js';

export interface UdpMessage {
  readonly target: SocksAddress;
  /** A view into the datagram. */
  readonly payload: Buffer;
}

/** Undefined for what is to be dropped. */
export function parseUdpMessage(datagram: Buffer): UdpMessage | undefined {
  if (datagram.length < 4 || datagram.readUInt16BE() !== 0 || datagram[2] !== 0) return undefined;
  const parsed = parseAddress(datagram, 3);
  if ('fault' in parsed || parsed.address.port === 0) return undefined;
  return { target: parsed.address, payload: datagram.subarray(parsed.end) };
}

export function encodeUdpHeader(target: SocksAddress): Buffer {
  return Buffer.concat([Buffer.alloc(3), encodeAddress(target)]);
}
