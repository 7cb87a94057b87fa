/** One end of the tunnel with its applications, as the end package drives it: events out, bytes pumped, one timer. */
import type { Carrier, CarrierFacts } from '../../src/protocol/carrier.js';
import type { Channel } from '../../src/protocol/channel.js';
import type { Side } from '../../src/protocol/messages.js';
import { Pool } from '../../src/protocol/pool.js';
import { Tunnel } from '../../src/protocol/tunnel.js';
import type { TunnelEvent } from '../../src/protocol/tunnel-event.js';
import type { Entry } from './agenda.js';
import { check } from './failure.js';
import type { Scenario } from './scenario.js';
import type { Line } from './line.js';
import type { Home, Speaker, Stage } from './speaker.js';

/** What an end tells the world around it. */
export interface EndpointHost extends Stage {
  readonly scenario: Scenario;
  requested(endpoint: Endpoint, channel: Channel): void;
  begun(endpoint: Endpoint, channel: Channel): void;
  carrierClosed(endpoint: Endpoint, event: TunnelEvent & { type: 'carrier-closed' }): void;
  slotWanted(endpoint: Endpoint, slot: number, until: number): void;
  slotUnwanted(slot: number): void;
  tookInstance(endpoint: Endpoint): void;
  tunnelEnded(endpoint: Endpoint): void;
  interrupted(endpoint: Endpoint): void;
  touched(): void;
}

/** Times that handleTimeout() may leave its deadline where it is. */
const MOST_IDLE_TIMEOUTS = 3;

export class Endpoint implements Home {
  tunnel: Tunnel;
  pool: Pool;
  /** Of the COMMONUNIQUE_INFO of its next carrier: greater for each instance, but where the clock was set back. */
  epoch = 100;
  attempt = 0;
  ended = false;
  frozenUntil = 0;
  readonly speakers = new Map<Channel, Speaker>();
  readonly sockets = new Map<Carrier, Line>();
  readonly #host: EndpointHost;
  #instances = 0;
  /** Whether this process had a carrier. */
  #wasUp = false;
  #wake: Entry | undefined;
  #idleTimeouts = 0;
  #touching = false;

  constructor(
    host: EndpointHost,
    readonly side: Side,
  ) {
    this.#host = host;
    this.pool = new Pool(host.scenario.poolBytes);
    this.tunnel = this.#newTunnel();
  }

  /** Its process dies and starts again, perhaps at a time before that at which it did last. */
  restart(clock: 'goes on' | 'is set back'): void {
    for (const socket of this.sockets.values()) socket.close();
    for (const speaker of this.speakers.values()) speaker.dead = true;
    this.sockets.clear();
    this.speakers.clear();
    this.epoch += clock === 'goes on' ? 1 : -1;
    this.#wasUp = false;
    this.ended = false;
    this.pool = new Pool(this.#host.scenario.poolBytes);
    this.tunnel = this.#newTunnel();
    this.touch();
  }

  addCarrier(facts: CarrierFacts, socket: Line): void {
    const { tunnel } = this;
    const carrier = tunnel.addCarrier(facts, this.#now);
    this.sockets.set(carrier, socket);
    const here = (run: () => void) => (): void => {
      if (this.tunnel !== tunnel) return;
      run();
      this.touch();
    };
    socket.attach({
      bytes: (chunk) => here(() => this.#read(carrier, chunk))(),
      lost: here(() => tunnel.handleLost(carrier, this.#now)),
      room: here(() => undefined),
    });
    this.touch();
  }

  /** After everything that was done to the tunnel. */
  touch(): void {
    if (this.#touching) return;
    this.#touching = true;
    if (this.#host.chance.flip(0.01)) this.tunnel.handleTimeout(this.#now);
    this.#takeEvents();
    if (this.frozenUntil <= this.#now) for (const [carrier, socket] of this.sockets) this.#pump(carrier, socket);
    this.#takeEvents();
    this.#setTimer();
    this.#touching = false;
    this.#host.touched();
  }

  freeze(until: number): void {
    this.frozenUntil = until;
    for (const socket of this.sockets.values()) socket.frozenUntil = until;
    this.#setTimer();
  }

  /** Whether it runs, has a carrier, holds no channel and waits for nothing. */
  get isIdle(): boolean {
    return this.frozenUntil <= this.#now && this.tunnel.established && this.tunnel.channels.next().done === true && this.waitsOnlyToPing;
  }

  /** Not for a carrier that is to replace another, say. */
  get waitsOnlyToPing(): boolean {
    return this.tunnel.deadline === Math.min(...[...this.tunnel.carriers].map((carrier) => carrier.deadline));
  }

  get #now(): number {
    return this.#host.agenda.now;
  }

  #newTunnel(): Tunnel {
    const { scenario } = this.#host;
    const newInstance = (): string => {
      this.epoch += 1;
      return this.#nextInstance();
    };
    return new Tunnel({
      side: this.side,
      instance: this.#nextInstance(),
      newInstance,
      node: this.side,
      software: 'lstp/simulation',
      codecs: [],
      plugins: [],
      maxChannels: scenario.maxChannels[this.side === 'left' ? 0 : 1],
      pool: this.pool,
      poolShare: scenario.poolShare,
      unsentBytes: scenario.unsentBytes,
      retainBytes: scenario.retainBytes,
      // Whoever gets buffers back writes to them at once.
      reclaim: (frame) => void frame.fill(0xee),
      graceMs: scenario.graceMs,
      spread: scenario.spread,
    });
  }

  #nextInstance(): string {
    this.#instances += 1;
    return instanceOf(this.side, this.#instances);
  }

  /** What the tunnel kept of the chunk must be a copy: the network's buffer is used again. */
  #read(carrier: Carrier, chunk: Buffer): void {
    this.tunnel.handleBytes(carrier, chunk, this.#now);
    this.#takeEvents();
    chunk.fill(0xdd);
  }

  #pump(carrier: Carrier, socket: Line): void {
    while (socket.room > 0) {
      const bytes = this.tunnel.pollTransmit(carrier, this.#now);
      if (bytes === undefined) return;
      socket.write(bytes);
    }
  }

  #setTimer(): void {
    const { deadline } = this.tunnel;
    const at = Math.max(deadline, this.frozenUntil);
    if (this.#wake !== undefined) {
      if (this.#wake.at === at) return;
      this.#wake.cancelled = true;
    }
    this.#wake = at === Infinity ? undefined : this.#host.agenda.at(at, () => this.#timeout());
  }

  #timeout(): void {
    this.#wake = undefined;
    this.tunnel.handleTimeout(this.#now);
    this.#idleTimeouts = this.tunnel.deadline <= this.#now ? this.#idleTimeouts + 1 : 0;
    check(this.#idleTimeouts <= MOST_IDLE_TIMEOUTS, () => `${this.side}: the deadline stays in the past`);
    this.touch();
  }

  #takeEvents(): void {
    for (let events = this.tunnel.takeEvents(); events.length > 0; events = this.tunnel.takeEvents()) {
      for (const event of events) this.#handle(event);
    }
  }

  #handle(event: TunnelEvent): void {
    if (event.type !== 'data') this.#host.note(() => `${this.side}: ${describe(event)}`);
    switch (event.type) {
      case 'carrier-closed':
        this.sockets.get(event.carrier)?.close(event.farewell);
        this.sockets.delete(event.carrier);
        // As packages/end: who never had a carrier is the newer process, whatever its clock says.
        if (event.since !== undefined && !this.#wasUp) this.epoch = Math.max(this.epoch, event.since + 1);
        return this.#host.carrierClosed(this, event);
      case 'established':
        this.#wasUp = true;
        return undefined;
      case 'slot-wanted':
        return this.#host.slotWanted(this, event.slot, event.until);
      case 'slot-unwanted':
        return this.#host.slotUnwanted(event.slot);
      case 'instance':
        return this.#host.tookInstance(this);
      case 'request':
        return this.#host.requested(this, event.channel);
      case 'begin':
        return this.#host.begun(this, event.channel);
      case 'interrupted':
        return this.#host.interrupted(this);
      case 'ended':
        this.ended = true;
        return this.#host.tunnelEnded(this);
      default:
        return this.#tellSpeaker(event);
    }
  }

  #tellSpeaker(event: TunnelEvent): void {
    if (!('channel' in event)) return;
    const speaker = this.speakers.get(event.channel);
    if (speaker === undefined) return;
    if (event.type === 'connected') speaker.connect();
    if (event.type === 'data') speaker.handleData(event.bytes);
    if (event.type === 'end') speaker.handleEnd();
    if (event.type === 'writable') speaker.handleWritable();
    if (event.type === 'closed') speaker.handleClosed(event.reason);
  }
}

function instanceOf(side: Side, number: number): string {
  return Buffer.from(`${side.padEnd(10)}${String(number).padStart(6, '0')}`).toString('base64url');
}

function describe(event: TunnelEvent): string {
  const { type } = event;
  if (type === 'carrier-closed') return `carrier-closed slot ${event.carrier.slot}: ${event.code}, ${event.message}`;
  if (type === 'carrier-alive') return `carrier-alive slot ${event.carrier.slot}`;
  if (type === 'closed') return `closed ${event.channel.id}: ${event.reason} ${event.message}`;
  return 'channel' in event ? `${type} ${event.channel.id}` : type;
}
