/** `lstp map --format json`: for other programs. Members are added, never renamed or removed. */
import type { Chain } from '@lstp/core';
import { chainMap, legsOf, type MapTunnel } from './chain-map.js';

export function mapJson(chain: Chain): string {
  const { file, nodes, tunnels } = chainMap(chain);
  return `${JSON.stringify({ file, nodes, tunnels: tunnels.map(tunnelJson) }, null, 2)}\n`;
}

function tunnelJson(tunnel: MapTunnel): object {
  const { name, common, left, right, carriers, spread, routes, services } = tunnel;
  return { name, common, left, right, carriers, spread, routes: routes.map(({ text, nodes }) => ({ text, nodes: nodes.map((node) => node.name) })), legs: legsOf(tunnel), services };
}
