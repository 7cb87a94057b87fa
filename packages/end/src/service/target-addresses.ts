/**
 * Where a target that an application chose is: its name is resolved once, at this end, and every address that `allow`
 * does not permit is left out. What comes out is dialed, and nothing else.
 */
import { lookup } from 'node:dns/promises';
import { ChannelRefusal, FormError, isAllowed, mayReach, parseTarget, type AllowPattern, type Target, type TargetAddress } from '@lstp/core';

/** A name server that does not answer. */
const RESOLVE_TIMEOUT_MS = 10_000;

/** By the target alone, before its name is resolved. Undefined: it is no target, or none that is allowed. */
export function permittedTarget(text: string, allow: readonly AllowPattern[]): Target | undefined {
  try {
    const target = parseTarget(text);
    return mayReach(allow, target) ? target : undefined;
  } catch (error) {
    if (error instanceof FormError) return undefined;
    throw error;
  }
}

/** Throws ChannelRefusal: `denied`, `name-not-found`, `timeout`. */
export async function resolveTarget(text: string, allow: readonly AllowPattern[]): Promise<readonly TargetAddress[]> {
  const target = permittedTarget(text, allow);
  if (target === undefined) throw new ChannelRefusal('denied', `${text} is not allowed`);
  const hosts = await addressesOf(target);
  const permitted = hosts.filter((host) => isAllowed(allow, target, host));
  if (permitted.length === 0) throw new ChannelRefusal('denied', `${text} is at ${hosts.join(', ')}, which is not allowed`);
  return permitted.map((host) => ({ kind: 'tcp', host, port: target.port }));
}

async function addressesOf({ host }: Target): Promise<string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ChannelRefusal('timeout', `${host}: its name was not resolved within ${RESOLVE_TIMEOUT_MS / 1000} s`)), RESOLVE_TIMEOUT_MS);
  });
  try {
    const found = await Promise.race([lookup(host, { all: true }), late]);
    return found.map(({ address }) => address);
  } catch (error) {
    if (error instanceof ChannelRefusal) throw error;
    throw new ChannelRefusal('name-not-found', `${host}: ${(error as Error).message}`);
  } finally {
    clearTimeout(timer);
  }
}
