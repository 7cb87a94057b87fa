/** From starting a node to its `ready`. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lstp, makeKey, startNode } from '../adapters/lstp.js';
import { Scope } from '../process/scope.js';
import type { Bench, Figure } from './figure.js';

export const start: Figure = {
  name: 'start',
  adapters: [lstp],
  async run(bench) {
    if (bench.adapters.length > 0) for (let round = 0; round < bench.rounds; round += 1) await Scope.with((scope) => measure(bench, scope));
  },
};

async function measure({ results }: Bench, scope: Scope): Promise<void> {
  const folder = scope.temporaryFolder();
  const chainFile = join(folder, 'chain.yaml');
  const [relay, end] = [await makeKey(folder, 'relay'), await makeKey(folder, 'end')];
  await writeFile(chainFile, chain(relay, end));
  const started = performance.now();
  await startNode(scope, { name: 'relay', chainFile, folder });
  results.add({ figure: 'start', case: 'a node, until ready', subject: 'lstp', unit: 'ms' }, performance.now() - started);
}

function chain(relay: string, end: string): string {
  return `
lstp: 1
nodes:
  relay: { key: "${relay}", listen: "127.0.0.1:0", address: "127.0.0.1:9" }
  end: { key: "${end}" }
tunnels:
  bench: { route: end > relay }
`;
}
