/** Chain files as commands name them: files, or folders of them. What is wrong in any of them is told all at once. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Chain, LoadedChain, SecretUser } from '@lstp/core';
import { UsageError } from './exit-status.js';
import { wrongNode } from './wrong-word.js';

export interface LoadSettings {
  /** False runs no code of the files' own plugins. */
  readonly plugins?: boolean;
  /** Who is going to run them: its secrets are filled in. */
  readonly secretsFor?: SecretUser;
}

/** What the files are, in their order. Throws ConfigError, or an AggregateError of them. */
export async function loadChains(names: readonly string[], { plugins = true, secretsFor }: LoadSettings = {}): Promise<LoadedChain[]> {
  const [{ loadChain }, { bundledPlugins }] = await Promise.all([import('@lstp/core/config'), import('@lstp/plugins')]);
  const options = { bundled: bundledPlugins, loadPlugins: plugins, ...(secretsFor === undefined ? {} : { secretsFor }) };
  const results = await Promise.allSettled(names.flatMap(filesOf).map((file) => loadChain(file, options)));
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  if (reasons.length === 1) throw reasons[0];
  if (reasons.length > 1) throw new AggregateError(reasons, reasons.map(({ message }) => message).join('\n'));
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** One file that has `node`. Runs no plugin code: for commands that ask a running node. */
export async function loadChainOf(file: string, node: string): Promise<Chain> {
  const [loaded] = await loadChains([file], { plugins: false });
  if (loaded === undefined) throw new UsageError(`${file}: a folder without a chain file; name the file`);
  if (!loaded.chain.nodes.has(node)) throw wrongNode(node, [loaded.chain]);
  return loaded.chain;
}

/** The same where both may be left out. */
export async function loadOptionalChain(file: string | undefined, node: string | undefined): Promise<Chain | undefined> {
  if (file === undefined) return undefined;
  if (node !== undefined) return loadChainOf(file, node);
  const [loaded] = await loadChains([file], { plugins: false });
  return loaded?.chain;
}

/** A folder stands for the chain files in it, by name. */
function filesOf(name: string): string[] {
  if (!isFolder(name)) return [name];
  const files = readdirSync(name).filter((entry) => /\.ya?ml$/.test(entry)).sort();
  if (files.length === 0) throw new UsageError(`${name}: a folder without a chain file (*.yaml)`);
  return files.map((file) => join(name, file));
}

/** What cannot be looked at is taken for a file: reading it says why. */
function isFolder(name: string): boolean {
  try {
    return statSync(name).isDirectory();
  } catch {
    return false;
  }
}
