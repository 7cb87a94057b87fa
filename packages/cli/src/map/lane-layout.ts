/**
 * Where everything of one lane is. A lane with many middles goes to and fro in an odd number of rows:
 *
 *   desk ─▶ m1 ─▶ m2 ─┐
 *        ┌─ m4 ◀─ m3 ◀┘
 *        └▶ m5 ─▶ m6 ─▶ lab
 */
import type { MapHop, MapRoute } from './chain-map.js';
import { pillHeight, runWidth, type GatePlan, type LanePlan, type NodePlan } from './lane-plan.js';
import { nodeLayout, type NodeLayout } from './node-layout.js';
import type { Box, Point } from './svg-drawing.js';

/** A wall, and the pill of proxies in it. */
export interface GateLayout extends Point {
  readonly proxies: readonly string[];
  readonly width: number;
}

export interface LegLayout {
  readonly hop: MapHop;
  /** From the left node's edge to the right node's, with the corners between. */
  readonly points: readonly Point[];
  readonly left?: GateLayout;
  readonly right?: GateLayout;
}

export interface LaneLayout {
  readonly route: MapRoute;
  readonly box: Box;
  readonly middles: readonly NodeLayout[];
  readonly legs: readonly LegLayout[];
}

/** As many middles as fit beside one another. */
const ROW_NODES = 4;
const ROW_PADDING = 28;
const MIN_ROW = 84;
/** Above the lanes where there are several, for their numbers. */
const NUMBER_ROOM = 18;

/** What a lane needs at least. */
export function laneWidth(plan: LanePlan): number {
  const zones = turnZones(plan);
  return Math.max(...rowsOf(plan).map((row) => row.left * zones.left + rowWidth(plan, row) + row.right * zones.right));
}

/** Lanes below one another in `room`; their heights are as they need them. */
export function placeLanes(plans: readonly LanePlan[], room: Omit<Box, 'height'>): LaneLayout[] {
  let { y } = room;
  return plans.map((plan) => {
    const lane = placeLane(plan, { ...room, y }, plans.length > 1 ? NUMBER_ROOM : 0);
    y += lane.box.height;
    return lane;
  });
}

/** Middles `from` to `to` (exclusive). `left`, `right`: 1 where the row turns at that side instead of reaching the end there. */
interface Row {
  readonly from: number;
  readonly to: number;
  /** Rows with an odd number go from right to left. */
  readonly backwards: boolean;
  readonly left: 0 | 1;
  readonly right: 0 | 1;
}

function rowsOf({ middles }: LanePlan): Row[] {
  const count = middles.length <= ROW_NODES ? 1 : 2 * Math.ceil((middles.length - ROW_NODES) / (2 * ROW_NODES)) + 1;
  return Array.from({ length: count }, (_, index) => ({
    from: Math.round((index * middles.length) / count),
    to: Math.round(((index + 1) * middles.length) / count),
    backwards: index % 2 === 1,
    left: index === 0 ? 0 : 1,
    right: index === count - 1 ? 0 : 1,
  }));
}

/** Room at both sides that rows which turn leave to the walls of the ends. */
function turnZones({ gaps }: LanePlan): { readonly left: number; readonly right: number } {
  return { left: runWidth(gaps[0]?.left), right: runWidth(gaps.at(-1)?.right) };
}

/** The connections of a row: the one to its first node, those between, the one behind its last; halves of legs where it turns. */
function connections({ gaps }: LanePlan, { from, to, left, right, backwards }: Row): number[] {
  const [turnsBefore, turnsAfter] = backwards ? [1, 1] : [left, right];
  return gaps.slice(from, to + 1).map((gap, index) => {
    if (index === 0 && turnsBefore === 1) return runWidth(gap.right);
    return index === to - from && turnsAfter === 1 ? runWidth(gap.left) : gap.width;
  });
}

function rowWidth(plan: LanePlan, row: Row): number {
  return [...connections(plan, row), ...plan.middles.slice(row.from, row.to).map(({ width }) => width)].reduce((sum, width) => sum + width, 0);
}

function rowHeight({ middles, gaps }: LanePlan, { from, to }: Row): number {
  const pills = gaps.slice(from, to + 1).flatMap(({ left, right }) => [pillHeight(left), pillHeight(right)]);
  return Math.max(MIN_ROW, ...[...pills, ...middles.slice(from, to).map(({ height }) => height)].map((height) => height + ROW_PADDING));
}

/** A row in its place: where each of its nodes begins and ends in the direction of travel. */
interface PlacedRow {
  readonly y: number;
  readonly start: number;
  readonly end: number;
  readonly direction: 1 | -1;
  readonly nodes: readonly { readonly plan: NodePlan; readonly enter: number; readonly leave: number }[];
}

function placeLane(plan: LanePlan, room: Omit<Box, 'height'>, numberRoom: number): LaneLayout {
  let y = room.y + numberRoom;
  const rows = rowsOf(plan).map((row) => {
    const height = rowHeight(plan, row);
    y += height;
    return placeRow(plan, row, { ...room, y: y - height / 2 });
  });
  const middles = rows.flatMap((row) => row.nodes.map(({ plan: { node, width, height }, enter, leave }) => nodeLayout(node, { x: Math.min(enter, leave), y: row.y - height / 2, width, height })));
  return { route: plan.route, box: { ...room, height: y - room.y }, middles, legs: placeLegs(plan, rows) };
}

/** Room that is left over is given to the connections alike. */
function placeRow(plan: LanePlan, row: Row, { x, y, width }: Omit<Box, 'height'>): PlacedRow {
  const zones = turnZones(plan);
  const bounds = [x + row.left * zones.left, x + width - row.right * zones.right] as const;
  const [start, end] = row.backwards ? [bounds[1], bounds[0]] : bounds;
  const direction = row.backwards ? -1 : 1;
  const lengths = connections(plan, row);
  const spare = (bounds[1] - bounds[0] - rowWidth(plan, row)) / lengths.length;
  let at = start;
  const nodes = plan.middles.slice(row.from, row.to).map((node, index) => {
    const enter = at + direction * ((lengths[index] ?? 0) + spare);
    at = enter + direction * node.width;
    return { plan: node, enter, leave: at };
  });
  return { y, start, end, direction, nodes };
}

/** Where a leg leaves its left node or enters its right one: the ends are at the start of the first row and the end of the last. */
interface Port extends Point {
  readonly row: PlacedRow;
}

function placeLegs({ gaps }: LanePlan, rows: readonly PlacedRow[]): LegLayout[] {
  const [first] = rows;
  const last = rows.at(-1);
  if (first === undefined || last === undefined) return [];
  const leaves: Port[] = [{ row: first, x: first.start, y: first.y }, ...rows.flatMap((row) => row.nodes.map(({ leave }) => ({ row, x: leave, y: row.y })))];
  const enters: Port[] = [...rows.flatMap((row) => row.nodes.map(({ enter }) => ({ row, x: enter, y: row.y }))), { row: last, x: last.end, y: last.y }];
  return gaps.flatMap(({ hop, left, right }, index) => {
    const [from, to] = [leaves[index], enters[index]];
    if (from === undefined || to === undefined) return [];
    return [{ hop, points: pointsOf(from, to), ...gateAt('left', left, from), ...gateAt('right', right, to) }];
  });
}

function pointsOf(from: Port, to: Port): Point[] {
  const ends = [{ x: from.x, y: from.y }, { x: to.x, y: to.y }] as const;
  if (from.row === to.row) return [...ends];
  return [ends[0], { x: from.row.end, y: from.y }, { x: from.row.end, y: to.y }, ends[1]];
}

function gateAt<S extends 'left' | 'right'>(side: S, gate: GatePlan | undefined, { row, x, y }: Port): Partial<Record<S, GateLayout>> {
  if (gate === undefined) return {};
  const away = side === 'left' ? row.direction : -row.direction;
  const layout: GateLayout = { x: x + away * gate.distance, y, proxies: gate.proxies, width: gate.width };
  return { [side]: layout } as Partial<Record<S, GateLayout>>;
}
