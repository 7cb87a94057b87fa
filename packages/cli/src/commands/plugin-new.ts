import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nameFault } from '@lstp/core/config';
import { UsageError } from '../exit-status.js';
import { shellWord } from '../shell-word.js';
import { pluginSkeleton } from '../starter/plugin-skeleton.js';

/** Of this package: what a plugin links to while it is not installed from a registry. */
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));
/** The second plugin of the skeleton is called NAME-tally. */
const NAME_CHARACTERS = 63 - '-tally'.length;

/** `lstp plugin new`: writes a plugin that works, and says what to do next. Touches nothing that is there. */
export async function pluginNew(name: string, folder = `lstp-plugin-${name}`): Promise<void> {
  const fault = nameFault(name, 'plugin') ?? (name.length > NAME_CHARACTERS ? `"${name}" is too long: a new plugin's name has at most ${NAME_CHARACTERS} characters` : undefined);
  if (fault !== undefined) throw new UsageError(fault);
  await refuseBundled(name);
  const files = [...pluginSkeleton(name)];
  const taken = files.map(([file]) => join(folder, file)).find((path) => existsSync(path));
  if (taken !== undefined) throw Object.assign(new Error(`${taken} exists already, and nothing is overwritten; give another folder`), { code: 'ERR_LSTP_INIT_EXISTS' });
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of files) writeFileSync(join(folder, file), text, { flag: 'wx' });
  process.stdout.write(nextSteps(files.map(([file]) => file), shellWord(folder)));
}

/** Two plugins of one name are an error of every chain file. */
async function refuseBundled(name: string): Promise<void> {
  const { bundledPlugins } = await import('@lstp/plugins');
  if (bundledPlugins.some((plugin) => plugin.name === name)) throw new UsageError(`a plugin that comes with lstp is named "${name}"; give yours another name`);
}

function nextSteps(files: readonly string[], folder: string): string {
  return `Made ${files.join(', ')} in ${folder}.

It works as it is:
  cd ${folder}
  ${install()}
  npm test                              the conformance suites, and tests of its own
  npx lstp up chain.yaml --all          both ends here; README.md says what to ask them

Make it yours: begin with index.js. How plugins work: docs/plugins.md of lstp.
`;
}

/** An lstp that is not installed, but built where its source is, is linked. */
function install(): string {
  const isInstalled = PACKAGE.includes(`${sep}node_modules${sep}`);
  return isInstalled ? 'npm install' : `npm install --no-save ${shellWord(PACKAGE.replace(/[\\/]$/, ''))}`;
}
