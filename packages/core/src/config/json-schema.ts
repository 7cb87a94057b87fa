/**
 * The chain file's JSON Schema (draft 2020-12), for editors and for docs/config.md: docs/chain.schema.json.
 * Made from the schemas that check the file. It knows keys and kinds of values; the forms of texts, and how things
 * fit together, only `lstp check` knows.
 */
import { z } from 'zod';
import type { PluginDefinition } from '../plugin/contract.js';
import { asAttached } from './as-attached.js';
import { fileSchema, nodeSchema, serviceSchema, tunnelSchema } from './file-schema.js';
import { NAME_PATTERN, RESERVED_NODE_NAMES } from './name.js';

/** The members of an object schema that are of interest here. */
export interface ObjectSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties: Readonly<Record<string, PropertySchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
}
export interface PropertySchema {
  readonly description?: string;
  readonly default?: unknown;
}

/** Pieces of the schema by what they describe; `plugins` are the options of each kind of service. */
export interface SchemaPieces {
  readonly file: ObjectSchema;
  readonly node: ObjectSchema;
  readonly tunnel: ObjectSchema;
  readonly service: ObjectSchema;
  readonly plugins: ReadonlyMap<string, ObjectSchema>;
  /** Options of the plugins that attach to a service or a tunnel. */
  readonly attached: ReadonlyMap<string, ObjectSchema>;
}

export function schemaPieces(plugins: Iterable<PluginDefinition>): SchemaPieces {
  const services = [...plugins].filter(({ frontEnd, backEnd }) => frontEnd !== undefined || backEnd !== undefined);
  return {
    // Optional to the reader, which says more of a missing one than a schema could.
    file: { ...jsonOf(fileSchema), required: ['lstp', 'nodes'] },
    node: jsonOf(nodeSchema),
    tunnel: jsonOf(tunnelSchema),
    service: jsonOf(serviceSchema),
    plugins: new Map(services.map(optionsOf)),
    attached: new Map([...plugins].filter(({ login, monitor, rewriter }) => (login ?? monitor ?? rewriter) !== undefined).map((plugin) => optionsOf(asAttached(plugin, plugin.rewriter === undefined ? 'monitor' : 'rewriter')))),
  };
}

function optionsOf({ name, options }: PluginDefinition): [string, ObjectSchema] {
  return [name, options === undefined ? { type: 'object', properties: {} } : jsonOf(options)];
}

export function chainJsonSchema(plugins: Iterable<PluginDefinition>): object {
  const pieces = schemaPieces(plugins);
  const { file, node, tunnel, service } = pieces;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'lstp chain file',
    description: 'Nodes, tunnels and services of a chain of lstp proxies.',
    ...file,
    properties: {
      ...file.properties,
      lstp: { ...file.properties['lstp'], const: 1 },
      nodes: { ...file.properties['nodes'], ...byName('node', { not: { enum: RESERVED_NODE_NAMES } }) },
      tunnels: { ...file.properties['tunnels'], ...byName('tunnel') },
    },
    $defs: {
      // `west:` with nothing behind it is a node for trials.
      node: { ...node, type: ['object', 'null'] },
      tunnel: { ...tunnel, properties: { ...tunnel.properties, services: { ...tunnel.properties['services'], ...byName('service') } } },
      service: { ...service, allOf: [...pieces.plugins.keys()].map(onlyFor) },
      ...Object.fromEntries([...pieces.plugins].map(([name, options]) => [`service-${name}`, serviceOf(service, options)])),
    },
  };
}

function jsonOf(schema: z.ZodType): ObjectSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12', unrepresentable: 'any' });
  return { properties: {}, ...json } as ObjectSchema;
}

function byName(definition: string, further: object = {}): object {
  return { type: 'object', propertyNames: { pattern: NAME_PATTERN, ...further }, additionalProperties: { $ref: `#/$defs/${definition}` } };
}

/** Services of plugins that are not known here may have any key. */
function onlyFor(plugin: string): object {
  const required = plugin === 'forward' ? {} : { required: ['plugin'] };
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema; nobody awaits it
  return { if: { properties: { plugin: { const: plugin } }, ...required }, then: { $ref: `#/$defs/service-${plugin}` } };
}

function serviceOf(service: ObjectSchema, options: ObjectSchema): ObjectSchema {
  const own = Object.fromEntries(Object.keys(service.properties).map((key) => [key, {}]));
  return { ...options, properties: { ...own, ...options.properties } };
}
