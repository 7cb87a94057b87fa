/**
 * Drives one Tunnel against streams and the clock: the only place where the pure state meets I/O.
 *
 * After everything that happens: events are handed on, every carrier that can take bytes is asked for, one timer is set.
 * Makes no protocol decision. What requests, begins and carriers mean is the business of its TunnelPolicy.
 */
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { Carrier, Channel, ChannelRequest, Tunnel, TunnelEvent, TunnelTotals } from '@lstp/core';
import type { BuiltCarrier } from '../carrier/carrier-builder.js';
import { CarrierLink, type LinkHost } from './carrier-link.js';
import { ChannelFlow } from './channel-flow.js';
import { ChannelJoin, type JoinHost } from './channel-join.js';
import type { ChannelWatches } from './channel-watches.js';
import type { Slabs } from './slabs.js';
import { Stretches } from './stretches.js';
import { WatchedJoin } from './watched-join.js';

/** Applications that connect while the tunnel is down are held this long. */
const HOLD_MS = 10_000;
/** setTimeout's own limit is 2^31 - 1. */
const LONGEST_TIMER_MS = 3_600_000;

/** What the events mean. */
export interface TunnelPolicy {
  handleRequest(channel: Channel): void;
  handleBegin(channel: Channel): void;
  handleClosed(channel: Channel): void;
  handleEvent(event: Exclude<TunnelEvent, { readonly channel: Channel }>): void;
}

export interface RunnerOptions {
  /** Get the buffers of acknowledged data back (TunnelOptions.reclaim). */
  readonly slabs: Slabs;
  /** How long an application that connects while the tunnel is down is held. */
  readonly holdMs?: number;
}

/** What stands between an application and its channel. */
export interface Shaped {
  readonly stream: Duplex;
  /** Of a stream without layers, which see plain bytes themselves. */
  readonly watches?: ChannelWatches;
  /** What was read from it before, where the layers have not got it. */
  readonly head?: Uint8Array;
}

/** Of a channel that is no stream. */
export interface FlowRequest {
  readonly source?: string | undefined;
  /** Gets each datagram for this end. */
  readonly take?: (datagram: Uint8Array) => void;
  readonly watch?: (channel: Channel) => ChannelWatches | undefined;
}

export class TunnelRunner implements JoinHost, LinkHost {
  readonly tunnel: Tunnel;
  readonly slabs: Slabs;
  readonly stretches = new Stretches();
  earlyBytes = 0;
  readonly #policy: TunnelPolicy;
  readonly #holdMs: number;
  readonly #links = new Map<Carrier, CarrierLink>();
  readonly #joins = new Map<Channel, ChannelJoin>();
  /** Channels that are no streams. */
  readonly #flows = new Map<Channel, ChannelFlow>();
  readonly #holding = new Set<ChannelJoin>();
  #took: ChannelJoin[] = [];
  #fullRecord = false;
  #settling = false;
  #settledAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #stopped = false;
  #totals = { channels: 0, carriers: 0, bytesIn: 0, bytesOut: 0, dropped: 0 };

  constructor(tunnel: Tunnel, policy: TunnelPolicy, { slabs, holdMs = HOLD_MS }: RunnerOptions) {
    this.tunnel = tunnel;
    this.slabs = slabs;
    this.#holdMs = holdMs;
    this.#policy = policy;
  }

  /** Within settle() it stands still: reading the clock costs as much as a small frame. */
  now(): number {
    return this.#settling ? this.#settledAt : performance.now();
  }

  /** Of everything that ever went through, for metrics. */
  get totals(): Required<TunnelTotals> {
    const totals = { ...this.#totals };
    for (const { bytesIn, bytesOut } of [...this.#joins.keys(), ...this.#flows.keys()]) {
      totals.bytesIn += bytesIn;
      totals.bytesOut += bytesOut;
    }
    for (const { dropped } of this.#flows.values()) totals.dropped += dropped;
    return totals;
  }

  /** A secured and compared carrier. `introduce` is called before any event about it. */
  addCarrier({ facts, stream, head }: BuiltCarrier, introduce: (carrier: Carrier) => void): Carrier {
    const carrier = this.tunnel.addCarrier(facts, this.now());
    introduce(carrier);
    const link = new CarrierLink(carrier, stream, this);
    this.#links.set(carrier, link);
    if (head.length > 0) this.tunnel.handleBytes(carrier, head, this.now());
    link.start();
    this.settle();
    return carrier;
  }

  /** Asks for a carrier in the place of this one (Tunnel.replace). */
  replace(carrier: Carrier): void {
    this.tunnel.replace(carrier, this.now());
    this.settle();
  }

  /** Opens a channel for an application's stream. Throws what Tunnel.open() throws; the stream is then untouched. */
  open(request: Parameters<Tunnel['open']>[0], stream: Duplex, { source, head, answer }: ChannelRequest): ChannelJoin {
    const channel = this.tunnel.open(request, source, this.now());
    const join = this.adopt(channel);
    join.attach(stream, head, answer);
    if (!this.tunnel.established) this.#hold(channel);
    this.settle();
    return join;
  }

  /** The same for a stream that `shape` puts something in front of; throws what it throws, and nothing was opened. */
  openShaped(request: Parameters<Tunnel['open']>[0], { source, answer }: ChannelRequest, shape: (channel: Channel) => Shaped): ChannelJoin {
    const channel = this.tunnel.open(request, source, this.now());
    const shaped = this.#orReset(channel, () => shape(channel));
    const join = this.adopt(channel, shaped.watches);
    join.attach(shaped.stream, shaped.head, answer);
    if (!this.tunnel.established) this.#hold(channel);
    this.settle();
    return join;
  }

  /** The join of a channel that the peer opened. */
  adopt(channel: Channel, watches?: ChannelWatches): ChannelJoin {
    const join = watches === undefined ? new ChannelJoin(this, channel) : new WatchedJoin(this, channel, watches);
    this.#joins.set(channel, join);
    this.#totals.channels += 1;
    return join;
  }

  /** Opens a channel that is no stream. Throws what Tunnel.open() and `watch` throw, and nothing was opened. */
  openFlow(request: Parameters<Tunnel['open']>[0], { source, take, watch }: FlowRequest): ChannelFlow {
    const channel = this.tunnel.open(request, source, this.now());
    const flow = this.adoptFlow(channel, this.#orReset(channel, () => watch?.(channel)));
    if (take !== undefined) flow.attach(take);
    if (!this.tunnel.established) this.#hold(channel);
    this.settle();
    return flow;
  }

  /** The flow of a channel that the peer opened. */
  adoptFlow(channel: Channel, watches?: ChannelWatches): ChannelFlow {
    const flow = new ChannelFlow(this, channel, watches);
    this.#flows.set(channel, flow);
    this.#totals.channels += 1;
    return flow;
  }

  /** Channels that have no end of their own: when the node goes, so do they. */
  closeFlows(): void {
    for (const flow of [...this.#flows.values()]) flow.close('done');
  }

  flowOf(channel: Channel): ChannelFlow | undefined {
    return this.#flows.get(channel);
  }

  joinOf(channel: Channel): ChannelJoin | undefined {
    return this.#joins.get(channel);
  }

  /** Ends a carrier at once; its channels go on over another. */
  cut(carrier: Carrier): void {
    this.tunnel.handleLost(carrier, this.now());
    this.settle();
  }

  /** Ends everything at once. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const link of this.#links.values()) link.close(undefined);
    for (const [channel, join] of this.#joins) {
      join.handleClosed('shutting-down', 'the node stops');
      this.#policy.handleClosed(channel);
    }
    for (const [channel, flow] of this.#flows) {
      flow.handleClosed('shutting-down', 'the node stops');
      this.#policy.handleClosed(channel);
    }
    this.#links.clear();
    this.#joins.clear();
    this.#flows.clear();
  }

  // --- JoinHost

  /** Hands on events, sends what can be sent, sets the timer. Calls within a call are one. */
  settle(): void {
    if (this.#settling || this.#stopped) return;
    this.#settledAt = performance.now();
    this.#settling = true;
    do this.#dispatch();
    while (this.#transmit());
    this.#settling = false;
    this.#setTimer();
  }

  tellTaken(join: ChannelJoin): void {
    this.#took.push(join);
    if (this.#took.length === 1 && !this.#settling) queueMicrotask(() => this.settle());
  }

  holds(join: ChannelJoin): void {
    if (this.#holding.size === 0) setImmediate(() => this.#flushHeld());
    this.#holding.add(join);
  }

  // --- LinkHost

  handleBytes(link: CarrierLink, chunk: Buffer, fullRecord: boolean): void {
    this.#fullRecord = fullRecord;
    this.tunnel.handleBytes(link.carrier, chunk, this.now());
    this.settle();
    if (!fullRecord) this.#flushHeld();
  }

  handleDrain(): void {
    this.settle();
  }

  handleLost(link: CarrierLink): void {
    this.tunnel.handleLost(link.carrier, this.now());
    this.settle();
  }

  // --- private

  #dispatch(): void {
    for (let events = this.tunnel.takeEvents(); events.length > 0 || this.#took.length > 0; events = this.tunnel.takeEvents()) {
      for (const event of events) this.#handle(event);
      if (this.#took.length > 0) this.#flushTaken();
    }
  }

  /** True when something was sent, which may have caused events. */
  #transmit(): boolean {
    let sent = false;
    const now = this.now();
    for (const link of this.#links.values()) {
      while (link.writable) {
        const bytes = this.tunnel.pollTransmit(link.carrier, now);
        if (bytes === undefined) break;
        link.write(bytes);
        sent = true;
      }
    }
    return sent;
  }

  #handle(event: TunnelEvent): void {
    switch (event.type) {
      case 'data':
        return this.#handleData(event);
      case 'writable':
        return this.#joins.get(event.channel)?.handleWritable();
      case 'end':
        return this.#joins.get(event.channel)?.handleChannelEnd();
      case 'connected':
        return this.#userOf(event.channel)?.handleConnected(event.bound);
      case 'request':
        return this.#policy.handleRequest(event.channel);
      case 'begin':
        return this.#policy.handleBegin(event.channel);
      case 'closed':
        return this.#handleClosed(event);
      case 'carrier-closed':
        this.#links.get(event.carrier)?.close(event.farewell);
        this.#links.delete(event.carrier);
        return this.#policy.handleEvent(event);
      case 'carrier-alive':
        this.#totals.carriers += 1;
        return this.#policy.handleEvent(event);
      case 'interrupted':
        for (const channel of this.tunnel.channels) if (channel.unheard) this.#hold(channel);
        return this.#policy.handleEvent(event);
      default:
        return this.#policy.handleEvent(event);
    }
  }

  #handleData({ channel, bytes }: TunnelEvent & { readonly type: 'data' }): void {
    const join = this.#joins.get(channel);
    if (join === undefined) return this.#flows.get(channel)?.handleData(bytes);
    this.stretches.hold(bytes);
    join.handleData(bytes, this.#fullRecord);
  }

  #handleClosed({ channel, reason, message }: TunnelEvent & { readonly type: 'closed' }): void {
    this.#userOf(channel)?.handleClosed(reason, message);
    this.forget(channel);
  }

  #userOf(channel: Channel): ChannelJoin | ChannelFlow | undefined {
    return this.#joins.get(channel) ?? this.#flows.get(channel);
  }

  /** The join has done what it could: its channel is over at both ends or was reset by it. */
  forget(channel: Channel): void {
    this.#totals.dropped += this.#flows.get(channel)?.dropped ?? 0;
    if (!this.#joins.delete(channel) && !this.#flows.delete(channel)) return;
    this.#totals.bytesIn += channel.bytesIn;
    this.#totals.bytesOut += channel.bytesOut;
    this.#policy.handleClosed(channel);
  }

  #flushTaken(): void {
    const joins = this.#took;
    this.#took = [];
    for (const join of joins) join.flushTaken();
  }

  #flushHeld(): void {
    if (this.#holding.size === 0) return;
    const joins = [...this.#holding];
    this.#holding.clear();
    for (const join of joins) join.flush();
  }

  #orReset<T>(channel: Channel, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.tunnel.reset(channel, { code: 'internal', message: '' }, this.now());
      throw error;
    }
  }

  #hold(channel: Channel): void {
    const timer = setTimeout(() => {
      if (channel.state !== 'requested' || this.tunnel.established) return;
      this.tunnel.reset(channel, { code: 'no-carrier', message: '' }, this.now());
      this.#userOf(channel)?.handleClosed('no-carrier', `the tunnel has been down for ${this.#holdMs / 1000} s`);
      this.forget(channel);
      this.settle();
    }, this.#holdMs);
    const user = this.#userOf(channel);
    void user?.closed.then(() => clearTimeout(timer));
    void user?.connected.then(() => clearTimeout(timer), () => clearTimeout(timer));
  }

  #setTimer(): void {
    const at = this.tunnel.deadline;
    if (at >= this.#timerAt && this.#timerAt < Infinity) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    if (at === Infinity) return;
    this.#timer = setTimeout(() => this.#wake(), Math.min(LONGEST_TIMER_MS, Math.max(1, Math.ceil(at - this.now()))));
  }

  /** Data that waited in the kernel during a stall of ours comes first: an own stall is not the peer's death. */
  #wake(): void {
    setImmediate(() => {
      this.#timerAt = Infinity;
      if (this.#stopped) return;
      const now = this.now();
      if (now >= this.tunnel.deadline) this.tunnel.handleTimeout(now);
      this.settle();
    });
  }
}
