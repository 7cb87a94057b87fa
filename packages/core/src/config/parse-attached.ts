/** Plugins that take part in a service or a tunnel: entries of `monitors` and `rewriters`, and `login`. */
import type { PluginDefinition } from '../plugin/contract.js';
import type { Path } from './chain-document.js';
import type { AttachedConfig } from './chain.js';
import { asAttached } from './as-attached.js';
import { ATTACHED_KEYS } from './file-schema.js';
import { clip } from './name.js';
import { didYouMean } from './nearest.js';
import { parseOptions } from './parse-options.js';
import type { Ends, ParseContext } from './parse-tunnel.js';

/** What an entry is for. */
export type AttachedRole = 'monitor' | 'rewriter' | 'login';

export interface AttachedSource {
  readonly path: Path;
  readonly role: AttachedRole;
  /** Where it works unless it says so. Undefined where that could not be read. */
  readonly at: string | undefined;
  /** Undefined where the route could not be read. */
  readonly ends: Ends | undefined;
}

/** What each role is called in messages. */
const WORDS: Readonly<Record<AttachedRole, string>> = { monitor: 'monitors', rewriter: 'rewrites', login: 'logs in' };

/** Reports what is wrong; undefined then. What is wrong with its form, the schema has reported before. */
export function parseAttached(context: ParseContext, source: AttachedSource): AttachedConfig | undefined {
  const { document } = context;
  const { path, ends } = source;
  const value = document.value(path);
  const entry = typeof value === 'string' ? { plugin: value } : value;
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { plugin: name = source.role === 'login' ? 'login' : undefined, at = source.at, ...own } = entry as { readonly plugin?: unknown; readonly at?: unknown; readonly [option: string]: unknown };
  if (typeof name !== 'string') return undefined;
  const place = typeof value === 'string' ? path : [...path, 'plugin'];
  const isAtEnd = typeof at === 'string' && (ends === undefined || at === ends.left || at === ends.right);
  // Where it is the service's own `at` that is wrong, that was said there.
  const isOwn = typeof at === 'string' && (source.role === 'login' || at !== source.at);
  if (!isAtEnd && isOwn && ends !== undefined) document.report([...path, 'at'], `at: "${clip(at)}" is no end of this tunnel${didYouMean(at, [ends.left, ends.right], `; write one of its ends, "${ends.left}" or "${ends.right}"`)}`);
  const plugin = pluginOf(context, { name, role: source.role, path: place });
  if (plugin === 'unknown') return undefined;
  const options = plugin === 'later' ? { value: own } : parseOptions(context, path, { plugin: asAttached(plugin, source.role), own, otherKeys: ATTACHED_KEYS });
  return options === undefined || !isAtEnd ? undefined : { plugin: name, at, options: options.value };
}

/** `later`: a module that is not loaded now may bring it. */
function pluginOf({ document, plugins }: ParseContext, { name, role, path }: { readonly name: string; readonly role: AttachedRole; readonly path: Path }): PluginDefinition | 'unknown' | 'later' {
  const plugin = plugins.get(name);
  if (plugin?.[role] !== undefined) return plugin;
  if (plugin === undefined && !plugins.complete && document.keys([]).includes('plugins')) return 'later';
  const known = plugins.definitions().filter((one) => one[role] !== undefined).map((one) => one.name);
  const which = known.length === 0 ? `no plugin here ${WORDS[role]}` : `there are ${known.join(', ')}`;
  document.report(path, plugin === undefined ? `plugin: no plugin is named "${clip(name)}"${didYouMean(name, known, `; ${which}`)}` : `plugin: "${name}" is no ${role}; ${which}`);
  return 'unknown';
}
