/** lstp with one chain whose services lead to the same server through different front ends. */
import { freePort } from '@lstp/core';
import { untilEchoes, type Chain, type Setting } from './adapter.js';
import { pidsOf, startNodes, type Service } from './lstp.js';

export const FRONT_ENDS = ['forward', 'socks', 'http-proxy'] as const;
export type FrontEndName = (typeof FRONT_ENDS)[number];

/** The ways through the one chain: same processes, an entrance for each front end. */
export async function startFrontEnds(setting: Setting): Promise<readonly (Chain & { readonly name: FrontEndName })[]> {
  const target = `127.0.0.1:${setting.target}`;
  const services: (Service & { readonly name: FrontEndName; readonly entrance: number })[] = [];
  for (const name of FRONT_ENDS) services.push({ name, entrance: await freePort(), keys: name === 'forward' ? `to: "${target}"` : `plugin: ${name}, allow: ["${target}"]` });
  const nodes = await startNodes(setting, { services });
  // All are of one tunnel: when it carries the bytes of one, it does so for all.
  for (const { name, entrance } of services) if (name === 'forward') await untilEchoes(entrance, Object.values(nodes));
  return services.map(({ name, entrance }) => ({ name, entrance, pids: pidsOf(nodes) }));
}
