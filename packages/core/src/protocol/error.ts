/**
 * Codes and the error class of the wire. What goes wrong here is the peer's fault;
 * the operator's faults are ConfigError, the world's are plain Error.
 * Specification: docs/spec.md, "Errors". Every code has a row in docs/errors.md.
 */

/** Codes that travel in ERROR. To a stranger every refusal is REFUSED. */
export const WIRE_CODES = [
  'REFUSED',
  'VERSION',
  'PROTOCOL',
  'TAMPERED',
  'SUPERSEDED',
  'LOOP',
  'ROUTE',
  'LIMIT',
  'TIMEOUT',
  'UNREACHABLE',
  'LOST',
  'ASSOCIATION_RESET',
  'SHUTTING_DOWN',
  'INTERNAL',
] as const;
export type WireCode = (typeof WIRE_CODES)[number];

/** Codes of a refused or ended channel: CONNECTION_NACK, SERVICE_BEGIN_NACK, SERVICE_FREE_REQUEST. */
export const CHANNEL_CODES = [
  'done',
  'reset',
  'denied',
  'unknown-service',
  'limit',
  'refused',
  'unreachable',
  'timeout',
  'name-not-found',
  'no-carrier',
  'peer-restarted',
  'shutting-down',
  'internal',
] as const;
export type ChannelCode = (typeof CHANNEL_CODES)[number];

/** The peer broke the protocol. `code` goes on the wire, `message` names frame and member. */
export class ProtocolError extends Error {
  readonly code = 'ERR_LSTP_PROTOCOL';

  constructor(
    readonly wireCode: WireCode,
    message: string,
  ) {
    super(message);
    this.name = 'ProtocolError';
  }
}
