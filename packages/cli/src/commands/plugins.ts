import type { PluginDefinition } from '@lstp/core';
import { loadChains } from '../load-chains.js';
import { table } from '../text/table.js';
import { wrapText } from '../text/wrap-text.js';

/** Columns for what is said of an option, however narrow the terminal is. */
const LEAST_ROOM = 30;

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
  const roles = rolesOf(definition).join(', ') || 'nothing on this version of Node';
  const form = formIn(definition);
  const head = `${name}: ${about}\n  ${roles}${schemes.length === 0 ? '' : ` (${schemes.join(', ')})`}${form === undefined ? '' : `; in the chain file: ${form}`}\n`;
  const rows = optionRows(definition);
  return rows.length === 0 ? head : `${head}${table(wrapped(rows), '  ')}\n`;
}

/** How a chain file names it; undefined for those that it does not name. */
function formIn({ name, frontEnd, backEnd, codec, rewriter, monitor, login }: PluginDefinition): string | undefined {
  if (frontEnd !== undefined || backEnd !== undefined) return `plugin: ${name}`;
  if (codec !== undefined) return `codec: ${name}`;
  if (monitor !== undefined) return `monitors: [{ plugin: ${name}, at: NODE }]`;
  if (rewriter !== undefined) return `rewriters: [{ plugin: ${name}, at: NODE }]`;
  return login === undefined ? undefined : `login: { plugin: ${name}, at: NODE }`;
}

/** On a terminal, what is said of an option keeps to its column. Elsewhere it is a line, as programs want it. */
function wrapped(rows: readonly string[][]): string[][] {
  const { columns } = process.stdout;
  if (columns === undefined) return [...rows];
  const widest = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const room = columns - 2 - [0, 1, 2].reduce((sum, column) => sum + widest(column) + 2, 0);
  return rows.flatMap(([name = '', form = '', need = '', text = '']) => wrapText(text, Math.max(room, LEAST_ROOM)).map((line, index) => (index === 0 ? [name, form, need, line] : ['', '', '', line])));
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
