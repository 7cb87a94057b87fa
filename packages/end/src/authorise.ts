/**
 * The one function that decides on every CONNECTION_REQUEST, whatever plugin sent it. Default deny: only services that
 * this end's own chain file declares for this tunnel, only at the end that acts for them, and their target comes from
 * this file, never from the asking side.
 */
import type { ChannelCode, ChannelRequestBody, ServiceConfig } from '@lstp/core';

export interface Policy {
  readonly node: string;
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** Whether the service's plugin can act for it at this end. */
  acts(service: ServiceConfig): boolean;
  /** Codecs this end has. */
  readonly codecs: readonly string[];
}

export type Decision = { readonly granted: ServiceConfig } | { readonly denied: ChannelCode; readonly message: string };

export function authorise(request: ChannelRequestBody, policy: Policy): Decision {
  const service = policy.services.get(request.service);
  if (service === undefined) return deny('unknown-service', `service ${request.service} is not declared for this tunnel in the chain file of ${policy.node}`);
  if (service.at === policy.node) return deny('denied', `service ${service.name} takes applications in at ${policy.node}; it is asked for from the other end`);
  if (!policy.acts(service)) return deny('denied', `service ${service.name} (${service.plugin}) has no working back end at ${policy.node}`);
  if (request.kind !== 'stream') return deny('denied', `service ${service.name} (${service.plugin}) carries streams, not ${request.kind}`);
  if (request.binding !== undefined) return deny('denied', `channel ${request.binding} is no binding`);
  if (request.target !== undefined) return deny('denied', `service ${service.name} has one target, which ${policy.node} decides`);
  if (request.codec !== undefined && !policy.codecs.includes(request.codec)) return deny('denied', `codec ${request.codec} is not known at ${policy.node}`);
  return { granted: service };
}

function deny(denied: ChannelCode, message: string): Decision {
  return { denied, message };
}
