/** What a lane (one alternative of a route) consists of and how wide that is, before its place is known. */
import type { MapHop, MapNode, MapRoute } from './chain-map.js';
import { shorten } from './fit-text.js';
import { LINE, nodeTextSize, SIZE } from './node-layout.js';
import { BRICK_WIDTH, monoWidth } from './svg-style.js';

export interface NodePlan {
  readonly node: MapNode;
  readonly width: number;
  readonly height: number;
}

/** The wall of a node, with the proxies in it if the node goes out through some. */
export interface GatePlan {
  readonly proxies: readonly string[];
  readonly width: number;
  /** From the node's edge to the middle of the wall. */
  readonly distance: number;
}

/** Between two neighbours. */
export interface GapPlan {
  readonly hop: MapHop;
  readonly width: number;
  readonly left?: GatePlan;
  readonly right?: GatePlan;
}

export interface LanePlan {
  readonly route: MapRoute;
  readonly middles: readonly NodePlan[];
  /** One more than middles: `gaps[i]` leads to `middles[i]`, the last one to the right end. */
  readonly gaps: readonly GapPlan[];
}

const NODE_PADDING = 14;
const PROXY_CHARS = 30;
const PROXY_LINES = 4;
const MIN_GAP = 96;
/** In front of a wall and behind it. */
const WALL_ROOM = 26;

/** Plans of all lanes: the wall of an end is one, as far from it as the lane with the widest pill needs it. */
export function planLanes(routes: readonly MapRoute[]): LanePlan[] {
  const plans = routes.map(planLane);
  const left = Math.max(0, ...plans.map(({ gaps }) => gaps[0]?.left?.distance ?? 0));
  const right = Math.max(0, ...plans.map(({ gaps }) => gaps.at(-1)?.right?.distance ?? 0));
  return plans.map((plan) => ({ ...plan, gaps: plan.gaps.map((gap, index) => alignEnds(gap, index === 0 ? left : 0, index === plan.gaps.length - 1 ? right : 0)) }));
}

/** Room beside a node for its gate, or for a line alone. */
export function runWidth(gate: GatePlan | undefined): number {
  return gate === undefined ? 44 : gate.distance + gate.width / 2 + WALL_ROOM;
}

/** Height of the pill of a gate; 0 without proxies. */
export function pillHeight(gate: Pick<GatePlan, 'proxies'> | undefined): number {
  const lines = gate?.proxies.length ?? 0;
  return lines === 0 ? 0 : lines * LINE + 9;
}

function planLane(route: MapRoute): LanePlan {
  const middles = route.nodes.slice(1, -1).map((node) => {
    const { width, height } = nodeTextSize(node);
    return { node, width: Math.max(84, width + 2 * NODE_PADDING), height: height + 24 };
  });
  return { route, middles, gaps: route.hops.map(planGap) };
}

function planGap(hop: MapHop): GapPlan {
  const left = hop.left.firewall ? { left: planGate(hop.dialer === 'left' ? proxyLines(hop) : []) } : {};
  const right = hop.right.firewall ? { right: planGate(hop.dialer === 'right' ? proxyLines(hop) : []) } : {};
  return withWidth({ hop, width: 0, ...left, ...right });
}

function planGate(proxies: readonly string[]): GatePlan {
  const width = proxies.length === 0 ? BRICK_WIDTH : Math.max(...proxies.map((line) => monoWidth(line, SIZE.proxy))) + 22;
  return { proxies, width, distance: WALL_ROOM + width / 2 };
}

function withWidth(gap: GapPlan): GapPlan {
  const side = (gate: GatePlan | undefined): number => (gate === undefined ? 30 : gate.distance + gate.width / 2);
  return { ...gap, width: Math.max(MIN_GAP, side(gap.left) + side(gap.right) + 34) };
}

function alignEnds(gap: GapPlan, left: number, right: number): GapPlan {
  return withWidth({
    ...gap,
    ...(gap.left === undefined || left === 0 ? {} : { left: { ...gap.left, distance: left } }),
    ...(gap.right === undefined || right === 0 ? {} : { right: { ...gap.right, distance: right } }),
  });
}

/** The lines in the pill: `socks5://a:1080`, `then http://b:3128`, `or straight`. */
function proxyLines({ leg }: MapHop): string[] {
  if (leg.ways.every((way) => way.length === 0)) return [];
  const lines = leg.ways.flatMap((way, index) => {
    const or = index === 0 ? '' : 'or ';
    return way.length === 0 ? [`${or}straight`] : way.map((proxy, step) => `${step === 0 ? or : 'then '}${proxy}`);
  });
  const shown = lines.length <= PROXY_LINES ? lines : [...lines.slice(0, PROXY_LINES - 1), `and ${lines.length - PROXY_LINES + 1} more`];
  return shown.map((line) => shorten(line, PROXY_CHARS));
}
