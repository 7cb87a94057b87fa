/** The plugin that `lstp plugin new` writes, and that examples/plugin is: the files of templates/plugin with a name put in. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { version } from '../version.js';

const TEMPLATE = new URL('../../../templates/plugin/', import.meta.url);

/** Contents by file name. */
export function pluginSkeleton(name: string): Map<string, string> {
  const files = readdirSync(fileURLToPath(TEMPLATE)).sort();
  return new Map(files.map((file) => [file, fill(readFileSync(new URL(file, TEMPLATE), 'utf8'), name)]));
}

function fill(text: string, name: string): string {
  return text.replaceAll('__NAME__', name).replaceAll('__VERSION__', version());
}
