/** A chain whose nodes all run in this process, as `lstp up --all` runs them, but started one by one. */
import { createLogger } from '@lstp/core/observe';
import { composeNode, planAll, type ComposedNode } from 'lstp/node';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Makes the nodes of the file, by name; nothing listens or dials before their start(). Their keys are for this run. */
export async function makeNodes(folder: string, chainText: string): Promise<Map<string, ComposedNode>> {
  const file = join(folder, 'chain.yaml');
  writeFileSync(file, chainText);
  const logger = await createLogger({ level: 'silent' });
  const plans = await planAll([file], { keys: join(folder, 'keys') }, logger);
  const nodes = await Promise.all(plans.map(({ name, identity, chains }) => composeNode({ node: name, identity, chains, logger })));
  return new Map(plans.map(({ name }, index) => [name, nodes[index] as ComposedNode]));
}
