/**
 * A route in three lines of boxes and arrows, in as many rows as it takes:
 *
 *   ┌──────┐   ░    ┌──────┐        ┌──────┐    ░   ┌─────┐
 *   │ desk ├───◆───▶│ west ├───────▶│ east │◀───◆───┤ lab │
 *   └──────┘   ░    └──────┘        └──────┘    ░   └─────┘
 */
import type { MapHop, MapNode, MapRoute } from './chain-map.js';
import { shorten } from './fit-text.js';

/** Three lines of one width. */
type Block = readonly [string, string, string];

const MAX_NAME = 32;
/** The firewall of the left node, and of the right one, as columns of a connection. */
const CONNECTION = 8;
const LEFT_WALL = 3;
const RIGHT_WALL = 4;

export const WALL = '\u2591';
export const PROXY = '\u25c6';

export function textPicture(route: MapRoute, width: number): string[] {
  const rows: Block[][] = [[]];
  let used = 0;
  for (const [index, node] of route.nodes.entries()) {
    const block = withNode(node, route.hops[index - 1], route.hops[index]);
    if (used > 0 && used + block[0].length > width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(block);
    used += block[0].length;
  }
  return rows.flatMap((row) => [0, 1, 2].map((line) => row.map((block) => block[line]).join('').trimEnd()));
}

/** The connection in front of a node, if any, and its box. */
function withNode(node: MapNode, before: MapHop | undefined, after: MapHop | undefined): Block {
  const box = boxOf(node, before, after);
  if (before === undefined) return box;
  const connection = connectionOf(before);
  return [connection[0] + box[0], connection[1] + box[1], connection[2] + box[2]];
}

function boxOf({ name }: MapNode, before: MapHop | undefined, after: MapHop | undefined): Block {
  const text = shorten(name, MAX_NAME);
  const line = '\u2500'.repeat(text.length + 2);
  const left = before?.dialer === 'right' ? '\u2524' : '\u2502';
  const right = after?.dialer === 'left' ? '\u251c' : '\u2502';
  return [`\u250c${line}\u2510`, `${left} ${text} ${right}`, `\u2514${line}\u2518`];
}

function connectionOf({ left, right, dialer, leg }: MapHop): Block {
  const edge: string[] = Array.from({ length: CONNECTION }, () => ' ');
  const middle: string[] = Array.from({ length: CONNECTION }, () => '\u2500');
  if (left.firewall) edge[LEFT_WALL] = WALL;
  if (right.firewall) edge[RIGHT_WALL] = WALL;
  if (dialer === 'left') middle[CONNECTION - 1] = '\u25b6';
  else middle[0] = '\u25c0';
  if (leg.ways.some((way) => way.length > 0)) middle[dialer === 'left' ? LEFT_WALL : RIGHT_WALL] = PROXY;
  return [edge.join(''), middle.join(''), edge.join('')];
}
