/** Draws one tunnel where tunnel-layout.ts says, its upper left corner at the origin. */
import { waysText } from './fit-text.js';
import type { Box, SvgDrawing } from './svg-drawing.js';
import { BRICK_WIDTH, COLOUR, MONO, SANS } from './svg-style.js';
import { CAPTION, END_PADDING, LINE, SIZE, type GateLayout, type LaneLayout, type LegLayout, type NodeLayout, type ServiceLayout, type TunnelLayout } from './tunnel-layout.js';

/** Half the height of the band that the tunnel is on its way. */
const BAND = 9;
const ADDRESS_TEXT = { 'font-family': MONO, 'font-size': SIZE.address, fill: COLOUR.quiet, 'text-anchor': 'middle' } as const;
const NAME_TEXT = { 'font-family': MONO, 'font-size': SIZE.name, 'font-weight': 700, fill: COLOUR.ink, 'text-anchor': 'middle' } as const;

export function drawTunnel(drawing: SvgDrawing, layout: TunnelLayout): void {
  drawInside(drawing, layout);
  for (const lane of layout.lanes) drawing.rect({ x: lane.box.x, y: lane.y - BAND, width: lane.box.width, height: 2 * BAND }, { fill: COLOUR.tunnel });
  drawEndWalls(drawing, layout);
  for (const lane of layout.lanes) drawLane(drawing, lane, layout.lanes);
  for (const end of [layout.leftEnd, layout.rightEnd]) drawEnd(drawing, end, layout.lanes);
  for (const service of layout.services) drawService(drawing, service, layout);
}

/** The walls of the two ends go through all lanes. */
function drawEndWalls(drawing: SvgDrawing, { lanes }: TunnelLayout): void {
  for (const lane of lanes) {
    const gates = [lane.legs[0]?.left, lane.legs.at(-1)?.right].filter((gate) => gate !== undefined);
    for (const gate of gates) drawWall(drawing, gate.x, lane.box, lane.y);
  }
}

/** A wall with a gate at the height of the line. */
function drawWall(drawing: SvgDrawing, x: number, { y: top, height }: Pick<Box, 'y' | 'height'>, y: number): void {
  const gate = BAND + 3;
  drawing.bricks({ x: x - BRICK_WIDTH / 2, y: top, width: BRICK_WIDTH, height: y - gate - top });
  drawing.bricks({ x: x - BRICK_WIDTH / 2, y: y + gate, width: BRICK_WIDTH, height: top + height - y - gate });
}

function drawLane(drawing: SvgDrawing, lane: LaneLayout, lanes: readonly LaneLayout[]): void {
  const { legs, middles, y } = lane;
  for (const [index, leg] of legs.entries()) {
    const height = Math.min(lane.box.height - 8, 84);
    const short = { y: y - height / 2, height };
    if (index > 0 && leg.left !== undefined) drawWall(drawing, leg.left.x, short, y);
    if (index < legs.length - 1 && leg.right !== undefined) drawWall(drawing, leg.right.x, short, y);
    drawLeg(drawing, leg, y);
  }
  for (const middle of middles) drawMiddle(drawing, middle);
  if (lanes.length > 1) drawLaneNumber(drawing, lane, lanes.indexOf(lane));
}

function drawLaneNumber(drawing: SvgDrawing, { box, middles, y }: LaneLayout, index: number): void {
  const [first] = middles;
  const at = { x: first === undefined ? box.x + box.width / 2 : first.box.x + first.box.width / 2, y: first === undefined ? y - 24 : first.box.y - 8 };
  drawing.text(index === 0 ? 'first choice' : `alternative ${index + 1}`, at, { 'font-family': SANS, 'font-size': SIZE.small, fill: COLOUR.quiet, 'text-anchor': 'middle' });
}

function drawLeg(drawing: SvgDrawing, { hop, fromX, toX, left, right }: LegLayout, y: number): void {
  const { from, to, address, ways } = hop.leg;
  const title = [`${from} dials ${to}`, address.join(' or '), waysText(ways)].filter((part) => part !== '').join(', ');
  drawing.group(title, () => {
    const [start, tip] = hop.dialer === 'left' ? [fromX + 3, toX - 2] : [toX - 3, fromX + 2];
    drawing.line({ x: start, y }, { x: tip, y }, { stroke: COLOUR.line, 'stroke-width': 2, 'marker-end': 'url(#dials)' });
    drawing.circle({ x: start, y }, 3.5, { fill: COLOUR.line });
    for (const gate of [left, right]) if (gate !== undefined && gate.proxies.length > 0) drawProxies(drawing, gate, y);
  });
}

function drawProxies(drawing: SvgDrawing, { x, width, proxies }: GateLayout, y: number): void {
  const height = proxies.length * LINE + 9;
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
  const height = name.length * 19 + address.length * LINE;
  name.forEach((line, index) => drawing.text(line, { x, y: y - height / 2 + 15 + index * 19 }, NAME_TEXT));
  address.forEach((line, index) => drawing.text(line, { x, y: y - height / 2 + name.length * 19 + 11 + index * LINE }, ADDRESS_TEXT));
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
function drawLines(drawing: SvgDrawing, lines: readonly string[], { x, y }: { readonly x: number; readonly y: number }, attributes: Readonly<Record<string, string | number>>): void {
  lines.forEach((line, index) => drawing.text(line, { x, y: y + (index - (lines.length - 1) / 2) * LINE + 4 }, attributes));
}
