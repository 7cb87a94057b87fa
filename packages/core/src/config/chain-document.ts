/**
 * A chain file that has been read and not yet understood: plain data, and the place of each part of it.
 *
 *   readChainText()    text -> document; throws ConfigError for what is no YAML
 *   document.value()   the data at a path
 *   document.report()  collects a problem at a path
 *   document.fillTexts()   puts other texts in the place of those written, references to secrets filled in
 */
import { YAMLException } from 'js-yaml';
import type { Place } from './chain.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { CHAIN_FILE_BYTES, LineIndex } from './source.js';
import { FormError } from './form-error.js';
import { clip } from './name.js';
import { checkReferences } from './secret.js';
import { yamlFault } from './yaml-fault.js';
import { parseYamlTree, plainValue, scalarsOf, sourceOffset, type YamlNode } from './yaml-tree.js';

/** Keys and indices from the root. */
export type Path = readonly PropertyKey[];

/** Where to point: at the value or its key, and how far into the value's text. */
export interface Spot {
  readonly part?: 'value' | 'key';
  readonly offset?: number;
}

/** Reads the text of a chain file. Problems that leave the rest readable are kept in the document. */
export function readChainText(text: string, file: string): ChainDocument {
  const source = text.replace(/^\uFEFF/, '');
  const lines = new LineIndex(source);
  if (source.length > CHAIN_FILE_BYTES) throw new ConfigError(file, [{ place: lines.place(0), message: `${source.length} characters are too many for a chain file` }]);
  const problems: ConfigProblem[] = [];
  const report = (at: number, message: string): void => void problems.push({ place: lines.place(Math.max(at, 0)), message });
  try {
    return new ChainDocument({ file, source, lines, root: parseYamlTree(source, { report, textFault }), problems });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new ConfigError(file, [yamlFault(source, error)]);
  }
}

interface Found {
  readonly node: YamlNode | undefined;
  /** Of the innermost key on the way, -1 for none. */
  readonly keyAt: number;
  /** Whether the whole path is there. */
  readonly whole: boolean;
}

export class ChainDocument {
  readonly file: string;
  readonly #source: string;
  readonly #lines: LineIndex;
  readonly #root: YamlNode | undefined;
  readonly #problems: ConfigProblem[];
  /** What stands in a scalar's place: another text, or nothing (a problem already). */
  readonly #filled = new Map<YamlNode, string | undefined>();

  constructor(parts: { file: string; source: string; lines: LineIndex; root: YamlNode | undefined; problems: ConfigProblem[] }) {
    this.file = parts.file;
    this.#source = parts.source;
    this.#lines = parts.lines;
    this.#root = parts.root;
    this.#problems = parts.problems;
  }

  /** Plain data: strings, numbers, booleans, null, arrays, objects without prototype. Undefined where nothing is. */
  value(path: Path): unknown {
    const { node, whole } = this.#find(path);
    if (node === undefined || !whole) return undefined;
    return plainValue(node, (scalar) => (this.#filled.has(scalar) ? this.#filled.get(scalar) : scalar.value));
  }

  /** Whether something is written at `path`, even `key:` with nothing behind it. */
  has(path: Path): boolean {
    return this.#find(path).whole;
  }

  /** The keys of the map at `path`, in the order of the file; none where there is no map. */
  keys(path: Path): readonly string[] {
    const { node, whole } = this.#find(path);
    return whole && node?.kind === 'map' ? node.names : [];
  }

  /** Whether a problem with this part is known already, so that no second one need be told. */
  isBroken(path: Path): boolean {
    const { node } = this.#find(path);
    return node !== undefined && (node.kind === 'broken' || (this.#filled.has(node) && this.#filled.get(node) === undefined));
  }

  /** Replaces every text by what `fill` gives. A FormError of it is a problem of that text. */
  fillTexts(fill: (text: string, path: Path) => string): void {
    if (this.#root === undefined) return;
    for (const { scalar, path } of scalarsOf(this.#root)) {
      if (typeof scalar.value !== 'string') continue;
      try {
        const text = fill(scalar.value, path);
        if (text !== scalar.value) this.#filled.set(scalar, text);
      } catch (error) {
        if (!(error instanceof FormError)) throw error;
        this.report(path, error.message, { offset: error.offset });
        this.#filled.set(scalar, undefined);
      }
    }
  }

  /** Where `path` stands; of its innermost existing part if it does not exist. */
  place(path: Path, spot: Spot = {}): Place {
    const { node, keyAt, whole } = this.#find(path);
    const valueAt = node === undefined ? 0 : node.at;
    const atKey = keyAt >= 0 && (spot.part === 'key' || !whole || valueAt < 0);
    if (atKey || node === undefined) return this.#lines.place(Math.max(keyAt, 0));
    return this.#lines.place(Math.max(spot.offset === undefined ? valueAt : this.#inside(node, spot.offset), 0));
  }

  /** Messages about a text that was filled in are replaced: they could repeat a secret. */
  report(path: Path, message: string, spot: Spot = {}): void {
    const { node } = this.#find(path);
    const isSecret = spot.part !== 'key' && node !== undefined && this.#filled.has(node);
    this.#problems.push(isSecret ? { place: this.place(path), message: this.#withoutSecret(path) } : { place: this.place(path, spot), message });
  }

  /** Whether anything was reported yet. */
  get faulty(): boolean {
    return this.#problems.length > 0;
  }

  /** How many problems were reported yet. */
  get problemCount(): number {
    return this.#problems.length;
  }

  /** Throws ConfigError with every problem reported, in the order of the file. */
  throwIfFaulty(): void {
    if (this.faulty) throw new ConfigError(this.file, inOrder(this.#problems));
  }

  #inside(node: YamlNode, offset: number): number {
    return node.kind === 'scalar' ? sourceOffset(this.#source, node, offset) : node.at;
  }

  #withoutSecret(path: Path): string {
    const { node } = this.#find(path);
    const written = node?.kind === 'scalar' ? String(node.value) : '';
    return `${String(path.findLast((step) => typeof step === 'string') ?? '')}: what "${clip(written)}" stands for is not right here; write it out to see why`;
  }

  #find(path: Path): Found {
    let node = this.#root;
    let keyAt = -1;
    for (const step of path) {
      const entry = node?.kind === 'map' ? node.entries.get(String(step)) : undefined;
      const next = node?.kind === 'list' ? node.items[Number(step)] : entry?.node;
      if (next === undefined) return { node, keyAt, whole: false };
      if (entry !== undefined) keyAt = entry.keyAt;
      node = next;
    }
    return { node, keyAt, whole: node !== undefined };
  }
}

function textFault(text: string): { message: string; offset: number } | undefined {
  try {
    checkReferences(text);
    return undefined;
  } catch (error) {
    if (error instanceof FormError) return { message: error.message, offset: error.offset };
    throw error;
  }
}

function inOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const seen = new Set<string>();
  return [...problems]
    .sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
    .filter(({ place, message }) => {
      const text = `${place.line}:${place.column}:${message}`;
      return !seen.has(text) && seen.add(text) !== undefined;
    });
}
