/** `lstp map --format svg`: the chain as a picture, one panel a tunnel. */
import type { Chain } from '@lstp/core';
import { chainMap, legsOf, type ChainMap, type MapNode, type MapTunnel } from './chain-map.js';
import { shorten, waysText } from './fit-text.js';
import { element, escapeXml, SvgDrawing, type Point } from './svg-drawing.js';
import { BRICK_WIDTH, COLOUR, DEFINITIONS, MONO, monoWidth, SANS, sansWidth } from './svg-style.js';
import { drawTunnel } from './tunnel-drawing.js';
import { layoutTunnel, SIZE, type TunnelLayout } from './tunnel-layout.js';

const MARGIN = 32;
const PANEL_GAP = 48;
const NOTE_HEIGHT = 24;
const MIN_WIDTH = 620;
const LEGEND_HEIGHT = 44;

export function mapSvg(chain: Chain): string {
  const map = chainMap(chain);
  const layouts = map.tunnels.map(layoutTunnel);
  const notes = map.nodes.filter(({ kind, admit }) => kind === 'unused' || admit !== undefined).map(noteText);
  const width = Math.ceil(Math.max(MIN_WIDTH, ...layouts.map((layout) => layout.width), ...notes.map((note) => monoWidth(note, SIZE.service))) + 2 * MARGIN);
  const drawing: string[] = [];
  let y = MARGIN;
  for (const layout of layouts) {
    drawing.push(panel(layout, { x: (width - layout.width) / 2, y }, width));
    y += layout.height + PANEL_GAP;
  }
  drawing.push(element('g', { transform: `translate(${MARGIN} ${y + 14})` }, notes.map((note, index) => noteLine(note, index * NOTE_HEIGHT)).join('\n')));
  y += notes.length * NOTE_HEIGHT;
  if (layouts.length > 0) drawing.push(legend(map, (y += notes.length > 0 ? 16 : -20)));
  return document(map, { width, height: Math.ceil(y + (layouts.length > 0 ? LEGEND_HEIGHT : MARGIN)) }, drawing);
}

function document(map: ChainMap, { width, height }: { readonly width: number; readonly height: number }, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escapeXml(`The chain of ${map.file}`)}</title>`,
    `<desc id="desc">${escapeXml(description(map))}</desc>`,
    DEFINITIONS,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...content,
    '</svg>',
    '',
  ].join('\n');
}

function panel(layout: TunnelLayout, { x, y }: Point, width: number): string {
  const drawing = new SvgDrawing();
  const { name } = layout.tunnel;
  const room = width - 2 * MARGIN;
  drawing.text(shorten(name, Math.floor(room / (SIZE.title * 0.66))), { x: MARGIN - x, y: 18 }, { 'font-family': SANS, 'font-size': SIZE.title, 'font-weight': 700, fill: COLOUR.ink });
  drawing.text(shorten(subtitle(layout.tunnel), Math.floor(room / (SIZE.service * 0.61))), { x: MARGIN - x, y: 40 }, { 'font-family': MONO, 'font-size': SIZE.service, fill: COLOUR.quiet });
  drawTunnel(drawing, layout);
  return element('g', { transform: `translate(${x} ${y})` }, `\n${drawing.toString()}\n`);
}

function subtitle({ name, common, carriers, spread, routes }: MapTunnel): string {
  const notes = [routes.map(({ text }) => text).join('  or  '), common === name ? '' : `common name ${common}`, carriers === 1 ? '' : `${carriers} carriers${spread ? ', spread' : ''}`];
  return notes.filter((note) => note !== '').join('   \u00b7   ');
}

function noteText({ name, listen, admit }: MapNode): string {
  const where = listen.length === 0 ? '' : `, listens on ${listen.join(' and ')}`;
  return shorten(admit === undefined ? `${name}: in no route${where}` : `${name}: a relay for the keys in ${admit}${where}`, 140);
}

function noteLine(note: string, y: number): string {
  return element('text', { x: 0, y, 'font-family': MONO, 'font-size': SIZE.service, fill: COLOUR.ink }, escapeXml(note));
}

/** What the signs mean; only those that were drawn. */
function legend({ tunnels }: ChainMap, y: number): string {
  const drawing = new SvgDrawing();
  const hops = tunnels.flatMap(({ routes }) => routes).flatMap((route) => route.hops);
  const middle = y + 14;
  let x = MARGIN;
  const say = (text: string): void => {
    drawing.text(text, { x, y: middle + 4 }, { 'font-family': SANS, 'font-size': SIZE.small, fill: COLOUR.quiet });
    x += sansWidth(text, SIZE.small) + 28;
  };
  drawing.circle({ x: x + 4, y: middle }, 3.5, { fill: COLOUR.line });
  drawing.line({ x: x + 4, y: middle }, { x: x + 38, y: middle }, { stroke: COLOUR.line, 'stroke-width': 2, 'marker-end': 'url(#dials)' });
  x += 48;
  say('dials');
  if (hops.some(({ left, right }) => left.firewall || right.firewall)) {
    drawing.bricks({ x, y: middle - 12, width: BRICK_WIDTH, height: 24 });
    x += BRICK_WIDTH + 10;
    say('firewall');
  }
  if (hops.some(({ leg }) => leg.ways.some((way) => way.length > 0))) {
    drawing.rect({ x, y: middle - 9, width: 34, height: 18 }, { rx: 9, fill: COLOUR.proxy, stroke: COLOUR.proxyEdge, 'stroke-width': 1.2 });
    x += 44;
    say('proxy on the way out');
  }
  if (tunnels.some(({ services }) => services.length > 0)) {
    drawing.rect({ x, y: middle - 9, width: 34, height: 18 }, { rx: 5, fill: COLOUR.entryFill, stroke: COLOUR.entry, 'stroke-width': 1.2 });
    x += 44;
    say('where applications connect');
  }
  return element('g', { transform: 'translate(0 0)' }, drawing.toString());
}

/** The picture in words. */
function description({ tunnels, nodes }: ChainMap): string {
  const parts = tunnels.flatMap((tunnel) => [
    `Tunnel ${tunnel.name}: ${tunnel.routes.map(({ text }) => text).join(', or ')}.`,
    ...legsOf(tunnel).map(({ from, to, ways }) => `${from} dials ${to}${waysText(ways) === '' ? '' : ` ${waysText(ways)}`}.`),
    ...tunnel.services.map(({ name, at, entry, far, target }) => `Service ${name}: from ${at} ${entry || '(lstp connect)'} to ${far} ${target}`.trimEnd().concat('.')),
  ]);
  const walled = nodes.filter(({ firewall }) => firewall).map(({ name }) => name);
  return [...parts, ...(walled.length === 0 ? [] : [`Behind firewalls: ${walled.join(', ')}.`])].join(' ');
}
