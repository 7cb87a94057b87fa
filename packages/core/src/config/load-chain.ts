/** A chain file from disk: read, its plugin modules loaded, checked. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PluginCatalogue } from '../plugin/catalogue.js';
import type { PluginDefinition } from '../plugin/contract.js';
import { readChainText, type ChainDocument } from './chain-document.js';
import type { Chain } from './chain.js';
import { ConfigError } from './config-error.js';
import { parseDocument, pluginSpecifiers } from './parse-chain.js';
import { fillSecrets } from './fill-secrets.js';
import { usedBy, type SecretUser } from './secret-use.js';
import { decodeSource } from './source.js';

export interface LoadOptions {
  /** The plugins that come with lstp. */
  readonly bundled: Iterable<PluginDefinition>;
  /** False runs no code of plugin modules: services of plugins that only they could bring are accepted unchecked. Default: true. */
  readonly loadPlugins?: boolean;
  /**
   * Who is going to run it. The references to secrets that it uses are filled in, so that a missing one is known now;
   * only user and password of proxies keep theirs, for resolveSecrets(). Absent (check, map): nothing is looked up.
   */
  readonly secretsFor?: SecretUser;
}

export interface LoadedChain {
  readonly chain: Chain;
  readonly catalogue: PluginCatalogue;
}

/** Throws ConfigError with every problem, also for a file that cannot be read. */
export async function loadChain(file: string, { bundled, loadPlugins = true, secretsFor }: LoadOptions): Promise<LoadedChain> {
  const document = readChainText(decodeSource(await readBytes(file), file), file);
  const known = new PluginCatalogue(bundled, { complete: loadPlugins });
  const catalogue = loadPlugins ? await withListedModules(known, document) : known;
  if (secretsFor !== undefined) fillSecrets(document, usedBy(secretsFor, document, catalogue), { chainFile: file });
  return { chain: parseDocument(document, catalogue), catalogue };
}

/** Modules that cannot be loaded are problems of the document; the others are in the catalogue. */
async function withListedModules(known: PluginCatalogue, document: ChainDocument): Promise<PluginCatalogue> {
  fillSecrets(document, ([top]) => top === 'plugins', { chainFile: document.file });
  const listed = pluginSpecifiers(document);
  const { catalogue, faults } = await known.withModules(
    listed.map(({ specifier }) => specifier),
    dirname(document.file),
  );
  for (const { index, message } of faults) document.report(listed[index]?.path ?? ['plugins'], message);
  return catalogue;
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new ConfigError(file, [{ place: { line: 1, column: 1 }, message: unreadable((error as NodeJS.ErrnoException).code) }]);
  }
}

function unreadable(code: string | undefined): string {
  if (code === 'ENOENT') return 'there is no such file; `lstp init DIR` makes one to begin with';
  if (code === 'EISDIR') return 'this is a folder; name the chain file in it';
  if (code === 'EACCES') return 'the file may not be read by this user';
  return `the file cannot be read (${code ?? 'unknown cause'})`;
}
