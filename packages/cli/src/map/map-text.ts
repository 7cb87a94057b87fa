/** `lstp map`: the chain for a terminal, at most 100 columns wide. */
import type { Chain } from '@lstp/core';
import { chainMap, legsOf, type MapNode, type MapTunnel } from './chain-map.js';
import { shorten, waysText, wrapWords } from './fit-text.js';
import type { MapService } from './map-service.js';
import { PROXY, textPicture, WALL } from './text-picture.js';

const WIDTH = 100;
const INDENT = '  ';
/** Alternatives drawn as pictures; more are only listed. */
const MAX_PICTURES = 4;
/** Of the names and addresses in the list of legs. */
const MAX_LEG_NAME = 20;
const MAX_ADDRESS = 40;
/** A last column is at least this wide, else it goes below. */
const MIN_COLUMN = 44;
/** Words that stay with the next one. */
const GLUED = /(through|then|or|\u2500\u25b6) /g;
const ARROW = '\u2500\u25b6';

export function mapText(chain: Chain): string {
  const { tunnels, nodes } = chainMap(chain);
  const parts = [...tunnels.map(tunnelText), ...restText(nodes)];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function tunnelText(tunnel: MapTunnel): string[] {
  return [heading(tunnel), '', ...routesText(tunnel), '', ...indented(legsText(tunnel)), ...servicesText(tunnel)];
}

function heading({ name, common, carriers, spread }: MapTunnel): string {
  const notes = [common === name ? '' : `common name ${common}`, carriers === 1 ? '' : `${carriers} carriers${spread ? ', spread' : ''}`].filter((note) => note !== '');
  return shorten(notes.length === 0 ? name : `${name} (${notes.join('; ')})`, WIDTH);
}

function routesText({ routes }: MapTunnel): string[] {
  const pictures = routes.slice(0, MAX_PICTURES).flatMap((route, index) => [...(index === 0 ? [] : [`${INDENT}or`]), ...indented(textPicture(route, WIDTH - INDENT.length))]);
  const others = routes.slice(MAX_PICTURES).flatMap(({ text }) => wrapWords(`or ${text}`, WIDTH - INDENT.length));
  const drawn = routes.slice(0, MAX_PICTURES).flatMap(({ hops }) => hops);
  const legend = [`${ARROW} dials`];
  if (drawn.some(({ left, right }) => left.firewall || right.firewall)) legend.push(`${WALL} firewall`);
  if (drawn.some(({ leg }) => leg.ways.some((way) => way.length > 0))) legend.push(`${PROXY} through a proxy`);
  return [...pictures, ...indented(others), `${INDENT}${legend.join('   ')}`];
}

function legsText(tunnel: MapTunnel): string[] {
  const legs = legsOf(tunnel);
  const froms = widest(legs.map(({ from }) => from), MAX_LEG_NAME);
  const rows = legs.map(({ from, to, address, ways }) => ({ pair: `${shorten(from, froms).padEnd(froms)} ${ARROW} ${shorten(to, MAX_LEG_NAME)}`, address: address.join(' or '), ways: waysText(ways) }));
  const pairs = widest(rows.map(({ pair }) => pair), WIDTH);
  const addresses = widest(rows.map(({ address }) => address).filter(({ length }) => length <= MAX_ADDRESS), MAX_ADDRESS);
  return rows.flatMap(({ pair, address, ways }) => {
    if (address.length <= MAX_ADDRESS) return columns([pair, address, ways], [pairs, addresses]);
    return columns([pair, ways === '' ? address : `${address}, ${ways}`], [pairs]);
  });
}

function servicesText({ services }: MapTunnel): string[] {
  if (services.length === 0) return [];
  const names = widest(services.map(({ name }) => name), 24);
  const plugins = widest(services.map(({ plugin }) => plugin), 16);
  const entries = widest(services.map(entryText), 36);
  const lines = services.flatMap((service) => columns([service.name, service.plugin, entryText(service), `${ARROW} ${farText(service)}`], [names, plugins, entries]));
  return ['', ...indented(lines)];
}

function entryText({ at, entry }: MapService): string {
  return `${at} ${entry === '' ? '(lstp connect)' : entry}`;
}

function farText({ far, target, codec }: MapService): string {
  return `${far}${target === '' ? '' : ` ${target}`}${codec === undefined ? '' : ` (${codec})`}`;
}

/** Relays for many, and nodes that no route names. */
function restText(nodes: readonly MapNode[]): string[][] {
  const lines = nodes.filter(({ kind, admit }) => kind === 'unused' || admit !== undefined).map(nodeText);
  return lines.length === 0 ? [] : [lines.flatMap((line) => wrapWords(line, WIDTH))];
}

function nodeText({ name, listen, admit }: MapNode): string {
  const where = listen.length === 0 ? '' : `, listens on ${listen.join(' and ')}`;
  return admit === undefined ? `${name}: in no route${where}` : `${name}: a relay for the keys in ${admit}${where}`;
}

/** Cells two blanks apart, all but the last `widths` wide; the last one wraps in its column, or below where that is narrow. */
function columns(cells: readonly string[], widths: readonly number[]): string[] {
  const last = (cells.at(-1) ?? '').replaceAll(GLUED, '$1\u00a0');
  const front = cells.slice(0, -1).map((cell, index) => shorten(cell, widths[index] ?? 0).padEnd(widths[index] ?? 0)).join('  ');
  const room = WIDTH - INDENT.length - 2;
  const isNarrow = last.length > room - front.length && room - front.length < MIN_COLUMN;
  const indent = isNarrow ? (widths[0] ?? 0) : front.length;
  const [first = '', ...rest] = wrapWords(last, room - indent).map((line) => line.replaceAll('\u00a0', ' '));
  const lines = isNarrow ? [front, ...[first, ...rest].map((line) => `${' '.repeat(indent)}  ${line}`)] : [`${front}  ${first}`, ...rest.map((line) => `${' '.repeat(indent)}  ${line}`)];
  return lines.map((line) => line.trimEnd());
}

function widest(texts: readonly string[], max: number): number {
  return Math.min(max, Math.max(0, ...texts.map(({ length }) => length)));
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `${INDENT}${line}`));
}
