/**
 * The one function that decides on every CONNECTION_REQUEST, whatever plugin sent it. Default deny: only services that
 * this end's own chain file declares for this tunnel, only at the end that acts for them, only kinds of channel that they
 * have, and their target comes from this file; where the file lets applications choose it, by its `allow`. What a name is
 * resolved to is checked when it is connected to, by the same patterns (target-addresses.ts).
 */
import type { ChannelCode, ChannelRequestBody, ServiceConfig, VerifiedUser } from '@lstp/core';
import { permittedTarget } from './target-addresses.js';

export interface Policy {
  readonly node: string;
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** The kinds of channel that this end can act on for a service; none where it has no working back end. */
  kindsOf(service: ServiceConfig): readonly ChannelRequestBody['kind'][];
  /** The service whose front end at this end had the other end listen on this channel. */
  listenerOf(channel: number): string | undefined;
  /** Who has logged in at the other end; `pending` while that is being found out, else why nobody has. */
  readonly login: LoginState;
}

export type LoginState = { readonly state: 'pending' } | { readonly state: 'verified'; readonly user: VerifiedUser } | { readonly state: 'none'; readonly message: string };

/** `pending`: ask again when the log-in is decided. */
export type Decision = { readonly granted: ServiceConfig } | { readonly pending: ServiceConfig } | Denial;

export interface Denial {
  readonly denied: ChannelCode;
  readonly message: string;
}

export function authorise(request: ChannelRequestBody, policy: Policy): Decision {
  const { node } = policy;
  const service = policy.services.get(request.service);
  if (service === undefined) return deny('unknown-service', `service ${request.service} is not declared for this tunnel in the chain file of ${node}`);
  const fault = request.binding === undefined ? (placeFault(request, service, policy) ?? targetFault(request, service, node)) : bindingFault(request, service, policy);
  if (fault !== undefined) return deny('denied', fault);
  if (request.codec !== undefined && request.codec !== service.codec) return deny('denied', `service ${service.name} has ${service.codec === undefined ? 'no codec' : `the codec ${service.codec}`} in the chain file of ${node}, not ${request.codec}`);
  if (request.carrier === 'own' && service.carrier !== 'own') return deny('denied', `channels of service ${service.name} share carriers, by the chain file of ${node}`);
  return service.users === undefined || request.binding !== undefined ? { granted: service } : byUser(service, service.users, policy.login);
}

function placeFault({ kind }: ChannelRequestBody, service: ServiceConfig, { node, kindsOf }: Policy): string | undefined {
  if (service.at === node) return `service ${service.name} takes applications in at ${node}; it is asked for from the other end`;
  const kinds = kindsOf(service);
  if (kinds.length === 0) return `service ${service.name} (${service.plugin}) has no working back end at ${node}`;
  return kinds.includes(kind) ? undefined : `service ${service.name} (${service.plugin}) carries ${kinds.join(', ')}, not ${kind}`;
}

function targetFault({ target }: ChannelRequestBody, { name, allow, targets }: ServiceConfig, node: string): string | undefined {
  if (targets !== undefined) return target === undefined || isNumberBelow(targets, target) ? undefined : `service ${name} has ${targets} targets, numbered from 0; there is no ${target}`;
  if (allow === undefined) return target === undefined ? undefined : `service ${name} has one target, which ${node} decides`;
  if (target === undefined) return `service ${name} has no target of its own: the request must name one`;
  return permittedTarget(target, allow) === undefined ? `allow of service ${name} does not permit ${target}` : undefined;
}

function isNumberBelow(count: number, text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) < count;
}

/** A connection that the other end accepted for a front end of this end. */
function bindingFault({ binding = 0, kind, target }: ChannelRequestBody, service: ServiceConfig, { node, listenerOf }: Policy): string | undefined {
  const isAsked = service.at === node && listenerOf(binding) === service.name;
  return isAsked && kind === 'stream' && target === undefined ? undefined : `channel ${binding} is no binding of service ${service.name}`;
}

function byUser(service: ServiceConfig, users: readonly string[], login: LoginState): Decision {
  if (login.state === 'pending') return { pending: service };
  if (login.state === 'none') return deny('denied', `service ${service.name} is for users that have logged in: ${login.message}`);
  return isForUser(users, login.user) ? { granted: service } : deny('denied', `service ${service.name} is not for user ${login.user.user}`);
}

/** Whether `users` of a service names this user, or one of its groups. */
export function isForUser(users: readonly string[], { user, groups = [] }: VerifiedUser): boolean {
  return (!user.startsWith('@') && users.includes(user)) || groups.some((group) => users.includes(`@${group}`));
}

function deny(denied: ChannelCode, message: string): Decision {
  return { denied, message };
}
