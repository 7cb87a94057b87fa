/** Why a leg did not come about, told by whoever was on the way. */
import { formatHostPort, type LegDialRequest } from '@lstp/core';

export type LegErrorCode =
  /** A proxy wants to know who asks, or does not believe it. */
  | 'ERR_LSTP_PROXY_AUTH'
  /** A rule of the proxy forbids it. */
  | 'ERR_LSTP_PROXY_REFUSED'
  /** The proxy could not reach where it was asked to. */
  | 'ERR_LSTP_PROXY_TARGET'
  /** It does not speak the protocol that the egress says. */
  | 'ERR_LSTP_PROXY_ANSWER'
  /** It ended the connection in the middle of the handshake. */
  | 'ERR_LSTP_PROXY_CLOSED'
  /** It said nothing, or too little, in time. */
  | 'ERR_LSTP_PROXY_TIMEOUT'
  /** What the egress says cannot be done with this kind of proxy. */
  | 'ERR_LSTP_EGRESS'
  /** TLS with a proxy or a node failed: no TLS there, or a certificate that is not believed. */
  | 'ERR_LSTP_LEG_TLS'
  /** What answers is no WebSocket of a node. */
  | 'ERR_LSTP_LEG_WEBSOCKET'
  /** A handshake of a leg ended, or took too long. */
  | 'ERR_LSTP_LEG_CLOSED'
  | 'ERR_LSTP_LEG_TIMEOUT';

/** A plain Error with a code; the message names the address and the cause. */
export class LegError extends Error {
  constructor(
    readonly code: LegErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'LegError';
  }
}

/** `socks5://fw.globex:1080`, never with user or password. */
export function formatPlace({ scheme, host, port, path = '' }: LegDialRequest['address']): string {
  return `${scheme}://${formatHostPort({ host, port })}${path}`;
}
