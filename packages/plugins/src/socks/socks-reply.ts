/** Replies of both versions, and which one tells an application what came of its request. */
import { parseIp, parseTarget, type Answer, type ChannelCode } from '@lstp/core';
import { encodeAddress, ipBytes, NO_ADDRESS, type SocksAddress } from './socks-address.js';

/** SOCKS 5, RFC 1928, section 6. */
export const REPLY = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  connectionRefused: 5,
  ttlExpired: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const;

export type ReplyCode = (typeof REPLY)[keyof typeof REPLY];

/**
 * What the tunnel says in the words of RFC 1928. A name that does not resolve is a host that cannot be reached, and so
 * says every server; a silent target is the nearest to a TTL that ran out; without a carrier there is no network to it.
 */
export const REPLY_OF: Readonly<Record<ChannelCode, ReplyCode>> = {
  done: REPLY.generalFailure,
  reset: REPLY.generalFailure,
  denied: REPLY.notAllowed,
  'unknown-service': REPLY.notAllowed,
  limit: REPLY.generalFailure,
  refused: REPLY.connectionRefused,
  unreachable: REPLY.hostUnreachable,
  timeout: REPLY.ttlExpired,
  'name-not-found': REPLY.hostUnreachable,
  'no-carrier': REPLY.networkUnreachable,
  'peer-restarted': REPLY.generalFailure,
  'shutting-down': REPLY.generalFailure,
  internal: REPLY.generalFailure,
};

/** SOCKS 4 has one word for every failure; 92 and 93 are about identd. */
export const GRANTED = 90;
export const REJECTED = 91;

export function encodeReply(code: ReplyCode, bound: SocksAddress = NO_ADDRESS): Buffer {
  return Buffer.concat([Buffer.from([5, code, 0]), encodeAddress(bound)]);
}

/** An address that is not IPv4 cannot be told: it is left zero. */
export function encodeReply4(code: typeof GRANTED | typeof REJECTED, { host, port }: SocksAddress = NO_ADDRESS): Buffer {
  const reply = Buffer.alloc(8);
  reply[1] = code;
  reply.writeUInt16BE(port, 2);
  const ip = parseIp(host);
  if (ip?.family === 4) ipBytes(ip).copy(reply, 4);
  return reply;
}

/** What an application is told. An address is text, `host:port`, as the contract has it. */
export interface SocksVoice extends Answer {
  succeeded(bound: string | undefined): Buffer;
  failed(reason: ChannelCode): Buffer;
}

/** By version. */
export const voices: Readonly<Record<4 | 5, SocksVoice>> = {
  4: voice((bound) => encodeReply4(GRANTED, addressOf(bound)), () => encodeReply4(REJECTED)),
  5: voice((bound) => encodeReply(REPLY.succeeded, addressOf(bound)), (reason) => encodeReply(REPLY_OF[reason])),
};

function voice(succeeded: SocksVoice['succeeded'], failed: SocksVoice['failed']): SocksVoice {
  return { succeeded, failed, connected: ({ bound }) => succeeded(bound), refused: ({ reason }) => failed(reason) };
}

/** The far end says it: it may be anything. */
function addressOf(text: string | undefined): SocksAddress {
  try {
    return text === undefined ? NO_ADDRESS : parseTarget(text);
  } catch {
    return NO_ADDRESS;
  }
}
