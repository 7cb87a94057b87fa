/** Denials in the log: one form for all of them. `audit` finds them. */
import type { Channel, ChannelCode } from '@lstp/core';
import type { Logger } from 'pino';

/** Who is at the other end. */
export interface Who {
  /** The node. */
  readonly peer: string;
  /** Who has logged in there. */
  readonly user?: string;
}

/** Who asked (`peer`, `user`, and `source` as the peer says), for what (`service`, `kind`, `target`), and why not (`code`, `reason`). */
export function auditDenial(logger: Logger, { id, request, source }: Channel, { code, message, peer, user }: Who & { readonly code: ChannelCode; readonly message: string }): void {
  const { service, kind, target } = request;
  logger.warn({ audit: 'denied', peer, user, source, service, kind, target, channel: id, code, reason: message }, 'channel denied');
}
