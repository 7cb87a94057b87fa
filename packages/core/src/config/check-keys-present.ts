/** What `lstp up --as` wants and `lstp up --all` does not: a pinned key for every node. */
import type { Chain } from './chain.js';
import { ConfigError } from './config-error.js';

/** Throws ConfigError naming every node without `key`, at its place. */
export function checkKeysPresent({ file, nodes }: Chain): void {
  const problems = [...nodes.values()]
    .filter(({ keys }) => keys.length === 0)
    .map(({ name, place }) => ({ place, message: `"${name}" has no "key"; add key: with the line that \`lstp keygen ${name}\` prints (only a trial, \`lstp up FILE --all\`, does without)` }));
  if (problems.length > 0) throw new ConfigError(file, problems);
}
