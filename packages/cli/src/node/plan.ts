/** From chain files and key files to the nodes that a process runs. */
import { checkKeysPresent, trialChain, type Chain, type LoadedChain } from '@lstp/core';
import { KeyError, generateIdentity, keyFilePath, readIdentity, type NodeIdentity } from '@lstp/core/security';
import type { Logger } from 'pino';
import { UsageError } from '../exit-status.js';
import { keysDirectory } from '../keys-directory.js';
import { loadChains } from '../load-chains.js';
import { wrongNode } from '../wrong-word.js';
import type { NodePlan } from './managed-node.js';

/** `--as NODE`: its key file must be the one that every file pins. */
export async function planOne(files: readonly string[], options: { readonly as: string; readonly keys?: string }, logger: Logger): Promise<NodePlan> {
  const { as: name } = options;
  const path = keyFilePath(keysDirectory(options), name);
  const read = async (): Promise<LoadedChain[]> => chainsOfNode(await loadChains(files, { secretsFor: { node: name } }), name);
  const chains = await read();
  const identity = readIdentity(path);
  for (const { chain } of chains) checkPinned(chain, name, { path, identity });
  return { name, identity, logger, chains, readChains: read };
}

/** `--all`: every node of the files. Key files are used where they fit; the other nodes get a key for this run. */
export async function planAll(files: readonly string[], options: { readonly keys?: string; readonly direct?: true }, logger: Logger): Promise<NodePlan[]> {
  const read = (): Promise<LoadedChain[]> => loadChains(files, { secretsFor: 'every-node' });
  const loaded = await read();
  const identities = new Map<string, NodeIdentity>();
  for (const { chain } of loaded) addIdentities(identities, chain, keysDirectory(options));
  tellReplaced(loaded, identities, logger);
  const keys = new Map([...identities].map(([node, { publicKey }]) => [node, publicKey]));
  const onTrial = (chains: readonly LoadedChain[]): LoadedChain[] => chains.map((one) => ({ ...one, chain: trialChain(one.chain, keys, { direct: options.direct === true }) }));
  const chains = onTrial(loaded);
  return [...identities].map(([name, identity]) => {
    const mine = (all: readonly LoadedChain[]): LoadedChain[] => chainsOfNode(all, name);
    return { name, identity, logger, chains: mine(chains), readChains: async () => mine(onTrial(await read())) };
  });
}

/** The chains that have `node`, fit to run. Several files may be a folder of other people's chains too. */
function chainsOfNode(loaded: readonly LoadedChain[], node: string): LoadedChain[] {
  const chains = loaded.filter(({ chain }) => chain.nodes.has(node));
  if (chains.length === 0) throw wrongNode(node, loaded.map(({ chain }) => chain));
  refuseSharedTunnels(chains, node);
  return chains;
}

interface OwnTunnel {
  readonly name: string;
  readonly common: string;
  readonly file: string;
  readonly isEnd: boolean;
}

/** A relay tells tunnels of one name apart by the keys of their ends. An end cannot: a set-up says the common name alone. */
function refuseSharedTunnels(chains: readonly LoadedChain[], node: string): void {
  const before: OwnTunnel[] = [];
  for (const one of chains.flatMap(({ chain }) => tunnelsOver(chain, node))) {
    const twice = before.find(({ name, isEnd }) => name === one.name && isEnd && one.isEnd);
    if (twice !== undefined) throw new UsageError(`tunnel ${one.name} is in both ${twice.file} and ${one.file}; a node runs a tunnel once: rename one, or leave one file out`);
    const alike = before.find(({ common, isEnd }) => common === one.common && (isEnd || one.isEnd));
    if (alike !== undefined) throw new UsageError(`tunnel ${alike.name} of ${alike.file} and tunnel ${one.name} of ${one.file} have one common name, "${one.common}"; ${node} could not tell them apart: give one another with \`common:\`, or leave one file out`);
    before.push(one);
  }
}

function tunnelsOver({ file, tunnels }: Chain, node: string): OwnTunnel[] {
  return [...tunnels.values()]
    .filter(({ routes }) => routes.some(({ nodes }) => nodes.includes(node)))
    .map(({ name, common, left, right }) => ({ name, common, file, isEnd: left === node || right === node }));
}

function checkPinned(chain: Chain, node: string, { path, identity }: { path: string; identity: NodeIdentity }): void {
  checkKeysPresent(chain);
  const pinned = chain.nodes.get(node)?.keys ?? [];
  if (pinned.includes(identity.publicKey)) return;
  throw new KeyError('ERR_LSTP_KEY_MISMATCH', `${path} is the key ${identity.publicKey}, but ${chain.file} names ${pinned.join(', ')} for ${node}; put the first into the file, or name the folder of the right key with --keys`);
}

function addIdentities(identities: Map<string, NodeIdentity>, { nodes }: Chain, directory: string): void {
  for (const { name, keys } of nodes.values()) {
    if (identities.has(name)) continue;
    const stored = storedIdentity(keyFilePath(directory, name));
    identities.set(name, stored !== undefined && keys.includes(stored.publicKey) ? stored : generateIdentity());
  }
}

/** Undefined where there is none; one that is there and wrong is told. */
function storedIdentity(path: string): NodeIdentity | undefined {
  try {
    return readIdentity(path);
  } catch (error) {
    if (error instanceof KeyError && error.code === 'ERR_LSTP_KEY_MISSING') return undefined;
    throw error;
  }
}

function tellReplaced(loaded: readonly LoadedChain[], identities: ReadonlyMap<string, NodeIdentity>, logger: Logger): void {
  const replaced = [...identities].filter(([name, { publicKey }]) => !loaded.some(({ chain }) => chain.nodes.get(name)?.keys.includes(publicKey)));
  if (replaced.length > 0) logger.warn({ nodes: replaced.map(([name]) => name) }, 'no key file fits: these nodes have a key for this run only, in place of what the file pins');
}
