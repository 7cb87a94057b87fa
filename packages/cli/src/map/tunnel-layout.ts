/**
 * Where everything of one tunnel's picture is: an end on either side, one lane for each alternative between them,
 * and below the lanes one row for each service. Pure geometry; tunnel-drawing.ts draws it.
 */
import type { MapNode, MapRoute, MapTunnel } from './chain-map.js';
import { shorten, wrapWords } from './fit-text.js';
import { laneWidth, placeLanes, type LaneLayout } from './lane-layout.js';
import { planLanes } from './lane-plan.js';
import type { MapService } from './map-service.js';
import { LINE, MAX_LINES, nodeLayout, nodeTextSize, SIZE, type NodeLayout } from './node-layout.js';
import type { Box } from './svg-drawing.js';
import { monoWidth, sansWidth } from './svg-style.js';

/** Said above the rows of services. */
export const CAPTION = 'inside the tunnel: encrypted from end to end';
/** Between the edge of an end and what is in it. */
export const END_PADDING = 18;

const CELL_CHARS = 38;
const HEADING = 64;
const CAPTION_HEIGHT = 34;
const ROW_GAP = 10;

export interface ServiceLayout {
  readonly service: MapService;
  readonly box: Box;
  readonly left: readonly string[];
  readonly right: readonly string[];
  readonly label: string;
  readonly labelWidth: number;
}

export interface TunnelLayout {
  readonly tunnel: MapTunnel;
  readonly width: number;
  readonly height: number;
  readonly leftEnd: NodeLayout;
  readonly rightEnd: NodeLayout;
  readonly lanes: readonly LaneLayout[];
  readonly services: readonly ServiceLayout[];
  /** The room between the ends where the rows of services are. */
  readonly inside?: Box;
}

export function layoutTunnel(tunnel: MapTunnel): TunnelLayout {
  const services = tunnel.services.map(serviceTexts);
  const [first] = tunnel.routes;
  const [left, right] = [endOf(first, 0), endOf(first, -1)];
  const leftWidth = Math.max(endWidth(left), cellWidth(services, 'left') + 2 * END_PADDING);
  const rightWidth = Math.max(endWidth(right), cellWidth(services, 'right') + 2 * END_PADDING);
  const plans = planLanes(tunnel.routes);
  const between = Math.max(sansWidth(CAPTION, SIZE.small) + 24, ...services.map(({ labelWidth }) => labelWidth + 96), ...plans.map(laneWidth));
  const lanes = placeLanes(plans, { x: leftWidth, y: HEADING, width: between });
  const below = lanes.reduce((sum, { box }) => sum + box.height, HEADING);
  const rows = placeServices(services, { x: leftWidth, y: below + CAPTION_HEIGHT, width: between });
  const bottom = rows.reduce((_, { box }) => box.y + box.height + ROW_GAP, below);
  const ends = { y: HEADING, height: bottom - HEADING };
  return {
    tunnel,
    width: leftWidth + between + rightWidth,
    height: bottom,
    leftEnd: nodeLayout(left, { x: 0, width: leftWidth, ...ends }),
    rightEnd: nodeLayout(right, { x: leftWidth + between, width: rightWidth, ...ends }),
    lanes,
    services: rows,
    ...(rows.length === 0 ? {} : { inside: { x: leftWidth, y: below + 4, width: between, height: bottom - below - 4 } }),
  };
}

function endOf(route: MapRoute | undefined, index: number): MapNode {
  return route?.nodes.at(index) ?? { name: '', kind: 'end', listen: [], address: [], firewall: false };
}

function endWidth(node: MapNode): number {
  return Math.max(104, nodeTextSize(node).width + 2 * END_PADDING);
}

type ServiceTexts = Omit<ServiceLayout, 'box'>;

function serviceTexts(service: MapService): ServiceTexts {
  const entry = cellLines(service.entry === '' ? 'lstp connect' : service.entry);
  const target = cellLines(service.target === '' ? service.far : service.target);
  const label = [shorten(service.name, 40), service.plugin, service.codec].filter((part) => part !== undefined).join(' \u00b7 ');
  return { service, left: service.side === 'left' ? entry : target, right: service.side === 'left' ? target : entry, label, labelWidth: sansWidth(label, SIZE.service) + 24 };
}

function cellLines(text: string): string[] {
  const lines = wrapWords(text, CELL_CHARS);
  return lines.length <= MAX_LINES ? lines : [...lines.slice(0, MAX_LINES - 1), `${shorten(lines[MAX_LINES - 1] ?? '', CELL_CHARS - 2)} \u2026`];
}

function cellWidth(services: readonly ServiceTexts[], side: 'left' | 'right'): number {
  return Math.max(0, ...services.flatMap((texts) => texts[side]).map((line) => monoWidth(line, SIZE.service) + 20));
}

function placeServices(services: readonly ServiceTexts[], room: Omit<Box, 'height'>): ServiceLayout[] {
  let { y } = room;
  return services.map((texts) => {
    const height = Math.max(texts.left.length, texts.right.length) * LINE + 12;
    const placed = { ...texts, box: { ...room, y, height } };
    y += height + ROW_GAP;
    return placed;
  });
}
