/**
 * The chain as `lstp up --all` runs it, every node in one process on one machine: all traffic between nodes stays
 * on loopback, and the keys are those at hand.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { PublicKey } from '../protocol/index.js';
import type { Chain, LegAddress, NodeConfig } from './chain.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { DIRECT_EGRESS } from './egress-schema.js';

export interface TrialOptions {
  /** Whether nodes dial each other straight, whatever their egress says. */
  readonly direct: boolean;
}

/**
 * `chain` with the keys of `keysByNode` as pins of those nodes, every `listen` on loopback, every `address` the
 * node's own `listen` with a certificate of its own key, and every egress direct if wanted. Services are left alone. `chain` is not changed.
 * Throws ConfigError where two nodes would listen on one port of this machine.
 */
export function trialChain(chain: Chain, keysByNode: ReadonlyMap<string, PublicKey>, { direct }: TrialOptions): Chain {
  const nodes = new Map([...chain.nodes.values()].map((node) => [node.name, trialNode(node, keysByNode.get(node.name), direct ? DIRECT_EGRESS : node.egress)]));
  refuseSharedPorts(chain.file, nodes);
  return { ...chain, nodes };
}

function trialNode(node: NodeConfig, key: PublicKey | undefined, egress: NodeConfig['egress']): NodeConfig {
  const listen = node.listen.map(onLoopback);
  // A given certificate is for another name than loopback, and no load balancer stands in front.
  const { certificate: _certificate, proxyProtocol: _proxyProtocol, ...others } = node;
  return { ...others, keys: key === undefined ? node.keys : [key], listen, address: listen, egress };
}

function onLoopback(address: LegAddress): LegAddress {
  const { host } = address;
  if (isLoopback(host)) return address;
  return { ...address, host: isIPv6(host) ? '::1' : '127.0.0.1' };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** On machines of their own they may; here the second could not listen. */
function refuseSharedPorts(file: string, nodes: ReadonlyMap<string, NodeConfig>): void {
  const problems: ConfigProblem[] = [];
  const owners = new Map<string, string>();
  for (const { name, listen, place } of nodes.values()) {
    for (const { host, port } of listen) {
      const socket = `${host} ${port}`;
      const owner = owners.get(socket);
      if (port !== 0 && owner !== undefined && owner !== name) problems.push({ place, message: `"${owner}" and "${name}" both listen on port ${port}; in a trial they share this machine: give one another port` });
      owners.set(socket, name);
    }
  }
  if (problems.length > 0) throw new ConfigError(file, problems);
}
