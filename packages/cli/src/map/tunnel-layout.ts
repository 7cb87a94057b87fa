/**
 * Where everything of one tunnel's picture is: an end on either side, one lane for each alternative between them,
 * and below the lanes one row for each service. Pure geometry; tunnel-drawing.ts draws it.
 */
import type { MapHop, MapNode, MapRoute, MapTunnel } from './chain-map.js';
import { shorten, wrapName, wrapWords } from './fit-text.js';
import type { MapService } from './map-service.js';
import type { Box } from './svg-drawing.js';
import { BRICK_WIDTH, monoWidth, sansWidth } from './svg-style.js';

export const SIZE = { title: 20, name: 15, address: 11, proxy: 11, service: 12, small: 11 } as const;
export const LINE = 15;
/** Said above the rows of services. */
export const CAPTION = 'inside the tunnel: encrypted from end to end';
/** Between the edge of an end and what is in it. */
export const END_PADDING = 18;

/** Characters after which texts wrap or are shortened. */
const NAME_CHARS = 22;
const ADDRESS_CHARS = 28;
const PROXY_CHARS = 30;
const CELL_CHARS = 38;
const MAX_LINES = 3;

const NODE_PADDING = 14;
const MIN_GAP = 96;
const HEADING = 64;
const LANE_GAP = 18;
const CAPTION_HEIGHT = 34;
const ROW_GAP = 10;

export interface NodeLayout {
  readonly node: MapNode;
  readonly box: Box;
  readonly name: readonly string[];
  readonly address: readonly string[];
}

/** What a leg passes through on one side: the wall of that node, and the proxies in it. */
export interface GateLayout {
  readonly x: number;
  readonly proxies: readonly string[];
  readonly width: number;
}

export interface LegLayout {
  readonly hop: MapHop;
  readonly fromX: number;
  readonly toX: number;
  readonly left?: GateLayout;
  readonly right?: GateLayout;
}

export interface LaneLayout {
  readonly route: MapRoute;
  readonly box: Box;
  /** Height of the line in the middle of the lane. */
  readonly y: number;
  readonly middles: readonly NodeLayout[];
  readonly legs: readonly LegLayout[];
}

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
  const [leftNode, rightNode] = [endOf(first, 0), endOf(first, -1)];
  const leftWidth = Math.max(endWidth(leftNode), cellWidth(services, 'left') + 2 * END_PADDING);
  const rightWidth = Math.max(endWidth(rightNode), cellWidth(services, 'right') + 2 * END_PADDING);
  const plans = tunnel.routes.map(planLane);
  const rowWidths = services.map(({ labelWidth }) => labelWidth + 96);
  const between = Math.max(sansWidth(CAPTION, SIZE.small) + 24, ...rowWidths, ...alignEnds(plans).map(planWidth));
  const lanes = placeLanes(alignEnds(plans), { x: leftWidth, y: HEADING, width: between });
  const lanesBottom = (lanes.at(-1)?.box.y ?? HEADING) + (lanes.at(-1)?.box.height ?? 0);
  const rows = placeServices(services, { x: leftWidth, y: lanesBottom + CAPTION_HEIGHT, width: between });
  const bottom = rows.length === 0 ? lanesBottom : (rows.at(-1)?.box.y ?? 0) + (rows.at(-1)?.box.height ?? 0) + ROW_GAP;
  const ends = { y: HEADING, height: bottom - HEADING };
  return {
    tunnel,
    width: leftWidth + between + rightWidth,
    height: bottom,
    leftEnd: nodeLayout(leftNode, { x: 0, width: leftWidth, ...ends }),
    rightEnd: nodeLayout(rightNode, { x: leftWidth + between, width: rightWidth, ...ends }),
    lanes,
    services: rows,
    ...(rows.length === 0 ? {} : { inside: { x: leftWidth, y: lanesBottom + 4, width: between, height: bottom - lanesBottom - 4 } }),
  };
}

function endOf(route: MapRoute | undefined, index: number): MapNode {
  return route?.nodes.at(index) ?? { name: '', kind: 'end', listen: [], address: [], firewall: false };
}

function nodeLayout(node: MapNode, box: Box): NodeLayout {
  return { node, box, ...nodeTexts(node) };
}

function nodeTexts({ name, address }: MapNode): { readonly name: string[]; readonly address: string[] } {
  const shown = address.length <= MAX_LINES ? address : [...address.slice(0, MAX_LINES - 1), `and ${address.length - MAX_LINES + 1} more`];
  return { name: wrapName(name, NAME_CHARS, MAX_LINES), address: shown.map((text) => shorten(text, ADDRESS_CHARS)) };
}

function textWidth(node: MapNode): number {
  const { name, address } = nodeTexts(node);
  return Math.max(...name.map((line) => monoWidth(line, SIZE.name) * 1.02), ...address.map((line) => monoWidth(line, SIZE.address)));
}

function endWidth(node: MapNode): number {
  return Math.max(104, textWidth(node) + 2 * END_PADDING);
}

/** A lane before its place is known. */
interface LanePlan {
  readonly route: MapRoute;
  readonly middles: readonly { readonly node: MapNode; readonly width: number; readonly height: number }[];
  readonly gaps: readonly GapPlan[];
}
interface GapPlan {
  readonly hop: MapHop;
  readonly width: number;
  readonly left?: GatePlan;
  readonly right?: GatePlan;
}
interface GatePlan {
  readonly proxies: readonly string[];
  readonly width: number;
  /** From the node's edge to the middle of the wall. */
  readonly distance: number;
}

function planLane(route: MapRoute): LanePlan {
  const middles = route.nodes.slice(1, -1).map((node) => {
    const { name, address } = nodeTexts(node);
    return { node, width: Math.max(84, textWidth(node) + 2 * NODE_PADDING), height: 24 + name.length * 19 + address.length * LINE };
  });
  return { route, middles, gaps: route.hops.map(planGap) };
}

function planGap(hop: MapHop): GapPlan {
  const left = hop.left.firewall ? planGate(hop.dialer === 'left' ? proxyLines(hop) : []) : undefined;
  const right = hop.right.firewall ? planGate(hop.dialer === 'right' ? proxyLines(hop) : []) : undefined;
  return withWidth({ hop, width: 0, ...(left === undefined ? {} : { left }), ...(right === undefined ? {} : { right }) });
}

function planGate(proxies: readonly string[]): GatePlan {
  const width = proxies.length === 0 ? BRICK_WIDTH : Math.max(...proxies.map((line) => monoWidth(line, SIZE.proxy))) + 22;
  return { proxies, width, distance: 26 + width / 2 };
}

function withWidth(gap: GapPlan): GapPlan {
  const side = (gate: GatePlan | undefined): number => (gate === undefined ? 30 : gate.distance + gate.width / 2);
  return { ...gap, width: Math.max(MIN_GAP, side(gap.left) + side(gap.right) + 34) };
}

/** The lines in the pill: `socks5://a:1080`, `then http://b:3128`, `or straight`. */
function proxyLines({ leg }: MapHop): string[] {
  if (leg.ways.every((way) => way.length === 0)) return [];
  const lines = leg.ways.flatMap((way, index) => {
    const or = index === 0 ? '' : 'or ';
    return way.length === 0 ? [`${or}straight`] : way.map((proxy, step) => `${step === 0 ? or : 'then '}${proxy}`);
  });
  const shown = lines.length <= 4 ? lines : [...lines.slice(0, 3), `and ${lines.length - 3} more`];
  return shown.map((line) => shorten(line, PROXY_CHARS));
}

/** The wall of an end is one, whatever the lane: as far from the end as the lane with the widest pill needs it. */
function alignEnds(plans: readonly LanePlan[]): LanePlan[] {
  const leftDistance = Math.max(0, ...plans.map(({ gaps }) => gaps[0]?.left?.distance ?? 0));
  const rightDistance = Math.max(0, ...plans.map(({ gaps }) => gaps.at(-1)?.right?.distance ?? 0));
  return plans.map((plan) => ({
    ...plan,
    gaps: plan.gaps.map((gap, index) => {
      const left = index === 0 && gap.left !== undefined ? { left: { ...gap.left, distance: leftDistance } } : {};
      const right = index === plan.gaps.length - 1 && gap.right !== undefined ? { right: { ...gap.right, distance: rightDistance } } : {};
      return withWidth({ ...gap, ...left, ...right });
    }),
  }));
}

function planWidth({ middles, gaps }: LanePlan): number {
  return [...middles, ...gaps].reduce((sum, { width }) => sum + width, 0);
}

function laneHeight({ middles, gaps }: LanePlan): number {
  const pills = gaps.flatMap(({ left, right }) => [left, right]).map((gate) => (gate?.proxies.length ?? 0) * LINE + 22);
  return Math.max(84, ...middles.map(({ height }) => height + 28), ...pills.map((height) => height + 28));
}

function placeLanes(plans: readonly LanePlan[], room: Omit<Box, 'height'>): LaneLayout[] {
  let { y } = room;
  return plans.map((plan) => {
    const lane = placeLane(plan, { ...room, y, height: laneHeight(plan) + (plans.length > 1 ? LANE_GAP : 0) });
    y += lane.box.height;
    return lane;
  });
}

/** Room that is left over is given to the gaps alike. */
function placeLane(plan: LanePlan, box: Box): LaneLayout {
  const y = box.y + box.height / 2;
  const spare = (box.width - planWidth(plan)) / plan.gaps.length;
  const middles: NodeLayout[] = [];
  const legs: LegLayout[] = [];
  let { x } = box;
  for (const [index, gap] of plan.gaps.entries()) {
    legs.push(placeLeg(gap, x, x + gap.width + spare));
    x += gap.width + spare;
    const middle = plan.middles[index];
    if (middle === undefined) continue;
    middles.push(nodeLayout(middle.node, { x, y: y - middle.height / 2, width: middle.width, height: middle.height }));
    x += middle.width;
  }
  return { route: plan.route, box, y, middles, legs };
}

function placeLeg({ hop, left, right }: GapPlan, fromX: number, toX: number): LegLayout {
  return {
    hop,
    fromX,
    toX,
    ...(left === undefined ? {} : { left: { x: fromX + left.distance, proxies: left.proxies, width: left.width } }),
    ...(right === undefined ? {} : { right: { x: toX - right.distance, proxies: right.proxies, width: right.width } }),
  };
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
