import { requestReload } from '../control/control-client.js';
import { waitForNode } from '../control/find-node.js';
import { loadOptionalChain } from '../load-chains.js';
import type { StatusOptions } from './status.js';

/** `lstp reload`: prints what took effect, and what needs a restart. A wrong file changes nothing; services that fail are an error, and leave the others be. */
export async function reload(file: string | undefined, options: StatusOptions): Promise<void> {
  // A wrong file is told here, with its lines, before the node is asked.
  const chain = await loadOptionalChain(file, options.as);
  const { path } = await waitForNode({ node: options.as, chain }, options.wait * 1000);
  const { applied, failed, ignored } = await requestReload(path);
  const lines = [...applied, ...ignored.map((change) => `${change} (takes effect after a restart)`)];
  process.stdout.write(lines.length + failed.length === 0 ? 'nothing changed\n' : lines.map((line) => `${line}\n`).join(''));
  if (failed.length > 0) throw Object.assign(new Error(failed.join('\n')), { code: 'ERR_LSTP_SERVICE' });
}
