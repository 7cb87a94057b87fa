/** The options of a plugin, as its schema gives them. */
import type { PluginDefinition } from '../plugin/contract.js';
import type { Path } from './chain-document.js';
import { checkPiece, unknownKey, type Piece } from './issue-problems.js';
import type { ParseContext } from './parse-tunnel.js';

export interface OptionsSource {
  readonly plugin: PluginDefinition;
  /** The keys that are the plugin's. */
  readonly own: Record<string, unknown>;
  /** Those that may stand beside them. */
  readonly otherKeys: readonly string[];
}

/** Reports what is wrong; undefined then. */
export function parseOptions({ document }: ParseContext, path: Path, { plugin, own, otherKeys }: OptionsSource): { readonly value: unknown } | undefined {
  const piece: Piece = { document, path, otherKeys, references: 'may-fail' };
  const strangers = plugin.options === undefined ? Object.keys(own) : [];
  for (const key of strangers) document.report([...path, key], `${unknownKey(key, otherKeys)} (the plugin ${plugin.name} has no options)`, { part: 'key' });
  if (plugin.options === undefined) return strangers.length === 0 ? { value: {} } : undefined;
  const before = document.problemCount;
  const options = checkPiece(plugin.options, own, piece);
  if (options !== undefined) return { value: options };
  // Faults of references only: they are not filled in here, and the options are for nobody yet.
  return document.problemCount === before ? { value: own } : undefined;
}
