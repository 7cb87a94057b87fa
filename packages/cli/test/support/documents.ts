/** The repository's documents and sources, for tests that hold one against the other. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));

export interface Source {
  /** From the repository's root: `packages/core/src/index.ts`. */
  readonly file: string;
  readonly text: string;
}

export function readDocument(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** All of packages/NAME/src. */
export function sources(): Source[] {
  return readdirSync(join(ROOT, 'packages')).flatMap((name) => {
    const folder = join('packages', name, 'src');
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    return files.map((file) => ({ file: join(folder, file), text: readDocument(join(folder, file)) }));
  });
}

/** Titles of the second level. */
export function titles(page: string): string[] {
  return [...page.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title);
}

/** The rows of the first table under a title, without its head; the first cell without its backquotes. */
export function sectionRows(page: string, title: string): string[][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${title}\n`)) ?? '';
  const lines = section.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell, index) => (index === 0 ? cell.replaceAll('`', '') : cell).trim()));
}
