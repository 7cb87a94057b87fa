/** `desk > lab` in this process, with one service that listens at desk. */
import type { ComposedNode } from 'lstp/node';
import { freePorts } from 'lstp/testing';
import { makeNodes } from './in-process-chain.js';

export interface ProxyPair {
  readonly nodes: Map<string, ComposedNode>;
  /** Where the service listens, on 127.0.0.1. */
  readonly proxy: number;
}

/** `service` has the keys of the service but `at` and `listen`. */
export async function startProxyPair(folder: string, service: string): Promise<ProxyPair> {
  const [lab = 0, proxy = 0] = await freePorts(2);
  const lines = ['lstp: 1', 'nodes:', '  desk: {}', `  lab: { listen: "127.0.0.1:${lab}" }`, 'tunnels:', '  acme:', '    route: desk > lab', '    services:', `      proxy: { at: desk, listen: "127.0.0.1:${proxy}", ${service} }`, ''];
  const nodes = await makeNodes(folder, lines.join('\n'));
  await Promise.all([...nodes.values()].map((node) => node.start()));
  await Promise.all([...nodes.values()].map((node) => node.established()));
  return { nodes, proxy };
}
