/**
 * YAML text as a tree in which everything knows its offset.
 *
 * Plain data only: aliases, anchors, merge keys, tags and further documents are problems, so that what is
 * written is what is meant. What a problem touches stays in the tree as `broken`, so that reading can go on.
 */
import { boolCoreTag, EVENT_ID, floatCoreTag, getScalarValue, intCoreTag, NOT_RESOLVED, nullCoreTag, parseEvents, SCALAR_STYLE } from 'js-yaml';
import type { Event } from 'js-yaml';
import { LineIndex } from './source.js';

export interface YamlScalar {
  readonly kind: 'scalar';
  /** Of its first character, a quote included; -1 where nothing is written. */
  readonly at: number;
  /** Of the first character of its text, and behind its last. */
  readonly start: number;
  readonly end: number;
  readonly value: string | number | boolean | null;
}
export interface YamlList {
  readonly kind: 'list';
  readonly at: number;
  readonly items: readonly YamlNode[];
}
export interface YamlEntry {
  readonly keyAt: number;
  readonly node: YamlNode;
}
export interface YamlMap {
  readonly kind: 'map';
  readonly at: number;
  readonly entries: ReadonlyMap<string, YamlEntry>;
  /** The keys of `entries`. */
  readonly names: readonly string[];
}
/** Already a problem; nothing more is to be said about it. */
export interface YamlBroken {
  readonly kind: 'broken';
  readonly at: number;
}
export type YamlNode = YamlScalar | YamlList | YamlMap | YamlBroken;

/** Deeper nesting than any chain file has. */
const MAX_DEPTH = 32;
const IMPLICIT_TAGS = [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag];

export interface TreeChecks {
  /** Called with an offset and what is wrong there. */
  readonly report: (at: number, message: string) => void;
  /** What is wrong with a text, if anything, and how far into it. */
  readonly textFault: (text: string) => { readonly message: string; readonly offset: number } | undefined;
}

/** The root node; undefined for an empty text. Throws js-yaml's YAMLException for what is no YAML. */
export function parseYamlTree(source: string, checks: TreeChecks): YamlNode | undefined {
  return new TreeReader(source, checks).read();
}

/** Offset in a scalar's text -> in the source. The start of the scalar where the two texts differ (escapes, folded lines). */
export function sourceOffset(source: string, node: YamlScalar, offset: number): number {
  const same = source.slice(node.start, node.end) === node.value;
  return same ? node.start + Math.min(offset, node.end - node.start) : node.at;
}

/** The data alone, maps without prototype. `scalarValue` may put another value in a scalar's place. */
export function plainValue(node: YamlNode, scalarValue: (scalar: YamlScalar) => unknown = ({ value }) => value): unknown {
  if (node.kind === 'scalar') return scalarValue(node);
  if (node.kind === 'list') return node.items.map((item) => plainValue(item, scalarValue));
  if (node.kind === 'broken') return undefined;
  const value = Object.create(null) as Record<string, unknown>;
  for (const [key, entry] of node.entries) value[key] = plainValue(entry.node, scalarValue);
  return value;
}

/** Every scalar with its path. */
export function* scalarsOf(node: YamlNode, path: readonly PropertyKey[] = []): Generator<{ readonly scalar: YamlScalar; readonly path: readonly PropertyKey[] }> {
  if (node.kind === 'scalar') yield { scalar: node, path };
  else if (node.kind === 'list') for (const [index, item] of node.items.entries()) yield* scalarsOf(item, [...path, index]);
  else if (node.kind === 'map') for (const [key, entry] of node.entries) yield* scalarsOf(entry.node, [...path, key]);
}

class TreeReader {
  readonly #source: string;
  readonly #lines: LineIndex;
  readonly #report: TreeChecks['report'];
  readonly #textFault: TreeChecks['textFault'];
  readonly #events: readonly Event[];
  #next = 0;

  constructor(source: string, { report, textFault }: TreeChecks) {
    this.#source = source;
    this.#lines = new LineIndex(source);
    this.#report = report;
    this.#textFault = textFault;
    this.#events = source.trim() === '' ? [] : parseEvents(source, { maxDepth: MAX_DEPTH });
  }

  read(): YamlNode | undefined {
    if (this.#peek() === undefined) return undefined;
    this.#take();
    const root = this.#value();
    this.#take();
    if (this.#peek() !== undefined) this.#report(this.#secondDocument(), 'a second document begins here; a chain file is one document, without `---` inside');
    return root;
  }

  #peek(): Event | undefined {
    return this.#events[this.#next];
  }

  #take(): Event {
    const event = this.#events[this.#next++];
    if (event === undefined) throw new Error('js-yaml: the event list ends early');
    return event;
  }

  #value(): YamlNode {
    const node = this.#node();
    const fault = node.kind === 'scalar' && typeof node.value === 'string' ? this.#textFault(node.value) : undefined;
    if (fault === undefined || node.kind !== 'scalar') return node;
    this.#report(sourceOffset(this.#source, node, fault.offset), fault.message);
    return { kind: 'broken', at: node.at };
  }

  #node(): YamlNode {
    const event = this.#take();
    switch (event.type) {
      case EVENT_ID.ALIAS:
        return this.#alias(event.anchorStart - 1);
      case EVENT_ID.SCALAR:
        this.#refuseProperties(event);
        return this.#scalar(event);
      case EVENT_ID.SEQUENCE:
        this.#refuseProperties(event);
        return { kind: 'list', at: event.start, items: this.#items() };
      case EVENT_ID.MAPPING:
        this.#refuseProperties(event);
        return this.#map(event.start);
      default:
        throw new Error(`js-yaml: event ${event.type} where a node was expected`);
    }
  }

  #items(): YamlNode[] {
    const items: YamlNode[] = [];
    while (this.#peek()?.type !== EVENT_ID.POP) items.push(this.#value());
    this.#take();
    return items;
  }

  #map(at: number): YamlMap {
    const entries = new Map<string, YamlEntry>();
    const places = new Map<string, number>();
    while (this.#peek()?.type !== EVENT_ID.POP) this.#entry(entries, places);
    this.#take();
    return { kind: 'map', at, entries, names: [...entries.keys()] };
  }

  #entry(entries: Map<string, YamlEntry>, places: Map<string, number>): void {
    const key = this.#key();
    const node = this.#value();
    if (key === undefined) return;
    const first = places.get(key.text);
    if (first !== undefined) return this.#report(key.at, `the key "${key.text}" is here twice; the first is ${this.#above(first)}`);
    places.set(key.text, key.at);
    entries.set(key.text, { keyAt: key.at, node });
  }

  #key(): { text: string; at: number } | undefined {
    const event = this.#peek();
    const node = this.#node();
    if (event?.type === EVENT_ID.SCALAR && node.kind === 'scalar') return this.#usableKey(getScalarValue(this.#source, event), Math.max(node.at, 0));
    if (node.kind !== 'broken') this.#report(node.at, 'a key is a word, not a list or a map');
    return undefined;
  }

  #usableKey(text: string, at: number): { text: string; at: number } | undefined {
    if (text === '<<') this.#report(at, 'merge keys (<<) are not used in a chain file; write the keys out');
    else if (text === '__proto__') this.#report(at, 'the key "__proto__" is not used in a chain file');
    else return { text, at };
    return undefined;
  }

  #scalar(event: Event & { type: typeof EVENT_ID.SCALAR }): YamlScalar {
    const text = getScalarValue(this.#source, event);
    const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
    const at = quoted ? event.valueStart - 1 : event.valueStart;
    return { kind: 'scalar', at, start: event.valueStart, end: event.valueEnd, value: event.style === SCALAR_STYLE.PLAIN ? resolve(text) : text };
  }

  #alias(at: number): YamlBroken {
    this.#report(at, `"*" begins a YAML alias, which a chain file does not use; to mean the character, put the text in quotes: "${this.#word(at)}"`);
    return { kind: 'broken', at };
  }

  #refuseProperties({ anchorStart, tagStart }: { anchorStart: number; tagStart: number }): void {
    if (anchorStart >= 0) this.#report(anchorStart - 1, `"&" begins a YAML anchor, which a chain file does not use; to mean the character, put the text in quotes: "${this.#word(anchorStart - 1)}"`);
    if (tagStart >= 0) this.#report(tagStart, `"!" begins a YAML tag, which a chain file does not use; to mean the character, put the text in quotes: "${this.#word(tagStart)}"`);
  }

  #word(at: number): string {
    return /^[^\s,\]}]*/.exec(this.#source.slice(at, at + 80))?.[0] ?? '';
  }

  #above(offset: number): string {
    return `in line ${this.#lines.lineOf(offset)}`;
  }

  /** js-yaml gives documents no offset: it is the first `---` behind all that was read. */
  #secondDocument(): number {
    const read = this.#events.slice(0, this.#next).reduce((end, event) => Math.max(end, 'valueEnd' in event ? event.valueEnd : 'start' in event ? event.start : 0), 0);
    const marker = /^---(?=\s|$)/m.exec(this.#source.slice(read));
    return marker === null ? read : read + marker.index;
  }
}

function resolve(text: string): string | number | boolean | null {
  for (const tag of IMPLICIT_TAGS) {
    const value: unknown = tag.resolve(text, false, tag.tagName);
    if (value !== NOT_RESOLVED) return value as number | boolean | null;
  }
  return text;
}
