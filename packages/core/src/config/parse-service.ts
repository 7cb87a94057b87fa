/** One entry of a tunnel's `services`: the keys that every service has, and its plugin's own. */
import type { PluginDefinition } from '../plugin/contract.js';
import { asAttached } from './as-attached.js';
import type { Path } from './chain-document.js';
import type { AttachedConfig, ServiceConfig } from './chain.js';
import { serviceSchema } from './file-schema.js';
import { checkPiece } from './issue-problems.js';
import { clip } from './name.js';
import { didYouMean } from './nearest.js';
import { parseAttached } from './parse-attached.js';
import { parseOptions } from './parse-options.js';
import type { Ends, ParseContext } from './parse-tunnel.js';
import { keysOf } from './schema-keys.js';

export interface ServiceSource {
  readonly name: string;
  readonly path: Path;
  /** Undefined where the route could not be read. */
  readonly ends: Ends | undefined;
}

/** As it stands in the file. */
interface RawService {
  readonly plugin?: unknown;
  readonly at?: unknown;
  readonly codec?: unknown;
  readonly monitors?: unknown;
  readonly rewriters?: unknown;
}

const OWN_KEYS: readonly string[] = Object.keys(serviceSchema.shape);
/** Every key but `allow`, which is for plugins whose applications choose the target. */
const FIXED_KEYS = OWN_KEYS.filter((key) => key !== 'allow');

/** Reports what is wrong; undefined then. */
export function parseService(context: ParseContext, { name, path, ends }: ServiceSource): ServiceConfig | undefined {
  const { document } = context;
  if (document.isBroken(path)) return undefined;
  const value = document.value(path);
  const service = checkPiece(serviceSchema, value, { document, path });
  if (typeof value !== 'object' || value === null) return undefined;
  if (ends !== undefined) checkEnd(context, path, ends);
  const options = parseOwnOptions(context, path, value);
  // From the file itself: what is wrong with another key hides nothing here.
  const raw: RawService = Object.fromEntries(Object.entries(value));
  checkCodec(context, path, raw);
  const attached = parseAllAttached(context, { name, path, ends }, raw);
  if (service === undefined || attached === undefined || options === undefined) return undefined;
  const { plugin, at, carrier, codec, users } = service;
  const allow = service.allow ?? (context.plugins.get(plugin)?.targets === 'chosen' ? [] : undefined);
  const targets = targetsOf(context, plugin, options.value);
  const given = Object.entries({ codec, allow, targets, users, ...attached }).filter(([, present]) => present !== undefined);
  return { name, plugin, at, carrier, ...Object.fromEntries(given), options: options.value, place: document.place(path, { part: 'key' }) };
}

/** Undefined for the usual one. */
function targetsOf({ plugins }: ParseContext, plugin: string, options: unknown): number | undefined {
  const count = plugins.get(plugin)?.targetCount?.(options) ?? 1;
  return count > 1 ? count : undefined;
}

function checkCodec({ document, plugins }: ParseContext, path: Path, { plugin, codec }: RawService): void {
  if (typeof codec !== 'string') return;
  if (typeof plugin === 'string' && plugins.get(plugin)?.listens === 'datagram') return document.report([...path, 'codec'], `codec: "${clip(plugin)}" carries datagrams, which are not compressed; leave it out`);
  if (plugins.get(codec)?.codec !== undefined) return;
  if (!plugins.complete && document.keys([]).includes('plugins') && plugins.get(codec) === undefined) return;
  const there = plugins.get(codec);
  if (there !== undefined) return document.report([...path, 'codec'], `codec: "${codec}" is no codec here (${there.about})`);
  const known = plugins.definitions().filter((plugin) => plugin.codec !== undefined).map(({ name }) => name);
  const which = known.length === 0 ? '; there is none here' : `; there are ${known.join(', ')}`;
  document.report([...path, 'codec'], `codec: no codec is named "${clip(codec)}"${didYouMean(codec, known, which)}`);
}

/** Undefined where anything is wrong with one. */
function parseAllAttached(context: ParseContext, { path, ends }: ServiceSource, { at, ...service }: RawService): Partial<Pick<ServiceConfig, 'monitors' | 'rewriters'>> | undefined {
  const parsed: { monitors?: AttachedConfig[]; rewriters?: AttachedConfig[] } = {};
  let isWrong = false;
  for (const [key, role] of [['monitors', 'monitor'], ['rewriters', 'rewriter']] as const) {
    const entries = service[key];
    if (entries === undefined && role === 'monitor') Object.assign(parsed, ownMonitor(context, path, { at, ...service }));
    if (!Array.isArray(entries)) continue;
    const all = entries.map((_, index) => parseAttached(context, { path: [...path, key, index], role, at: typeof at === 'string' ? at : undefined, ends }));
    parsed[key] = all.filter((one) => one !== undefined);
    isWrong ||= parsed[key].length < all.length;
  }
  return isWrong ? undefined : parsed;
}

/** A service whose plugin watches is watched by it, where it does not say otherwise: `monitors: []`. */
function ownMonitor(context: ParseContext, path: Path, { plugin: name, at }: RawService): { readonly monitors?: AttachedConfig[] } {
  const plugin = typeof name === 'string' ? context.plugins.get(name) : undefined;
  if (plugin?.monitor === undefined || !isService(plugin) || typeof at !== 'string') return {};
  const options = parseOptions(context, path, { plugin: asAttached(plugin, 'monitor'), own: {}, otherKeys: OWN_KEYS });
  return options === undefined ? {} : { monitors: [{ plugin: plugin.name, at, options: options.value }] };
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
function parseOwnOptions(context: ParseContext, path: Path, value: object): { readonly value: unknown } | undefined {
  const { document, plugins } = context;
  const name: unknown = document.has([...path, 'plugin']) ? document.value([...path, 'plugin']) : 'forward';
  if (typeof name !== 'string') return undefined;
  const plugin = plugins.get(name);
  const otherKeys = plugin === undefined || plugin.targets === 'chosen' ? OWN_KEYS : FIXED_KEYS;
  const own = Object.fromEntries(Object.entries(value).filter(([key]) => !otherKeys.includes(key)));
  if (plugin !== undefined && !isService(plugin)) document.report([...path, 'plugin'], `plugin: "${name}" is no kind of service (${plugin.about}); there are ${serviceNames(context).join(', ')}`);
  if (plugin !== undefined) return isService(plugin) ? parseOptions(context, path, { plugin, own, otherKeys }) : undefined;
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

/** Every key that a service of `plugin` may have. */
export function serviceKeys(plugin: PluginDefinition): readonly string[] {
  return [...OWN_KEYS, ...(plugin.options === undefined ? [] : keysOf(plugin.options))];
}
