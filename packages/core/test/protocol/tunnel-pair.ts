/**
 * Two tunnels against each other through arrays, in simulated time: no socket, no timer, no sleep.
 *
 *   const pair = new TunnelPair();        two ends
 *   const wire = pair.connect(0);         a carrier between them, for a slot
 *   pair.run();                           moves bytes, fires deadlines, until nothing happens any more
 *   wire.cut();                           the carrier dies; what was under way is lost
 *
 * Each end has an application for every channel (End.apps) that records what it got.
 */
import { Pool } from '../../src/protocol/pool.js';
import { Tunnel } from '../../src/protocol/tunnel.js';
import { HEADROOM } from '../../src/protocol/outgoing.js';
import type { Carrier } from '../../src/protocol/carrier.js';
import type { Channel, ChannelRequestBody } from '../../src/protocol/channel.js';
import type { Side } from '../../src/protocol/messages.js';
import type { TunnelEvent } from '../../src/protocol/tunnel-event.js';
import type { TunnelOptions } from '../../src/protocol/tunnel-options.js';

/** What stands behind a channel at one end: an application, or the real server. */
export interface App {
  readonly channel: Channel;
  readonly received: Buffer[];
  ended: boolean;
  connected: boolean;
  closed: string | undefined;
  /** Bytes (and the end) that arrived and were not taken yet, when the app reads slowly. */
  untaken: number;
}

export class End {
  readonly tunnel: Tunnel;
  readonly apps = new Map<Channel, App>();
  readonly events: TunnelEvent[] = [];
  /** The peer's requests are granted and begun at once unless a test says otherwise. */
  answer: (end: End, event: TunnelEvent & { channel: Channel }) => void = answerAtOnce;
  /** Whether the app takes what arrives at once. */
  reads = true;

  constructor(
    readonly side: Side,
    options: Partial<TunnelOptions>,
  ) {
    let instances = 0;
    const newInstance = (): string => Buffer.from(`${side.padEnd(12)}${String((instances += 1)).padStart(4, '0')}`).toString('base64url');
    this.tunnel = new Tunnel({
      side,
      instance: newInstance(),
      newInstance,
      node: side,
      software: 'lstp/test',
      codecs: [],
      plugins: [],
      maxChannels: 1000,
      pool: new Pool(64 * 1024 * 1024),
      poolShare: 64 * 1024 * 1024,
      unsentBytes: 131_072,
      retainBytes: 16 * 1024 * 1024,
      graceMs: 300_000,
      spread: false,
      ...options,
    });
  }

  open(request: Partial<ChannelRequestBody>, now: number): App {
    const channel = this.tunnel.open({ service: 'echo', kind: 'stream', carrier: 'shared', ...request }, undefined, now);
    return this.adopt(channel);
  }

  write(app: App, data: Buffer, now: number): boolean {
    const buffer = Buffer.alloc(HEADROOM + data.length);
    data.copy(buffer, HEADROOM);
    return this.tunnel.write(app.channel, buffer, HEADROOM, now);
  }

  adopt(channel: Channel): App {
    const app: App = { channel, received: [], ended: false, connected: false, closed: undefined, untaken: 0 };
    this.apps.set(channel, app);
    return app;
  }

  handle(event: TunnelEvent, now: number): void {
    this.events.push(event);
    if (event.type === 'request') this.adopt(event.channel);
    if (event.type === 'request' || event.type === 'begin') this.answer(this, event);
    const app = 'channel' in event ? this.apps.get(event.channel) : undefined;
    if (app !== undefined) this.#record(app, event, now);
  }

  /** The app takes `units` of what arrived. */
  take(app: App, units: number, now: number): void {
    app.untaken -= units;
    this.tunnel.taken(app.channel, units, now);
  }

  #record(app: App, event: TunnelEvent, now: number): void {
    if (event.type === 'connected') app.connected = true;
    if (event.type === 'closed') app.closed = event.reason;
    if (event.type === 'data') app.received.push(Buffer.from(event.bytes));
    if (event.type === 'end') app.ended = true;
    const units = event.type === 'data' ? event.bytes.length : event.type === 'end' ? 1 : 0;
    app.untaken += units;
    if (this.reads && units > 0) this.take(app, units, now);
  }
}

export function answerAtOnce(end: End, event: TunnelEvent & { channel: Channel }): void {
  if (event.type === 'request') end.tunnel.accept(event.channel, 0);
  if (event.type === 'begin') end.tunnel.begin(event.channel, '127.0.0.1:1', 0);
}

/** A carrier between the two ends: bytes in both directions, in order, until it is cut. */
export class Wire {
  readonly carriers = new Map<End, Carrier>();
  /** Bytes that were sent by an end and have not been delivered. */
  readonly underWay = new Map<End, Buffer[]>();
  readonly noticed = new Set<End>();
  broken = false;

  cut(): void {
    this.broken = true;
    for (const queue of this.underWay.values()) queue.length = 0;
  }
}

let wires = 0;

export class TunnelPair {
  readonly left: End;
  right: End;
  readonly #options: Partial<TunnelOptions>;
  readonly wires: Wire[] = [];
  now = 1000;
  #attempts = 0;

  constructor(options: Partial<TunnelOptions> = {}) {
    this.#options = options;
    this.left = new End('left', options);
    this.right = new End('right', options);
  }

  get ends(): readonly End[] {
    return [this.left, this.right];
  }

  /** The right end's process dies, with all its connections, and starts again. */
  restartRight(options: Partial<TunnelOptions> = {}): void {
    for (const { carriers } of this.wires) this.left.tunnel.handleLost(carriers.get(this.left) as Carrier, this.now);
    this.settle();
    this.wires.length = 0;
    const instance = Buffer.from('right       0009').toString('base64url');
    this.right = new End('right', { ...this.#options, ...options, instance });
  }

  connect(slot = 0, pingMs = 2000): Wire {
    const wire = new Wire();
    const make = this.#setUp(slot, pingMs);
    for (const end of this.ends) {
      wire.underWay.set(end, []);
      wire.carriers.set(end, make(end));
    }
    this.wires.push(wire);
    return wire;
  }

  /** A carrier that is secured at `end`, and never at the other. */
  connectAt(end: End, slot: number, pingMs = 2000): Carrier {
    return this.#setUp(slot, pingMs)(end);
  }

  /** What both ends agreed on; gives each its carrier. */
  #setUp(slot: number, pingMs: number): (end: End) => Carrier {
    wires += 1;
    const id = Buffer.from(String(wires).padStart(16, '0')).toString('base64url');
    const rank = [1, 1, (this.#attempts += 1), 1];
    return (end) => {
      const peer = end === this.left ? this.right : this.left;
      const facts = {
        id,
        slot,
        instance: end.tunnel.instance,
        peerInstance: peer.tunnel.instance,
        peerEpoch: epochOf(peer.tunnel.instance),
        pingMs,
        rank,
        proof: proofOf(end.side),
        checkProof: (proof: string) => proof === proofOf(peer.side),
      };
      return end.tunnel.addCarrier(facts, this.now);
    };
  }

  /** Moves bytes and fires deadlines until nothing happens any more, or time has passed `untilMs`. */
  run(untilMs = 1000): void {
    const end = this.now + untilMs;
    for (;;) {
      while (this.step()) this.now += 0.01;
      const deadline = Math.min(this.left.tunnel.deadline, this.right.tunnel.deadline);
      if (deadline > end) break;
      this.now = Math.max(this.now, deadline);
      for (const { tunnel } of this.ends) tunnel.handleTimeout(this.now);
      this.settle();
    }
    this.now = end;
  }

  /** One round: everything that can be sent is sent, everything under way arrives. False when nothing moved. */
  step(): boolean {
    this.settle();
    let moved = false;
    for (const wire of this.wires) for (const from of this.ends) moved = this.transmit(wire, from) || moved;
    for (const wire of this.wires) for (const from of this.ends) moved = this.deliver(wire, from) || moved;
    return moved;
  }

  /** What `from` wants to send on `wire` is under way. */
  transmit(wire: Wire, from: End, most = Infinity): boolean {
    const carrier = wire.carriers.get(from) as Carrier;
    let moved = false;
    for (let count = 0; count < most; count += 1) {
      const bytes = from.tunnel.pollTransmit(carrier, this.now);
      if (bytes === undefined) break;
      // A copy: a real socket has taken the bytes before the tunnel may write to the buffer again.
      if (!wire.broken) (wire.underWay.get(from) as Buffer[]).push(Buffer.from(bytes));
      moved = true;
    }
    this.settle();
    return moved;
  }

  /** The oldest bytes that `from` sent on `wire` arrive, `most` of them at once. */
  deliver(wire: Wire, from: End, most = Infinity): boolean {
    const to = from === this.left ? this.right : this.left;
    const queue = wire.underWay.get(from) as Buffer[];
    const chunk = queue.shift();
    if (chunk === undefined) return this.#notice(wire, to);
    const part = chunk.subarray(0, Math.min(most, chunk.length));
    if (part.length < chunk.length) queue.unshift(chunk.subarray(part.length));
    to.tunnel.handleBytes(wire.carriers.get(to) as Carrier, part, this.now);
    this.settle();
    return true;
  }

  /** Hands the events of both ends to their applications. */
  settle(): void {
    for (const end of this.ends) {
      for (let events = end.tunnel.takeEvents(); events.length > 0; events = end.tunnel.takeEvents()) {
        for (const event of events) {
          if (event.type === 'carrier-closed') this.#hangUp(end, event.carrier, event.farewell);
          end.handle(event, this.now);
        }
      }
    }
  }

  #hangUp(end: End, carrier: Carrier, farewell: Buffer | undefined): void {
    const wire = this.wires.find(({ carriers }) => carriers.get(end) === carrier);
    if (wire === undefined) return;
    wire.noticed.add(end);
    if (farewell !== undefined && !wire.broken) (wire.underWay.get(end) as Buffer[]).push(farewell);
    wire.broken = true;
  }

  /** An end sees that a broken carrier is gone, once it has read what was still under way. */
  #notice(wire: Wire, to: End): boolean {
    if (!wire.broken || wire.noticed.has(to)) return false;
    wire.noticed.add(to);
    to.tunnel.handleLost(wire.carriers.get(to) as Carrier, this.now);
    this.settle();
    return true;
  }
}

function proofOf(side: Side): string {
  return Buffer.alloc(32, side).toString('base64url');
}

function epochOf(instance: string): number {
  return Number(Buffer.from(instance, 'base64url').toString().slice(12));
}

/** The other side of `app`. */
export function peerOf(pair: TunnelPair, end: End, app: App): App {
  const other = end === pair.left ? pair.right : pair.left;
  return [...other.apps.values()].findLast(({ channel }) => channel.id === app.channel.id) as App;
}

export function writeAll(pair: TunnelPair, app: App, data: Buffer): void {
  for (let at = 0; at < data.length; at += 60_000) pair.left.write(app, data.subarray(at, at + 60_000), pair.now);
}
