#!/usr/bin/env node
/**
 * Writes docs/config.md and docs/chain.schema.json from the schema that checks chain files. Needs the build.
 *
 *   node tools/write-config-docs.mjs           writes both
 *   node tools/write-config-docs.mjs --check   writes nothing; exit status 1 where one is not what it would be
 *
 * The words around the tables are in tools/config-docs/config.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chainJsonSchema, schemaPieces } from '../packages/core/dist/src/config/index.js';
import { bundledPlugins } from '../packages/plugins/dist/src/index.js';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What the files should be, by their path from the repository's root. */
export function configDocs() {
  const template = readFileSync(join(ROOT, 'tools/config-docs/config.md'), 'utf8');
  const pieces = schemaPieces(bundledPlugins);
  const page = template
    .replaceAll(/<!-- table: (\w+) -->/g, (_, piece) => table(pieces[piece]))
    .replaceAll(/<!-- options: ([\w-]+) -->/g, (_, plugin) => table(pieces.attached.get(plugin)))
    .replace('<!-- plugins -->', () => [...pieces.plugins].map(([name, options]) => pluginSection(name, options)).join('\n\n'));
  return {
    'docs/config.md': `<!-- Made by tools/write-config-docs.mjs from tools/config-docs/config.md and the schema; do not edit here. -->\n${page}`,
    'docs/chain.schema.json': `${JSON.stringify(chainJsonSchema(bundledPlugins), null, 2)}\n`,
  };
}

function pluginSection(name, options) {
  const { about } = bundledPlugins.find((plugin) => plugin.name === name);
  const title = `### \`plugin: ${name}\`${name === 'forward' ? ', or no plugin' : ''}`;
  const keys = Object.keys(options.properties).length === 0 ? 'It has no options of its own.' : table(options);
  return `${title}\n\n${about[0].toUpperCase()}${about.slice(1).replace(/\.$/, '')}.\n\n${keys}`;
}

function table({ properties, required = [] }) {
  const rows = Object.entries(properties).map(([key, property]) => `| \`${key}\` | ${value(property, required.includes(key))} | ${cell(property.description ?? '')} |`);
  return ['| key | | what it says |', '|---|---|---|', ...rows].join('\n');
}

function value({ default: otherwise }, isNeeded) {
  if (isNeeded) return 'needed';
  return otherwise === undefined || (Array.isArray(otherwise) && otherwise.length === 0) ? '' : `default \`${otherwise}\``;
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function main(isCheck) {
  const stale = Object.entries(configDocs()).filter(([file, text]) => !isCurrent(join(ROOT, file), text));
  for (const [file, text] of stale) {
    if (!isCheck) writeFileSync(join(ROOT, file), text);
    process.stdout.write(isCheck ? `${file} is not up to date; run node tools/write-config-docs.mjs\n` : `${file}\n`);
  }
  if (isCheck && stale.length > 0) process.exitCode = 1;
}

function isCurrent(file, text) {
  try {
    return readFileSync(file, 'utf8') === text;
  } catch {
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.includes('--check'));
