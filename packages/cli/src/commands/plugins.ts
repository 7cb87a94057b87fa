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
export async function plugins(file: string | undefined): Promise<void> {
  const definitions = file === undefined ? (await import('@lstp/plugins')).bundledPlugins : (await loadChains([file])).flatMap(({ catalogue }) => catalogue.definitions());
  const texts = definitions.map(pluginText);
  process.stdout.write(texts.join('\n'));
}

function pluginText(definition: PluginDefinition): string {
  const head = `${definition.name}: ${definition.about}\n  ${rolesOf(definition).join(', ')}\n`;
  const rows = optionRows(definition);
  return rows.length === 0 ? head : `${head}${table(rows, '  ')}\n`;
}

function rolesOf({ frontEnd, backEnd, security, connector }: PluginDefinition): string[] {
  const roles = { 'front end': frontEnd, 'back end': backEnd, security, connector };
  return Object.entries(roles).flatMap(([role, made]) => (made === undefined ? [] : [role]));
}

function optionRows({ options }: PluginDefinition): string[][] {
  if (options === undefined) return [];
  const { properties = {}, required = [] } = options.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as ObjectSchema;
  return Object.entries(properties).map(([name, schema]) => [name, formOf(schema), necessity(schema, required.includes(name)), schema.description ?? '']);
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
