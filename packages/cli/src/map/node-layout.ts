/** The texts in a node's box, and how much room they take. */
import type { MapNode } from './chain-map.js';
import { shorten, wrapName } from './fit-text.js';
import type { Box } from './svg-drawing.js';
import { monoWidth } from './svg-style.js';

export const SIZE = { title: 20, name: 15, address: 11, proxy: 11, service: 12, small: 11 } as const;
export const LINE = 15;
export const NAME_LINE = 19;
/** Lines of a name, an address or a cell, at most. */
export const MAX_LINES = 3;

const NAME_CHARS = 22;
const ADDRESS_CHARS = 28;

export interface NodeLayout {
  readonly node: MapNode;
  readonly box: Box;
  readonly name: readonly string[];
  readonly address: readonly string[];
}

export function nodeLayout(node: MapNode, box: Box): NodeLayout {
  return { node, box, ...nodeTexts(node) };
}

/** Of the texts alone, without padding. */
export function nodeTextSize(node: MapNode): { readonly width: number; readonly height: number } {
  const { name, address } = nodeTexts(node);
  const widths = [...name.map((line) => monoWidth(line, SIZE.name) * 1.02), ...address.map((line) => monoWidth(line, SIZE.address))];
  return { width: Math.max(...widths), height: name.length * NAME_LINE + address.length * LINE };
}

function nodeTexts({ name, address }: MapNode): { readonly name: string[]; readonly address: string[] } {
  const shown = address.length <= MAX_LINES ? address : [...address.slice(0, MAX_LINES - 1), `and ${address.length - MAX_LINES + 1} more`];
  return { name: wrapName(name, NAME_CHARS, MAX_LINES), address: shown.map((text) => shorten(text, ADDRESS_CHARS)) };
}
