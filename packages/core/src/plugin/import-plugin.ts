/** Loads one plugin module and checks the form of what it exports. */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nameFault } from '../config/name.js';
import { PLUGIN_API, type PluginDefinition } from './contract.js';

export type ImportedPlugin = { readonly plugin: PluginDefinition } | { readonly fault: string };

/** Members of a definition that are classes, and the methods that each must have: one of each row. */
const ROLES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  frontEnd: [['start'], ['stop']],
  backEnd: [['connect', 'connectDatagrams', 'listen']],
  security: [['secure']],
  connector: [['connect']],
  codec: [['encoder'], ['decoder']],
  rewriter: [['rewrite']],
  monitor: [['watch']],
  login: [['credentials', 'verify']],
  legDialer: [['dial']],
  legListener: [['accept']],
};

/** For a module to be imported: it has nothing to do then. */
const IMPORT_TIMEOUT_MS = 10_000;

/** Never throws: a module that fails, or never comes to an end, is a fault of the file that lists it. */
export async function importPlugin(specifier: string, baseDir: string, timeoutMs = IMPORT_TIMEOUT_MS): Promise<ImportedPlugin> {
  try {
    const exports = await inTime(import(moduleUrl(specifier, baseDir)) as Promise<{ readonly default?: unknown }>, timeoutMs);
    // What it exports may be anything, and throw when it is looked at.
    const fault = definitionFault(exports.default);
    return fault === undefined ? { plugin: exports.default as PluginDefinition } : { fault: `"${specifier}": ${fault}` };
  } catch (error) {
    return { fault: importFault(specifier, error) };
  }
}

async function inTime<T>(importing: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`it was not imported within ${timeoutMs / 1000} s; what takes its time belongs into start()`)), timeoutMs);
  });
  try {
    return await Promise.race([importing, late]);
  } finally {
    clearTimeout(timer);
  }
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
  if (definition.api === undefined) return 'it does not say for which version of the plugin contract it is made; write api: PLUGIN_API';
  if (definition.api !== PLUGIN_API) return `it is made for version ${String(definition.api)} of the plugin contract; this lstp has version ${PLUGIN_API}`;
  if (typeof definition.name !== 'string') return 'its definition has no name';
  if (typeof definition.about !== 'string') return 'its definition has no line "about" it';
  return nameFault(definition.name, 'plugin') ?? optionsFault(definition.options) ?? wordsFault(definition) ?? rolesFault(definition);
}

function optionsFault(options: unknown): string | undefined {
  if (options === undefined) return undefined;
  const isSchema = typeof options === 'object' && options !== null && '_zod' in options && 'safeParse' in options;
  return isSchema ? undefined : 'its "options" are no zod 4 schema; write options: z.strictObject({ ... })';
}

function wordsFault({ targets, listens, oneSided }: Partial<Record<keyof PluginDefinition, unknown>>): string | undefined {
  if (targets !== undefined && targets !== 'chosen') return 'its "targets" is a word that is not known; write targets: "chosen", or leave it out';
  if (listens !== undefined && listens !== 'stream' && listens !== 'datagram') return 'its "listens" is a word that is not known; write listens: "stream" or "datagram"';
  if (oneSided === undefined) return undefined;
  const lists = typeof oneSided === 'object' && oneSided !== null ? Object.entries(oneSided) : undefined;
  const isGood = lists?.every(([side, keys]) => (side === 'front' || side === 'back') && isListOfTexts(keys));
  return isGood === true ? undefined : 'its "oneSided" is wrong; write oneSided: { front: ["password"], back: ["file"] }';
}

function rolesFault(definition: Partial<Record<string, unknown>>): string | undefined {
  const given = Object.keys(ROLES).filter((role) => definition[role] !== undefined);
  if (given.length === 0) return `it has no role; a plugin has at least one of ${Object.keys(ROLES).join(', ')}`;
  const carriesLegs = definition['legDialer'] !== undefined || definition['legListener'] !== undefined;
  if (carriesLegs && !isListOfTexts(definition['schemes'])) return 'it carries legs, and its "schemes" do not say of which addresses; write schemes: ["wss"]';
  return given.map((role) => roleFault(role, definition[role])).find((fault) => fault !== undefined);
}

/** Methods are looked for where classes have them; one that is made by the constructor is not seen before it runs. */
function roleFault(role: string, made: unknown): string | undefined {
  if (typeof made !== 'function') return `its "${role}" is no class`;
  const { prototype } = made as { readonly prototype?: Readonly<Record<string, unknown>> };
  if (prototype === undefined) return `its "${role}" is no class, but a function that cannot be constructed`;
  const missing = ROLES[role]?.find((oneOf) => !oneOf.some((method) => typeof prototype[method] === 'function'));
  return missing === undefined ? undefined : `its "${role}", class ${made.name || 'without name'}, has no method ${missing.map((name) => `${name}()`).join(' or ')}`;
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((text) => typeof text === 'string');
}
