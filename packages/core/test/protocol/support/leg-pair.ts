/** A dialer and an acceptor over one simulated connection. */
import type { LegUse } from '../../../src/protocol/leg-hello.js';
import type { LegOptions } from '../../../src/protocol/leg-event.js';
import { namedSigner } from '../../../src/testing/index.js';
import { SimLeg, type SimLegEvent } from './sim-leg.js';
import { SimWorld, type SimSocket } from './sim-world.js';
import { crypto, keyOf } from './way.js';

export interface LegSide {
  readonly leg: SimLeg;
  readonly events: SimLegEvent[];
}

export interface LegPair {
  readonly world: SimWorld;
  readonly dialer: LegSide;
  readonly acceptor: LegSide;
}

export interface LegPairOptions {
  readonly use?: LegUse;
  readonly dialer?: Partial<LegOptions>;
  readonly acceptor?: Partial<LegOptions>;
  readonly world?: SimWorld;
}

/** desk dials west; connected, nothing said yet. */
export function legPair({ use = 'set-up', dialer = {}, acceptor = {}, world = new SimWorld() }: LegPairOptions = {}): LegPair {
  const common = (node: string) => ({ crypto, signer: namedSigner(node), node, pingMs: 1000, now: world.now });
  let far: SimSocket | undefined;
  let near: SimSocket | undefined;
  world.listen('west', (socket) => (far = socket));
  world.connect('west', (socket) => (near = socket));
  world.run(() => near !== undefined);
  const dialing = { ...common('desk'), role: 'dialer', pins: [keyOf('west')], use, started: 7, ...dialer } as LegOptions;
  const accepting = { ...common('west'), role: 'acceptor', admits: (key: string) => key === keyOf('desk'), ...acceptor } as LegOptions;
  return { world, dialer: side(world, near as SimSocket, dialing), acceptor: side(world, far as SimSocket, accepting) };
}

/** An acceptor whose other side writes raw bytes. */
export function rawAcceptor(world = new SimWorld()): { world: SimWorld; socket: SimSocket; heard: Buffer[]; acceptor: LegSide } {
  let far: SimSocket | undefined;
  let near: SimSocket | undefined;
  world.listen('west', (socket) => (far = socket));
  world.connect('west', (socket) => (near = socket));
  world.run(() => near !== undefined);
  const heard: Buffer[] = [];
  (near as SimSocket).onData = (chunk) => heard.push(chunk);
  const options: LegOptions = { crypto, signer: namedSigner('west'), node: 'west', pingMs: 1000, now: world.now, role: 'acceptor', admits: () => true };
  return { world, socket: near as SimSocket, heard, acceptor: side(world, far as SimSocket, options) };
}

export function types({ events }: LegSide): string[] {
  return events.map(({ type }) => type);
}

function side(world: SimWorld, socket: SimSocket, options: LegOptions): LegSide {
  const leg = new SimLeg(world, socket, { ...options, now: world.now });
  const events: SimLegEvent[] = [];
  leg.onEvent = (event) => events.push(event);
  return { leg, events };
}
