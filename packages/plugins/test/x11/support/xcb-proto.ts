/** Debian's description of the X protocol (package xcb-proto), as far as tables are compared with it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = '/usr/share/xcb';

export const isXcbProtoThere = existsSync(join(FOLDER, 'xproto.xml'));

export interface ProtoRequest {
  readonly name: string;
  readonly hasReply: boolean;
  /** `name@offset` of its fields, up to the first of unknown size, which is there as well. */
  readonly fields: readonly string[];
}

export interface Proto {
  /** `core` for the core. */
  readonly name: string;
  readonly requests: ReadonlyMap<number, ProtoRequest>;
  readonly events: ReadonlyMap<number, string>;
  readonly genericEvents: ReadonlyMap<number, string>;
  readonly errors: ReadonlyMap<number, string>;
}

interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

export function readXcbProto(): Proto[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.xml'));
  const roots = files.map((file) => parseXml(readFileSync(join(FOLDER, file), 'utf8')));
  const sizes = sizesOf(roots);
  return roots.map((root) => protoOf(root, sizes));
}

function protoOf({ attributes, children }: Element, sizes: ReadonlyMap<string, number>): Proto {
  const name = attributes['extension-xname'] ?? 'core';
  const requests = children.filter(({ tag }) => tag === 'request').map((one): [number, ProtoRequest] => [
    Number(one.attributes['opcode']),
    { name: one.attributes['name'] as string, hasReply: one.children.some(({ tag }) => tag === 'reply'), fields: fieldsOf(one, name === 'core' ? 1 : 4, sizes) },
  ]);
  const generic = (one: Element): boolean => (one.tag === 'eventcopy' ? children.filter(({ tag, attributes: a }) => /^event(copy)?$/.test(tag) && a['name'] === one.attributes['ref']).some(generic) : one.attributes['xge'] === 'true');
  const events = children.filter(({ tag }) => /^event(copy)?$/.test(tag));
  return {
    name,
    requests: new Map(requests),
    events: numbers(events.filter((one) => !generic(one))),
    genericEvents: numbers(events.filter(generic)),
    errors: numbers(children.filter(({ tag }) => /^error(copy)?$/.test(tag))),
  };
}

/** The base classes of errors have the number -1. */
function numbers(elements: readonly Element[]): Map<number, string> {
  return new Map(elements.map(({ attributes }): [number, string] => [Number(attributes['number']), attributes['name'] as string]).filter(([number]) => number >= 0));
}

/** In the core, the first field lies in the second byte. */
function fieldsOf(request: Element, first: number, sizes: ReadonlyMap<string, number>): string[] {
  const fields: string[] = [];
  let at = first;
  for (const { tag, attributes } of request.children) {
    if (tag === 'pad') at += Number(attributes['bytes'] ?? 0);
    else if (tag === 'switch' || tag === 'list' || tag === 'field') {
      fields.push(`${attributes['name']}@${at}`);
      const size = sizes.get(typeOf(attributes['type']));
      if (tag !== 'field' || size === undefined) break;
      at += size;
    }
    if (at < 4) at = 4;
  }
  return fields;
}

function sizesOf(roots: readonly Element[]): Map<string, number> {
  const sizes = new Map(Object.entries({ CARD8: 1, INT8: 1, BYTE: 1, BOOL: 1, char: 1, void: 1, CARD16: 2, INT16: 2, CARD32: 4, INT32: 4, float: 4, fd: 0, CARD64: 8, INT64: 8 }));
  const all = roots.flatMap(({ children }) => children);
  for (const { tag, attributes } of all) if (/^xid(type|union)$/.test(tag)) sizes.set(attributes['name'] as string, 4);
  // A typedef may be of one that comes later.
  for (let round = 0; round < 3; round += 1) {
    for (const { tag, attributes } of all) {
      const size = sizes.get(typeOf(attributes['oldname']));
      if (tag === 'typedef' && size !== undefined) sizes.set(attributes['newname'] as string, size);
    }
  }
  return sizes;
}

/** Without the extension in front. */
function typeOf(name = ''): string {
  return name.slice(name.lastIndexOf(':') + 1);
}

/** What is enough for these files: elements and attributes; texts are left out. */
function parseXml(text: string): Element {
  const root = { tag: '', attributes: {}, children: [] as Element[] };
  const open = [root];
  for (const [, close, tag = '', attributes = '', empty] of text.replaceAll(/<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>/g, '').matchAll(/<(\/?)([\w-]+)((?:\s+[\w-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g)) {
    if (close === '/') open.pop();
    else {
      const element = { tag, attributes: attributesOf(attributes), children: [] as Element[] };
      open.at(-1)?.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  return root.children[0] as Element;
}

function attributesOf(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/([\w-]+)\s*=\s*["']([^"']*)["']/g)].map(([, name, value]) => [name, value]));
}
