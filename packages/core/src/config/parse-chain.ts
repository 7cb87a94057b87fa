/**
 * The chain file: text in, typed Chain or ConfigError with every problem out.
 *
 *   parseChain()      in one step
 *   readChainText(), pluginSpecifiers(), parseDocument()   where plugin modules are loaded in between (load-chain.ts)
 *
 * Each piece is checked on its own (parse-node.ts, parse-tunnel.ts, parse-service.ts), then how they fit together
 * (check-*.ts), so that one run tells all.
 */
import type { PluginCatalogue } from '../plugin/catalogue.js';
import { readChainText, type ChainDocument, type Path } from './chain-document.js';
import type { Chain, Place } from './chain.js';
import { checkIdentities } from './check-identities.js';
import { checkListeners } from './check-listeners.js';
import { checkReach } from './check-reach.js';
import { fileSchema } from './file-schema.js';
import { checkPiece } from './issue-problems.js';
import { nameFault } from './name.js';
import { parseNode } from './parse-node.js';
import { parseTunnel } from './parse-tunnel.js';
import { kindOf } from './text-form.js';

/** The version of the chain file that this lstp reads. */
export const CHAIN_VERSION = 1;

/** `file` is only for messages and for paths in the chain; nothing is read. Throws ConfigError. */
export function parseChain(source: string, file: string, plugins: PluginCatalogue): Chain {
  return parseDocument(readChainText(source, file), plugins);
}

/** What `plugins:` lists, with places. Leaves out what is no text; parseDocument() reports it. */
export function pluginSpecifiers(document: ChainDocument): { readonly specifier: string; readonly place: Place; readonly path: Path }[] {
  const listed = document.value(['plugins']);
  if (!Array.isArray(listed)) return [];
  return listed.flatMap((specifier: unknown, index) => {
    const path = ['plugins', index];
    return typeof specifier === 'string' && specifier !== '' ? [{ specifier, place: document.place(path), path }] : [];
  });
}

/** Throws ConfigError with every problem of the document. */
export function parseDocument(document: ChainDocument, plugins: PluginCatalogue): Chain {
  if (!checkTop(document)) document.throwIfFaulty();
  const file = checkPiece(fileSchema, document.value([]), { document, path: [] });
  const names = pieceNames(document, 'nodes', 'node');
  const nodes = collect(names, (name) => parseNode(document, name));
  const context = { document, plugins, nodeNames: names };
  const tunnels = collect(pieceNames(document, 'tunnels', 'tunnel'), (name) => parseTunnel(context, name));
  const chain: Chain = { file: document.file, nodes, tunnels, plugins: file?.plugins ?? [] };
  checkPurpose(document, chain);
  checkIdentities(document, chain);
  checkReach(document, chain);
  checkListeners(document, chain, plugins);
  document.throwIfFaulty();
  return chain;
}

/** False where reading on makes no sense. */
function checkTop(document: ChainDocument): boolean {
  const top = document.value([]);
  if (top === undefined || top === null) document.report([], 'the file is empty; `lstp init DIR` makes one to begin with');
  else if (typeof top !== 'object' || Array.isArray(top)) document.report([], `a chain file is a map with lstp, nodes and tunnels, not ${kindOf(top)}; \`lstp init DIR\` makes one to begin with`);
  else return checkVersion(document);
  return false;
}

function checkVersion(document: ChainDocument): boolean {
  const version = document.value(['lstp']);
  if (version === CHAIN_VERSION) return true;
  if (!document.has(['lstp'])) document.report([], 'no "lstp": a chain file begins with the version of its format, lstp: 1');
  else if (typeof version === 'number' && version > CHAIN_VERSION) {
    document.report(['lstp'], `lstp: version ${version} is not known here; this lstp reads version ${CHAIN_VERSION}: install a newer lstp, or write lstp: ${CHAIN_VERSION}`);
    return false;
  } else document.report(['lstp'], `lstp: expected the version of this format, the number ${CHAIN_VERSION}, not ${kindOf(version)}; write lstp: ${CHAIN_VERSION}`);
  return true;
}

/** The keys of `nodes` or `tunnels`, after reporting those that are no names. */
function pieceNames(document: ChainDocument, key: 'nodes' | 'tunnels', kind: 'node' | 'tunnel'): readonly string[] {
  const value = document.value([key]);
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (document.has([key]) && !isMap && !document.isBroken([key])) document.report([key], `${key}: expected a map by name, not ${kindOf(value)}; write ${key}: with NAME: { ... } below it`);
  const names = document.keys([key]);
  for (const name of names) {
    const fault = nameFault(name, kind);
    if (fault !== undefined) document.report([key, name], fault, { part: 'key' });
  }
  return names;
}

function collect<T>(names: readonly string[], parse: (name: string) => T | undefined): ReadonlyMap<string, T> {
  const all = new Map<string, T>();
  for (const name of names) {
    const value = parse(name);
    if (value !== undefined) all.set(name, value);
  }
  return all;
}

/** A file of which no node could do anything is a mistake. */
function checkPurpose(document: ChainDocument, { nodes }: Chain): void {
  // A misspelt key may be the missing one, and is told already.
  if (document.keys([]).some((key) => !Object.hasOwn(fileSchema.shape, key))) return;
  if (!document.has(['nodes'])) return document.report([], 'the file has no "nodes"; write nodes: with NAME: { ... } below it for each proxy');
  const names = document.keys(['nodes']);
  if (isEmptyMap(document, 'nodes')) document.report(['nodes'], 'nodes: none; a chain has two ends at least');
  const relays = [...nodes.values()].some(({ admit }) => admit !== undefined);
  const mayLack = names.length === 0 || relays || nodes.size < names.length;
  if (mayLack || (document.has(['tunnels']) && !isEmptyMap(document, 'tunnels'))) return;
  document.report(['tunnels'], 'no tunnel: nothing would run; write tunnels: with NAME: { route: ... } below it, or `admit:` at the node of a relay for many', { part: 'key' });
}

function isEmptyMap(document: ChainDocument, key: string): boolean {
  const value = document.value([key]);
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}
