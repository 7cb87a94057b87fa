/** That every node which a route dials can be dialed: it listens, and not only on a wildcard. */
import type { ChainDocument } from './chain-document.js';
import type { Chain, NodeConfig } from './chain.js';
import { isWildcard } from './host-port.js';
import { formatLegAddress } from './leg-address.js';

export function checkReach(document: ChainDocument, chain: Chain): void {
  for (const [name, dialer] of dialedNodes(chain)) {
    const node = chain.nodes.get(name);
    if (node !== undefined) checkDialed(document, node, dialer);
  }
}

/** Every dialed node, with the first that dials it. */
function dialedNodes({ tunnels }: Chain): ReadonlyMap<string, string> {
  const dialed = new Map<string, string>();
  const hops = [...tunnels.values()].flatMap(({ routes }) => routes).flatMap((route) => route.hops);
  for (const { left, right, dialer } of hops) {
    const [from, to] = dialer === 'left' ? [left, right] : [right, left];
    if (!dialed.has(to)) dialed.set(to, from);
  }
  return dialed;
}

function checkDialed(document: ChainDocument, node: NodeConfig, dialer: string): void {
  const path = ['nodes', node.name];
  if (node.listen.length === 0) return document.report(path, `"${node.name}" is dialed by "${dialer}" and has no "listen"; add listen: 0.0.0.0:7070, or turn the arrow in the route`, { part: 'key' });
  if (document.has([...path, 'address'])) return;
  const undialable = node.listen.findIndex(({ host, port }) => isWildcard(host) || (port === 0 && /^[\d.:a-z-]+$/i.test(host)));
  const address = node.listen[undialable];
  if (address === undefined) return;
  const place = Array.isArray(document.value([...path, 'listen'])) ? [...path, 'listen', undialable] : [...path, 'listen'];
  const why = isWildcard(address.host) ? 'a wildcard that nobody can dial' : 'a port that is known only when it runs';
  const example = formatLegAddress({ ...address, host: `${node.name}.example.net`, port: address.port === 0 ? 7070 : address.port });
  document.report(place, `listen: "${formatLegAddress(address)}" is ${why}, and "${dialer}" dials "${node.name}"; add address: ${example}`);
}
