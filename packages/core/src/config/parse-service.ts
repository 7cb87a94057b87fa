/** One entry of a tunnel's `services`: the keys that every service has, and its plugin's own. */
import type { PluginDefinition } from '../plugin/contract.js';
import type { Path } from './chain-document.js';
import type { ServiceConfig } from './chain.js';
import { serviceSchema } from './file-schema.js';
import { checkPiece, unknownKey, type Piece } from './issue-problems.js';
import { clip } from './name.js';
import { didYouMean } from './nearest.js';
import type { Ends, ParseContext } from './parse-tunnel.js';
import { keysOf } from './schema-keys.js';

export interface ServiceSource {
  readonly name: string;
  readonly path: Path;
  /** Undefined where the route could not be read. */
  readonly ends: Ends | undefined;
}

const OWN_KEYS: readonly string[] = Object.keys(serviceSchema.shape);

/** Reports what is wrong; undefined then. */
export function parseService(context: ParseContext, { name, path, ends }: ServiceSource): ServiceConfig | undefined {
  const { document } = context;
  if (document.isBroken(path)) return undefined;
  const value = document.value(path);
  const service = checkPiece(serviceSchema, value, { document, path });
  if (typeof value !== 'object' || value === null) return undefined;
  if (ends !== undefined) checkEnd(context, path, ends);
  const options = parseOptions(context, path, value);
  if (service === undefined || options === undefined) return undefined;
  const { plugin, at, carrier, codec } = service;
  return { name, plugin, at, carrier, ...(codec === undefined ? {} : { codec }), options: options.value, place: document.place(path, { part: 'key' }) };
}

function checkEnd({ document, nodeNames }: ParseContext, path: Path, { left, right }: Ends): void {
  const at = document.value([...path, 'at']);
  if (typeof at !== 'string' || at === left || at === right) return;
  const ends = `"${left}" or "${right}"`;
  const text = nodeNames.includes(at)
    ? `at: "${at}" is no end of this tunnel; applications connect at one of its ends, ${ends}`
    : `at: no node is named "${clip(at)}"${didYouMean(at, [left, right], `; write one of the tunnel's ends, ${ends}`)}`;
  document.report([...path, 'at'], text);
}

/** The options as the plugin's schema gives them; undefined if anything is wrong with them. */
function parseOptions(context: ParseContext, path: Path, value: object): { readonly value: unknown } | undefined {
  const { document, plugins } = context;
  const own = Object.fromEntries(Object.entries(value).filter(([key]) => !OWN_KEYS.includes(key)));
  const name: unknown = document.has([...path, 'plugin']) ? document.value([...path, 'plugin']) : 'forward';
  if (typeof name !== 'string') return undefined;
  const plugin = plugins.get(name);
  if (plugin !== undefined && !isService(plugin)) document.report([...path, 'plugin'], `plugin: "${name}" is no kind of service (${plugin.about}); there are ${serviceNames(context).join(', ')}`);
  if (plugin !== undefined) return isService(plugin) ? checkOptions(context, path, { plugin, own }) : undefined;
  if (!plugins.complete && document.keys([]).includes('plugins')) return { value: own };
  const known = serviceNames(context);
  document.report([...path, 'plugin'], `plugin: no plugin is named "${clip(name)}"${didYouMean(name, known, `; there are ${known.join(', ')}`)}`);
  return undefined;
}

function isService({ frontEnd, backEnd }: PluginDefinition): boolean {
  return frontEnd !== undefined || backEnd !== undefined;
}

function serviceNames({ plugins }: ParseContext): string[] {
  return plugins.definitions().filter(isService).map(({ name }) => name);
}

function checkOptions(context: ParseContext, path: Path, { plugin, own }: { plugin: PluginDefinition; own: Record<string, unknown> }): { readonly value: unknown } | undefined {
  const { document } = context;
  const piece: Piece = { document, path, otherKeys: OWN_KEYS, references: 'may-fail' };
  const strangers = plugin.options === undefined ? Object.keys(own) : [];
  for (const key of strangers) document.report([...path, key], `${unknownKey(key, OWN_KEYS)} (the plugin ${plugin.name} has no options)`, { part: 'key' });
  if (plugin.options === undefined) return strangers.length === 0 ? { value: {} } : undefined;
  const before = document.problemCount;
  const options = checkPiece(plugin.options, own, piece);
  if (options !== undefined) return { value: options };
  // Faults of references only: they are not filled in here, and the options are for nobody yet.
  return document.problemCount === before ? { value: own } : undefined;
}

/** Every key that a service of `plugin` may have. */
export function serviceKeys(plugin: PluginDefinition): readonly string[] {
  return [...OWN_KEYS, ...(plugin.options === undefined ? [] : keysOf(plugin.options))];
}
