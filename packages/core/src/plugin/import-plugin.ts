/** Loads one plugin module and checks the form of what it exports. */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nameFault } from '../config/name.js';
import { PLUGIN_API, type PluginDefinition } from './contract.js';

export type ImportedPlugin = { readonly plugin: PluginDefinition } | { readonly fault: string };

/** Members of a definition that are classes. */
const ROLES = ['frontEnd', 'backEnd', 'security', 'connector'] as const satisfies readonly (keyof PluginDefinition)[];

/** Never throws: a module that fails is a fault of the file that lists it. */
export async function importPlugin(specifier: string, baseDir: string): Promise<ImportedPlugin> {
  let exports: { readonly default?: unknown };
  try {
    exports = (await import(moduleUrl(specifier, baseDir))) as { readonly default?: unknown };
  } catch (error) {
    return { fault: importFault(specifier, error) };
  }
  const fault = definitionFault(exports.default);
  return fault === undefined ? { plugin: exports.default as PluginDefinition } : { fault: `"${specifier}": ${fault}` };
}

function moduleUrl(specifier: string, baseDir: string): string {
  const base = resolve(baseDir);
  if (specifier.startsWith('file:')) return specifier;
  if (/^(?:\.{0,2}[\\/]|[A-Za-z]:[\\/])/.test(specifier)) return pathToFileURL(resolve(base, specifier)).href;
  return pathToFileURL(createRequire(join(base, 'chain.yaml')).resolve(specifier)).href;
}

function importFault(specifier: string, error: unknown): string {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { code: undefined, message: String(error) };
  const isPath = /[\\/]/.test(specifier);
  const firstLine = message.split('\n')[0] ?? '';
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    return `the plugin module "${specifier}" (or a module it imports) is not there; ${isPath ? 'paths begin at the folder of the chain file' : `install it beside the chain file, or write "./${specifier}" for a file`}: ${firstLine}`;
  }
  return `the plugin module "${specifier}" cannot be loaded: ${firstLine}`;
}

/** What is wrong with a definition's form and what would be right; undefined for a good one. */
function definitionFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'its default export is no plugin; write export default definePlugin({ ... })';
  const definition = value as Partial<Record<keyof PluginDefinition, unknown>>;
  if (definition.api !== PLUGIN_API) return `it is made for version ${String(definition.api)} of the plugin contract; this lstp has version ${PLUGIN_API}`;
  if (typeof definition.name !== 'string') return 'its definition has no name';
  if (typeof definition.about !== 'string') return 'its definition has no line "about" it';
  return nameFault(definition.name, 'plugin') ?? optionsFault(definition.options) ?? rolesFault(definition);
}

function optionsFault(options: unknown): string | undefined {
  if (options === undefined) return undefined;
  const isSchema = typeof options === 'object' && options !== null && '_zod' in options && 'safeParse' in options;
  return isSchema ? undefined : 'its "options" are no zod 4 schema; write options: z.strictObject({ ... })';
}

function rolesFault(definition: Partial<Record<string, unknown>>): string | undefined {
  const given = ROLES.filter((role) => definition[role] !== undefined);
  const wrong = given.find((role) => typeof definition[role] !== 'function');
  if (wrong !== undefined) return `its "${wrong}" is no class`;
  return given.length === 0 ? `it has no role; a plugin has at least one of ${ROLES.join(', ')}` : undefined;
}
