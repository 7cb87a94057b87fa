/**
 * What a load balancer says in front of a connection's bytes, so that its true source is known: the PROXY protocol,
 * version 2, as HAProxy publishes it (doc/proxy-protocol.txt, section 2.2).
 *
 *   0  signature, 12 bytes      12  version and command      13  family      14  u16 length of what follows
 *   16 source and destination address, u16 source and destination port, then fields that are of no interest here
 */

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const HEAD_BYTES = 16;
/** Of the whole header: addresses take 36, the rest are fields of the balancer. */
export const PROXY_HEADER_BYTES = 4096;
const LOCAL = 0x20;
const PROXY = 0x21;
/** Of a client without an address, at a Unix socket of the balancer's for one. */
const UNSPECIFIED = 0x00;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
/** An IPv4 address among those of IPv6, as a listener for both has it. */
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

export interface ProxyHeader {
  /** The true source; undefined where the balancer speaks for itself (its health checks), or does not know it. */
  readonly source: { readonly address: string; readonly port: number } | undefined;
  /** Bytes of the header. */
  readonly length: number;
}

/** Undefined while more bytes are needed. Throws a plain Error that says what came instead. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  const known = Math.min(bytes.length, SIGNATURE.length);
  if (!bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known))) throw new Error(notThere(bytes));
  if (bytes.length < HEAD_BYTES) return undefined;
  const [command = 0, family = 0] = bytes.subarray(12, 14);
  const length = HEAD_BYTES + bytes.readUInt16BE(14);
  if (command !== LOCAL && command !== PROXY) throw new Error(`a PROXY header of version or command 0x${command.toString(16)}, where 0x20 and 0x21 are known`);
  if (length > PROXY_HEADER_BYTES) throw new Error(`a PROXY header of ${length} bytes; at most ${PROXY_HEADER_BYTES} are taken`);
  if (bytes.length < length) return undefined;
  return { source: command === LOCAL ? undefined : sourceOf(bytes.subarray(HEAD_BYTES, length), family), length };
}

function sourceOf(body: Buffer, family: number): ProxyHeader['source'] {
  if (family === UNSPECIFIED) return undefined;
  if (family === TCP_OVER_IPV4 && body.length >= 12) return { address: body.subarray(0, 4).join('.'), port: body.readUInt16BE(8) };
  if (family === TCP_OVER_IPV6 && body.length >= 36) {
    if (body.subarray(0, 12).equals(MAPPED)) return { address: body.subarray(12, 16).join('.'), port: body.readUInt16BE(32) };
    const groups = Array.from({ length: 8 }, (_, index) => body.readUInt16BE(index * 2).toString(16));
    return { address: groups.join(':'), port: body.readUInt16BE(32) };
  }
  throw new Error(`a PROXY header of family 0x${family.toString(16)} and ${body.length} bytes, where TCP over IPv4 or IPv6 is needed`);
}

function notThere(bytes: Buffer): string {
  if (bytes.subarray(0, 6).equals(Buffer.from('PROXY '))) return 'a PROXY header of version 1; let the load balancer send version 2 (HAProxy: send-proxy-v2)';
  return 'no PROXY header, which `proxyProtocol` says that this address sends';
}
