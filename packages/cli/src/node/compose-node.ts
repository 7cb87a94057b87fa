/**
 * Puts one node together: a hub that owns its legs, an end role for the tunnels that end here, a middle role for those
 * that pass. Every node has a container of its own, so several live in one process.
 */
import { LegHub, signerOf, type Chain, type LoadedChain, type PluginDefinition } from '@lstp/core';
import type { NodeIdentity } from '@lstp/core/security';
import type { EndRole } from '@lstp/end';
import type { Logger } from 'pino';
import { version } from '../version.js';
import { ComposedNode } from './composed-node.js';
import { isEndOf, neighbourOf } from './neighbours.js';

export interface NodeParts {
  readonly node: string;
  readonly identity: NodeIdentity;
  /** Each has `node`. */
  readonly chains: readonly LoadedChain[];
  readonly logger: Logger;
}

/** Makes the node; nothing listens or dials before its start(). */
export async function composeNode({ node, identity, chains: loaded, logger }: NodeParts): Promise<ComposedNode> {
  const chains = loaded.map(({ chain }) => chain);
  const signer = signerOf(identity.privateKey);
  const listen = uniqueBy(chains.flatMap(({ nodes }) => nodes.get(node)?.listen ?? []), (address) => JSON.stringify(address));
  const hub = new LegHub({ node, signer, listen, log: logger });
  const end = endsHere(node, chains) ? await makeEnd({ node, identity, chains: loaded, logger }, hub) : undefined;
  return new ComposedNode({ node, version: version(), chains, hub, ...(end === undefined ? {} : { end }) });
}

/** Loaded for ends alone: a middle has no use for TLS and plugins. */
async function makeEnd({ node, identity, chains, logger }: NodeParts, hub: LegHub): Promise<EndRole> {
  const [{ EndRole }, { container }] = await Promise.all([import('@lstp/end'), import('tsyringe')]);
  return new EndRole({
    node,
    identity,
    signer: signerOf(identity.privateKey),
    chains: chains.map(({ chain }) => chain),
    hub,
    container: container.createChildContainer(),
    plugins: pluginsOf(chains),
    neighbourOf: (chain, name) => neighbourOf(chain, node, name),
    software: `lstp/${version()}`,
    logger,
  });
}

function endsHere(node: string, chains: readonly Chain[]): boolean {
  return chains.some(({ tunnels }) => [...tunnels.values()].some(isEndOf(node)));
}

/** Those of all files; of two with one name the first, which is the bundled one where there is one. */
function pluginsOf(chains: readonly LoadedChain[]): PluginDefinition[] {
  return uniqueBy(chains.flatMap(({ catalogue }) => catalogue.definitions()), ({ name }) => name);
}

function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map([...items].reverse().map((item) => [key(item), item])).values()].reverse();
}
