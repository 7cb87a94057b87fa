/** A whole simulated route from its drawing: `desk > west < lab`. */
import { standbySides, type RelayRoute, type RelayTunnel } from '../../../src/protocol/relay-rules.js';
import { rendezvousDigest } from '../../../src/protocol/digest.js';
import { SimEnd } from './sim-end.js';
import { SimMiddle } from './sim-middle.js';
import type { SimNode } from './sim-node.js';
import { SimWorld } from './sim-world.js';
import { crypto, keyOf } from './way.js';

export interface SimRoute {
  readonly world: SimWorld;
  readonly drawing: string;
  readonly names: readonly string[];
  readonly left: SimEnd;
  readonly right: SimEnd;
  readonly middles: readonly SimMiddle[];
  /** All nodes from left to right. */
  readonly nodes: readonly SimNode[];
  readonly isUp: () => boolean;
}

export function simRoute(drawing: string, world = new SimWorld()): SimRoute {
  const words = drawing.split(' ');
  const names = words.filter((_, index) => index % 2 === 0);
  const arrows = words.filter((_, index) => index % 2 === 1);
  const left = new SimEnd(names[0] as string, world, { side: 'left', names, dials: arrows[0] === '>' });
  const right = new SimEnd(names.at(-1) as string, world, { side: 'right', names, dials: arrows.at(-1) === '<' });
  const middles = names.slice(1, -1).map((name, index) => makeMiddle(name, world, { names, arrows, at: index + 1 }));
  const isUp = () => left.up !== undefined && left.up.id === right.up?.id;
  return { world, drawing, names, left, right, middles, nodes: [left, ...middles, right], isUp };
}

/** Every drawing of a route with this many middles: 2 for none, 16 for three. */
export function drawings(middles: number): string[] {
  const names = ['desk', ...['west', 'east', 'south'].slice(0, middles), 'lab'];
  const hops = middles + 1;
  return Array.from({ length: 2 ** hops }, (_, mix) => names.flatMap((name, at) => (at === hops ? [name] : [name, (mix >> at) & 1 ? '<' : '>'])).join(' '));
}

function makeMiddle(name: string, world: SimWorld, { names, arrows, at }: { names: readonly string[]; arrows: readonly string[]; at: number }): SimMiddle {
  const [before, after] = [names[at - 1], names[at + 1]] as [string, string];
  const route: RelayRoute = {
    left: { neighbour: before, keys: [keyOf(before)], dialed: arrows[at - 1] === '<' },
    right: { neighbour: after, keys: [keyOf(after)], dialed: arrows[at] === '>' },
  };
  const ends = { left: [keyOf(names[0] as string)], right: [keyOf(names.at(-1) as string)] };
  const tunnel: RelayTunnel = { name: 'acme-globex', common: rendezvousDigest(crypto, 'acme-globex'), ends, routes: new Map([[0, route]]) };
  const sides = standbySides(arrows.map((arrow) => (arrow === '>' ? 'left' : 'right')), at);
  const standbys = sides.map((side) => route[side].neighbour);
  return new SimMiddle(name, world, { neighbours: [before, after], tunnels: [tunnel], standbys });
}
