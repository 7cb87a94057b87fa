import type { PluginDefinition } from '@lstp/core';
import { loadChains } from '../load-chains.js';
import { table } from '../text/table.js';

/** What zod says of one option, as JSON Schema. */
interface OptionSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly OptionSchema[];
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
}

/** `lstp plugins`: every plugin that a chain file (this one, if given) may name. */
export async function plugins(file: string | undefined, { json = false }: { readonly json?: boolean }): Promise<void> {
  const definitions = file === undefined ? (await import('@lstp/plugins')).bundledPlugins : (await loadChains([file])).flatMap(({ catalogue }) => catalogue.definitions());
  const text = json ? `${JSON.stringify(definitions.map(pluginJson), null, 2)}\n` : definitions.map(pluginText).join('\n');
  process.stdout.write(text);
}

function pluginJson(definition: PluginDefinition): object {
  const { name, about, api, schemes, options } = definition;
  return { name, about, api, roles: rolesOf(definition), ...(schemes === undefined ? {} : { schemes }), options: options === undefined ? {} : schemaOf(options) };
}

function pluginText(definition: PluginDefinition): string {
  const { name, about, schemes = [] } = definition;
  const head = `${name}: ${about}\n  ${rolesOf(definition).join(', ') || 'not here'}${schemes.length === 0 ? '' : ` (${schemes.join(', ')})`}\n`;
  const rows = optionRows(definition);
  return rows.length === 0 ? head : `${head}${table(rows, '  ')}\n`;
}

/** Roles as people read them, by the member that holds the class. */
const ROLES = {
  frontEnd: 'front end', backEnd: 'back end', security: 'security', connector: 'connector', codec: 'codec', rewriter: 'rewriter', monitor: 'monitor', login: 'login', legDialer: 'leg dialer', legListener: 'leg listener',
} as const satisfies Partial<Record<keyof PluginDefinition, string>>;

function rolesOf(definition: PluginDefinition): string[] {
  return (Object.keys(ROLES) as (keyof typeof ROLES)[]).flatMap((role) => (definition[role] === undefined ? [] : [ROLES[role]]));
}

function optionRows({ options }: PluginDefinition): string[][] {
  if (options === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(options);
  return Object.entries(properties).map(([name, schema]) => [name, formOf(schema), necessity(schema, required.includes(name)), schema.description ?? '']);
}

function schemaOf(options: NonNullable<PluginDefinition['options']>): ObjectSchema {
  return options.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as ObjectSchema;
}

function formOf({ type, enum: words, anyOf }: OptionSchema): string {
  if (words !== undefined) return words.join(' | ');
  if (anyOf !== undefined) return [...new Set(anyOf.map(formOf))].join(' or ');
  return type === 'array' ? 'list' : (type ?? 'any');
}

function necessity({ default: value }: OptionSchema, isRequired: boolean): string {
  if (value !== undefined) return `default ${JSON.stringify(value)}`;
  return isRequired ? 'required' : 'optional';
}
