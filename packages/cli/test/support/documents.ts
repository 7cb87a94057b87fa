/** The repository's documents and sources, for tests that hold one against the other. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
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

export interface Document {
  readonly file: string;
  readonly text: string;
  /** Links within the repository. */
  readonly links: readonly { readonly target: string; readonly exists: boolean }[];
}

/** What newcomers read: all Markdown but the specification and the bench, which have tests of their own. */
export function documents(): Document[] {
  const top = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  const below = ['docs', 'examples'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)));
  return [...top, ...below.filter((name) => name.endsWith('.md') && name !== join('docs', 'spec.md'))].map((file) => {
    const text = readDocument(file);
    const targets = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, target = '']) => target);
    return { file, text, links: targets.map((target) => ({ target, exists: isThere(file, target) })) };
  });
}

function isThere(file: string, target: string): boolean {
  const [path = '', heading] = target.split('#');
  const place = path === '' ? file : join(dirname(file), path);
  if (!existsSync(join(ROOT, place))) return false;
  return heading === undefined || headings(readDocument(place)).includes(heading);
}

/** As they are linked to: lower case, blanks as hyphens, no punctuation. */
function headings(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'));
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
