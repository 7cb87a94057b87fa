/**
 * One application connection at one end: it writes, reads at its own pace, finishes or resets, as its plan says, and
 * checks every byte that it gets.
 */
import type { Channel } from '../../src/protocol/channel.js';
import type { ChannelCode } from '../../src/protocol/error.js';
import { HEADROOM } from '../../src/protocol/outgoing.js';
import type { Tunnel } from '../../src/protocol/tunnel.js';
import type { Agenda } from './agenda.js';
import type { Chance } from './chance.js';
import { check } from './failure.js';
import { speech } from './pattern.js';

/** What a speaker sees of the world around it. */
export interface Stage {
  readonly agenda: Agenda;
  readonly chance: Chance;
  /** Nothing goes wrong any more, and everybody comes to an end. */
  readonly healing: boolean;
  note(text: () => string): void;
}

/** The end at which a speaker lives. */
export interface Home {
  readonly side: string;
  readonly tunnel: Tunnel;
  touch(): void;
}

export interface Plan {
  /** Sizes of what it writes, in order. */
  readonly writes: number[];
  readonly paceMs: number;
  readonly finish: 'after-writes' | 'after-peer';
  readonly resetAfterMs: number | undefined;
  readonly reads: 'eager' | 'lazy' | 'stalled';
}

export class Speaker {
  readonly channel: Channel;
  readonly home: Home;
  readonly plan: Plan;
  written = 0;
  finished = false;
  received = 0;
  ended = false;
  /** Why the tunnel says it is over. */
  closed: ChannelCode | undefined;
  /** It was ended from here, with this code. */
  left: ChannelCode | undefined;
  /** Its process is gone. */
  dead = false;
  readonly datagramsSent: number[] = [];
  readonly datagramsReceived = new Set<number>();
  readonly #stage: Stage;
  readonly #voice: number;
  readonly #peerVoice: number;
  #untaken = 0;
  #reading = false;
  #connected = false;
  #blocked = false;
  #speaking = false;

  constructor(stage: Stage, home: Home, { channel, plan, voices }: { channel: Channel; plan: Plan; voices: readonly [number, number] }) {
    this.#stage = stage;
    this.home = home;
    this.channel = channel;
    this.plan = plan;
    [this.#voice, this.#peerVoice] = voices;
    if (plan.resetAfterMs !== undefined) stage.agenda.after(plan.resetAfterMs, () => this.leave('reset'));
  }

  /** Whether it has nothing more to do with its channel. */
  get over(): boolean {
    return this.dead || this.left !== undefined || (this.closed !== undefined && (this.closed !== 'done' || this.#untaken === 0));
  }

  get name(): string {
    return `${this.home.side}/${this.channel.id}`;
  }

  /** It has its socket: what came may be taken, what is planned may be said. */
  connect(): void {
    this.#connected = true;
    this.#readLater();
    this.speak();
  }

  /** The application that opened speaks at once, the server when it is connected. */
  speak(): void {
    if (this.#speaking || (!this.#connected && !this.channel.opener) || this.channel.request.kind === 'listen') return;
    this.#speaking = true;
    this.#stage.agenda.after(this.#stage.chance.next() * this.plan.paceMs, () => {
      this.#speaking = false;
      this.#say();
    });
  }

  handleWritable(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    this.speak();
  }

  handleData(bytes: Buffer): void {
    if (this.channel.datagrams !== undefined) return this.#handleDatagram(bytes);
    check(!this.ended, () => `${this.name}: data after the end`);
    check(this.left === undefined && (this.closed === undefined || this.closed === 'done'), () => `${this.name}: data after it was closed`);
    check(bytes.equals(speech(this.#peerVoice, this.received, bytes.length)), () => `${this.name}: wrong bytes at ${this.received}`);
    this.received += bytes.length;
    this.#untaken += bytes.length;
    this.#checkWaiting();
    this.#readLater();
  }

  handleEnd(): void {
    check(!this.ended, () => `${this.name}: a second end`);
    this.ended = true;
    this.#untaken += 1;
    this.#readLater();
    if (this.plan.finish === 'after-peer') this.speak();
  }

  handleClosed(reason: ChannelCode): void {
    check(this.closed === undefined, () => `${this.name}: closed twice, ${this.closed} and ${reason}`);
    this.closed = reason;
  }

  /** Ends the channel at once. */
  leave(code: ChannelCode): void {
    if (this.over || this.closed !== undefined) return;
    this.left = code;
    this.#stage.note(() => `${this.name} leaves: ${code}`);
    this.home.tunnel.reset(this.channel, { code, message: '' }, this.#stage.agenda.now);
    this.home.touch();
  }

  /** The stalled go on. */
  heal(): void {
    this.#readLater();
    this.speak();
  }

  #say(): void {
    if (this.over || this.finished || this.#blocked) return;
    const size = this.plan.writes.shift();
    if (size !== undefined) {
      if (this.channel.datagrams === undefined) this.#write(size);
      else this.#send(size);
      return this.speak();
    }
    if (this.channel.datagrams !== undefined) return this.leave('done');
    if (this.plan.finish === 'after-peer' && !this.ended && !this.#stage.healing) return;
    this.finished = true;
    this.#stage.note(() => `${this.name} finishes at ${this.written}`);
    this.home.tunnel.finish(this.channel, this.#stage.agenda.now);
    this.home.touch();
  }

  #write(size: number): void {
    this.#stage.note(() => `${this.name} writes ${size} at ${this.written}`);
    const start = HEADROOM + this.#stage.chance.pick([0, 0, 0, 5, 30_000]);
    const buffer = Buffer.allocUnsafe(start + size);
    speech(this.#voice, this.written, size).copy(buffer, start);
    this.written += size;
    this.#blocked = !this.home.tunnel.write(this.channel, buffer, start, this.#stage.agenda.now);
    this.home.touch();
  }

  #send(size: number): void {
    const index = this.datagramsSent.length;
    const length = size % 1500;
    this.datagramsSent.push(length);
    const datagram = Buffer.alloc(4 + length);
    datagram.writeUInt32BE(index);
    speech(this.#voice, index, length).copy(datagram, 4);
    this.home.tunnel.send(this.channel, datagram, this.#stage.agenda.now);
    this.home.touch();
  }

  #handleDatagram(bytes: Buffer): void {
    const index = bytes.readUInt32BE(0);
    check(!this.datagramsReceived.has(index), () => `${this.name}: datagram ${index} came twice`);
    check(bytes.subarray(4).equals(speech(this.#peerVoice, index, bytes.length - 4)), () => `${this.name}: datagram ${index} is damaged`);
    this.datagramsReceived.add(index);
  }

  #readLater(): void {
    if (this.#untaken === 0 || this.#reading || !this.#connected) return;
    const { reads } = this.plan;
    const { healing, chance, agenda } = this.#stage;
    if (reads === 'eager') return this.#take(this.#untaken);
    if (reads === 'stalled' && !healing) return;
    this.#reading = true;
    agenda.after(chance.next() * 30, () => {
      this.#reading = false;
      this.#take(healing || chance.flip(0.3) ? this.#untaken : chance.size(1, this.#untaken));
      this.#readLater();
      this.home.touch();
    });
  }

  #take(units: number): void {
    if (this.dead || this.left !== undefined || (this.closed !== undefined && this.closed !== 'done')) return;
    this.#untaken -= units;
    this.home.tunnel.taken(this.channel, units, this.#stage.agenda.now);
    this.#checkWaiting();
  }

  /** Credit is counted from what was taken here; data that is on its way here in the same call has not been seen. */
  #checkWaiting(): void {
    const { listens, state } = this.channel;
    const { waiting } = this.channel.in;
    check(!listens || state === 'refused' || waiting >= this.#untaken, () => `${this.name}: ${this.#untaken} wait to be taken, the tunnel knows of ${waiting}`);
  }
}
