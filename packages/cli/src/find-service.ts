import type { Chain } from '@lstp/core';
import { UsageError } from './exit-status.js';
import { wrongWord } from './wrong-word.js';

export interface ServiceName {
  readonly tunnel: string;
  readonly service: string;
}

/** The service that `wanted` (`service` or `tunnel/service`) means at `node`. Throws UsageError with the nearest, or the candidates. */
export function findService(chain: Chain, node: string, wanted: string): ServiceName {
  const slash = wanted.indexOf('/');
  const [tunnel, name] = slash === -1 ? [undefined, wanted] : [wanted.slice(0, slash), wanted.slice(slash + 1)];
  if (tunnel !== undefined && !chain.tunnels.has(tunnel)) throw wrongWord('tunnel', tunnel, { candidates: [...chain.tunnels.keys()], where: `in ${chain.file}` });
  const here = servicesAt(chain, node).filter((candidate) => tunnel === undefined || candidate.tunnel === tunnel);
  const fitting = here.filter(({ service }) => service === name);
  const [only, ...others] = fitting;
  if (only === undefined) throw wrongWord('service', name, { candidates: here.map(({ service }) => service), where: `with \`at: ${node}\` in ${chain.file}` });
  if (others.length > 0) throw new UsageError(`several tunnels have a service ${name}; choose ${fitting.map((at) => `${at.tunnel}/${at.service}`).join(' or ')}`);
  return only;
}

function servicesAt({ tunnels }: Chain, node: string): ServiceName[] {
  return [...tunnels.values()].flatMap((tunnel) => [...tunnel.services.values()].filter(({ at }) => at === node).map(({ name }) => ({ tunnel: tunnel.name, service: name })));
}
