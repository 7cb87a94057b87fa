/** Draws one tunnel where tunnel-layout.ts says, its upper left corner at the origin. */
import { waysText } from './fit-text.js';
import type { GateLayout, LaneLayout, LegLayout } from './lane-layout.js';
import { pillHeight } from './lane-plan.js';
import { LINE, NAME_LINE, SIZE, type NodeLayout } from './node-layout.js';
import type { Box, Point, SvgDrawing } from './svg-drawing.js';
import { BRICK_WIDTH, COLOUR, MONO, SANS } from './svg-style.js';
import { CAPTION, END_PADDING, type ServiceLayout, type TunnelLayout } from './tunnel-layout.js';

/** The band that the tunnel is on its way. */
const BAND = 18;
/** Half the height of the gap in a wall. */
const GATE = BAND / 2 + 3;
const WALL_HEIGHT = 84;
const ADDRESS_TEXT = { 'font-family': MONO, 'font-size': SIZE.address, fill: COLOUR.quiet, 'text-anchor': 'middle' } as const;
const NAME_TEXT = { 'font-family': MONO, 'font-size': SIZE.name, 'font-weight': 700, fill: COLOUR.ink, 'text-anchor': 'middle' } as const;

export function drawTunnel(drawing: SvgDrawing, layout: TunnelLayout): void {
  const { lanes } = layout;
  drawInside(drawing, layout);
  for (const { points } of lanes.flatMap(({ legs }) => legs)) drawing.polyline(points, { stroke: COLOUR.tunnel, 'stroke-width': BAND });
  for (const lane of lanes) drawWalls(drawing, lane);
  for (const lane of lanes) drawLane(drawing, lane);
  if (lanes.length > 1) for (const [index, lane] of lanes.entries()) drawLaneNumber(drawing, lane, index);
  for (const end of [layout.leftEnd, layout.rightEnd]) drawEnd(drawing, end, lanes);
  for (const service of layout.services) drawService(drawing, service, layout);
}

/** Those of the two ends go through the whole lane, so that with the other lanes they are one; those of middles are short. */
function drawWalls(drawing: SvgDrawing, { legs, box }: LaneLayout): void {
  for (const [index, { left, right }] of legs.entries()) {
    if (left !== undefined) drawWall(drawing, left, index === 0 ? box : shortWall(left));
    if (right !== undefined) drawWall(drawing, right, index === legs.length - 1 ? box : shortWall(right));
  }
}

function shortWall({ y }: Point): Pick<Box, 'y' | 'height'> {
  return { y: y - WALL_HEIGHT / 2 + 4, height: WALL_HEIGHT - 8 };
}

/** A wall with a gate at the height of the line. */
function drawWall(drawing: SvgDrawing, { x, y }: Point, { y: top, height }: Pick<Box, 'y' | 'height'>): void {
  const left = x - BRICK_WIDTH / 2;
  drawing.bricks({ x: left, y: top, width: BRICK_WIDTH, height: y - GATE - top });
  drawing.bricks({ x: left, y: y + GATE, width: BRICK_WIDTH, height: top + height - y - GATE });
}

function drawLane(drawing: SvgDrawing, { legs, middles }: LaneLayout): void {
  for (const leg of legs) drawLeg(drawing, leg);
  for (const middle of middles) drawMiddle(drawing, middle);
}

function drawLaneNumber(drawing: SvgDrawing, { box, middles, legs }: LaneLayout, index: number): void {
  const [first] = middles;
  const line = legs[0]?.points[0]?.y ?? box.y;
  const at = first === undefined ? { x: box.x + box.width / 2, y: line - 24 } : { x: first.box.x + first.box.width / 2, y: first.box.y - 8 };
  drawing.text(index === 0 ? 'first choice' : `alternative ${index + 1}`, at, { 'font-family': SANS, 'font-size': SIZE.small, fill: COLOUR.quiet, 'text-anchor': 'middle' });
}

function drawLeg(drawing: SvgDrawing, { hop, points, left, right }: LegLayout): void {
  const { from, to, address, ways } = hop.leg;
  const title = [`${from} dials ${to}`, address.join(' or '), waysText(ways)].filter((part) => part !== '').join(', ');
  const way = hop.dialer === 'left' ? points : [...points].reverse();
  const [start, next] = way;
  drawing.group(title, () => {
    drawing.polyline(way, { stroke: COLOUR.line, 'stroke-width': 2, 'marker-end': 'url(#dials)' });
    if (start !== undefined && next !== undefined) drawing.circle({ x: start.x + Math.sign(next.x - start.x) * 4, y: start.y }, 3.5, { fill: COLOUR.line });
    for (const gate of [left, right]) if (gate !== undefined && gate.proxies.length > 0) drawProxies(drawing, gate);
  });
}

function drawProxies(drawing: SvgDrawing, gate: GateLayout): void {
  const { x, y, width, proxies } = gate;
  const height = pillHeight(gate);
  drawing.rect({ x: x - width / 2, y: y - height / 2, width, height }, { rx: Math.min(12, height / 2), fill: COLOUR.proxy, stroke: COLOUR.proxyEdge, 'stroke-width': 1.2 });
  drawLines(drawing, proxies, { x, y }, { 'font-family': MONO, 'font-size': SIZE.proxy, fill: COLOUR.ink, 'text-anchor': 'middle' });
}

function drawMiddle(drawing: SvgDrawing, layout: NodeLayout): void {
  const { box, node } = layout;
  drawing.group(`${node.name}, a middle${node.address.length === 0 ? '' : `, dialed at ${node.address.join(' or ')}`}`, () => {
    drawing.rect(box, { rx: 10, fill: COLOUR.middle, stroke: COLOUR.middleEdge, 'stroke-width': 1.5 });
    drawNodeTexts(drawing, layout, box.y + box.height / 2);
  });
}

/** The name stands at the height of the lanes; the rows of services are below. */
function drawEnd(drawing: SvgDrawing, layout: NodeLayout, lanes: readonly LaneLayout[]): void {
  const { box, node } = layout;
  const lanesHeight = lanes.reduce((sum, lane) => sum + lane.box.height, 0);
  drawing.group(`${node.name}, an end${node.address.length === 0 ? '' : `, dialed at ${node.address.join(' or ')}`}`, () => {
    drawing.rect(box, { rx: 12, fill: COLOUR.end, stroke: COLOUR.endEdge, 'stroke-width': 2 });
    drawNodeTexts(drawing, layout, box.y + lanesHeight / 2);
  });
}

function drawNodeTexts(drawing: SvgDrawing, { box, name, address }: NodeLayout, y: number): void {
  const x = box.x + box.width / 2;
  const height = name.length * NAME_LINE + address.length * LINE;
  name.forEach((line, index) => drawing.text(line, { x, y: y - height / 2 + 15 + index * NAME_LINE }, NAME_TEXT));
  address.forEach((line, index) => drawing.text(line, { x, y: y - height / 2 + name.length * NAME_LINE + 11 + index * LINE }, ADDRESS_TEXT));
}

function drawInside(drawing: SvgDrawing, { inside }: TunnelLayout): void {
  if (inside === undefined) return;
  drawing.rect(inside, { fill: COLOUR.tunnel });
  drawing.text(CAPTION, { x: inside.x + inside.width / 2, y: inside.y + 19 }, { 'font-family': SANS, 'font-size': SIZE.small, fill: COLOUR.tunnelInk, 'text-anchor': 'middle' });
}

function drawService(drawing: SvgDrawing, layout: ServiceLayout, { leftEnd, rightEnd }: TunnelLayout): void {
  const { service, box, label, labelWidth } = layout;
  const y = box.y + box.height / 2;
  const left = cellIn(leftEnd.box, box);
  const right = cellIn(rightEnd.box, box);
  const title = `${service.name} (${service.plugin}): ${service.at} ${service.entry || 'lstp connect'} to ${service.far} ${service.target}`.trimEnd();
  drawing.group(title, () => {
    const [start, tip] = service.side === 'left' ? [left.x + left.width, right.x - 2] : [right.x, left.x + left.width + 2];
    drawing.line({ x: start, y }, { x: tip, y }, { stroke: COLOUR.entry, 'stroke-width': 1.5, 'marker-end': 'url(#reaches)' });
    drawCell(drawing, left, layout.left, service.side === 'left' ? 'entry' : 'target');
    drawCell(drawing, right, layout.right, service.side === 'right' ? 'entry' : 'target');
    drawing.rect({ x: box.x + (box.width - labelWidth) / 2, y: y - 11, width: labelWidth, height: 22 }, { rx: 11, fill: '#ffffff', stroke: COLOUR.entry, 'stroke-width': 1.2 });
    drawing.text(label, { x: box.x + box.width / 2, y: y + 4 }, { 'font-family': SANS, 'font-size': SIZE.service, 'font-weight': 600, fill: COLOUR.ink, 'text-anchor': 'middle' });
  });
}

function cellIn(end: Box, { y, height }: Box): Box {
  return { x: end.x + END_PADDING, y, width: end.width - 2 * END_PADDING, height };
}

/** Where applications connect is filled, what they reach is outlined. */
function drawCell(drawing: SvgDrawing, box: Box, lines: readonly string[], kind: 'entry' | 'target'): void {
  const look = kind === 'entry' ? { fill: COLOUR.entryFill, stroke: COLOUR.entry } : { fill: COLOUR.target, stroke: COLOUR.targetEdge };
  drawing.rect(box, { rx: 6, 'stroke-width': 1.2, ...look });
  drawLines(drawing, lines, { x: box.x + box.width / 2, y: box.y + box.height / 2 }, { 'font-family': MONO, 'font-size': SIZE.service, fill: COLOUR.ink, 'text-anchor': 'middle' });
}

/** Lines around a middle. */
function drawLines(drawing: SvgDrawing, lines: readonly string[], { x, y }: Point, attributes: Readonly<Record<string, string | number>>): void {
  lines.forEach((line, index) => drawing.text(line, { x, y: y + (index - (lines.length - 1) / 2) * LINE + 4 }, attributes));
}
