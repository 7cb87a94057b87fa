/**
 * Puts one node together: a hub that owns its legs, an end role for the tunnels that end here, a middle role for those
 * that pass. Every node has a container of its own, so several live in one process.
 */
import { dirname, resolve } from 'node:path';
import { CLOCK, IDENTITY, inNetwork, LegHub, LOGGER, neighbourIn, parseIp, signerOf, type Chain, type IpNetwork, type LegHubOptions, type LoadedChain, type PluginDefinition } from '@lstp/core';
import type { NodeIdentity } from '@lstp/core/security';
import type { EndRole } from '@lstp/end';
import { EgressDialer, LegRoles, LegTaker } from '@lstp/legs';
import type { Logger } from 'pino';
import { container } from 'tsyringe';
import { version } from '../version.js';
import { ComposedNode, type Roles } from './composed-node.js';

export interface NodeParts {
  readonly node: string;
  readonly identity: NodeIdentity;
  /** Each has `node`. */
  readonly chains: readonly LoadedChain[];
  readonly logger: Logger;
}

/** Makes the node; nothing listens or dials before its start(). */
export async function composeNode(parts: NodeParts): Promise<ComposedNode> {
  const { node, identity, logger } = parts;
  const chains = parts.chains.map(({ chain }) => chain);
  const listen = uniqueBy(chains.flatMap(({ nodes }) => nodes.get(node)?.listen ?? []), (address) => JSON.stringify(address));
  const hub = new LegHub({ node, signer: signerOf(identity.privateKey), listen, log: logger, ...carrying(parts) });
  const { MiddleRole } = await import('@lstp/middle');
  const tasksIn: Roles['tasksIn'] = (those) => ({ relay: MiddleRole.isNeeded(those, node), end: endsHere(node, those) });
  const tasks = tasksIn(chains);
  const roles = {
    ...(tasks.relay ? { middle: new MiddleRole(hub, { node, chains, signer: signerOf(identity.privateKey), log: logger }) } : {}),
    ...(tasks.end ? { end: await makeEnd(parts, hub) } : {}),
  };
  return new ComposedNode({ node, version: version(), publicKey: identity.publicKey, chains, hub, tasksIn, ...roles });
}

/** Loaded for ends alone: a middle has no use for TLS and plugins. */
async function makeEnd({ node, identity, chains, logger }: NodeParts, hub: LegHub): Promise<EndRole> {
  const { EndRole } = await import('@lstp/end');
  return new EndRole({
    node,
    identity,
    signer: signerOf(identity.privateKey),
    chains: chains.map(({ chain }) => chain),
    hub,
    container: container.createChildContainer(),
    plugins: pluginsOf(chains),
    neighbourOf: (chain, name) => neighbourIn(chain, node, name),
    software: `lstp/${version()}`,
    logger,
  });
}

/** How legs come about. Of several files the first that says something counts. */
export function carrying(parts: NodeParts): Required<Pick<LegHubOptions, 'dialer' | 'acceptor' | 'isBalancer'>> {
  const { node, chains } = parts;
  const roles = legRoles(parts);
  const own = chains.flatMap(({ chain }) => {
    const config = chain.nodes.get(node);
    const at = (path: string): string => resolve(dirname(chain.file), path);
    return config === undefined ? [] : [{ config, at }];
  });
  const authorities = own.flatMap(({ config, at }) => (config.authorities === undefined ? [] : [at(config.authorities)]))[0];
  const certificate = own.flatMap(({ config: { certificate: given }, at }) => (given === undefined ? [] : [{ chain: at(given.chain), key: at(given.key) }]))[0];
  const balancers = own.flatMap(({ config }) => config.proxyProtocol ?? []);
  return {
    dialer: new EgressDialer({ roles, ...(authorities === undefined ? {} : { authorities }) }),
    acceptor: new LegTaker({ roles, ...(certificate === undefined ? {} : { certificate }) }),
    isBalancer: (address) => balancers.length > 0 && isInAny(address, balancers),
  };
}

function isInAny(address: string, networks: readonly IpNetwork[]): boolean {
  const ip = parseIp(address);
  return ip !== undefined && networks.some((network) => inNetwork(ip, network));
}

/** What carries legs. Its plugins are not made before a leg needs them. */
function legRoles({ identity, chains, logger }: NodeParts): LegRoles {
  const own = container.createChildContainer();
  own.registerInstance(LOGGER, logger);
  own.registerInstance(CLOCK, { now: () => performance.now() });
  own.registerInstance(IDENTITY, identity);
  return new LegRoles(pluginsOf(chains), own);
}

function endsHere(node: string, chains: readonly Chain[]): boolean {
  return chains.some(({ tunnels }) => [...tunnels.values()].some(({ left, right }) => left === node || right === node));
}

/** Those of all files; of two with one name the first, which is the bundled one where there is one. */
function pluginsOf(chains: readonly LoadedChain[]): PluginDefinition[] {
  return uniqueBy(chains.flatMap(({ catalogue }) => catalogue.definitions()), ({ name }) => name);
}

function uniqueBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...new Map([...items].reverse().map((item) => [key(item), item])).values()].reverse();
}
