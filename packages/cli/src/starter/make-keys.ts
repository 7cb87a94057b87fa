import type { PublicKey } from '@lstp/core/protocol';
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { STARTER_NODES, type StarterNode } from './chain-text.js';

/** A key file in `directory` for each node of the starter; gives the public halves. Throws KeyError where one is there already. */
export function makeStarterKeys(directory: string): Record<StarterNode, PublicKey> {
  const made = STARTER_NODES.map((node) => [node, publicKeyOf(createKeyFile(keyFilePath(directory, node)))] as const);
  return Object.fromEntries(made) as Record<StarterNode, PublicKey>;
}
