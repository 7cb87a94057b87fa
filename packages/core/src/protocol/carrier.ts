/**
 * One carrier as its tunnel sees it: frames in, control frames out, signs of life. No TLS, no socket.
 * Specification: docs/spec.md, "Carriers".
 */
import type { Arriving } from './channel.js';
import { ProtocolError } from './error.js';
import { decodeNumbers, encodeNumbers, FrameReader, type Frame } from './frame.js';
import { CONTROL_QUEUE_BYTES } from './limits.js';
import { Queue } from './queue.js';
import { Turns } from './turns.js';

/** What the end knows of a carrier when TLS is up and the set-up was compared (carrier-setup.ts). */
export interface CarrierFacts {
  /** First 16 bytes of T, base64url. */
  readonly id: string;
  readonly slot: number;
  /** Ours, as our COMMONUNIQUE_INFO said. */
  readonly instance: string;
  /** The peer's, from its COMMONUNIQUE_INFO, which TLS has confirmed. */
  readonly peerInstance: string;
  readonly peerEpoch: number;
  /** The greater pingMs of both sides. */
  readonly pingMs: number;
  /** (epoch left, epoch right, attempt left, attempt right): of two carriers for one slot the greater stays. */
  readonly rank: readonly number[];
  /** Our proof for PROPERTY_EXCHANGE, base64url. */
  readonly proof: string;
  /** Compares the peer's proof in constant time. */
  checkProof(proof: string): boolean;
}

/**
 * secured    TLS is up, PROPERTY_EXCHANGE was not sent
 * offered    PROPERTY_EXCHANGE sent, the peer's awaited (or the other way round)
 * listing    both exchanged; lists of held channels under way
 * alive      carries channels
 * closed     gone
 */
export type CarrierState = 'secured' | 'offered' | 'listing' | 'alive' | 'closed';

/** Pings without any byte from the peer before a carrier counts as dead. */
const MISSED_PINGS = 3;

export class Carrier {
  readonly facts: CarrierFacts;
  readonly reader = new FrameReader('carrier');
  readonly arriving: Arriving = { position: 0, datagram: [] };
  readonly since: number;
  /** Turns of the channels that have this carrier for themselves. */
  readonly turns = new Turns();
  state: CarrierState = 'secured';
  /** Smoothed round trip of PING, ms; undefined before the first. */
  rttMs: number | undefined;
  bytesIn = 0;
  #control = new Queue<Buffer>();
  #controlBytes = 0;
  #heardAt: number;
  #pingAt: number;

  constructor(facts: CarrierFacts, now: number) {
    this.facts = facts;
    this.since = now;
    this.#heardAt = now;
    this.#pingAt = now;
  }

  get id(): string {
    return this.facts.id;
  }

  get slot(): number {
    return this.facts.slot;
  }

  get hasControl(): boolean {
    return this.#control.length > 0;
  }

  /** When handleTimeout() is due. */
  get deadline(): number {
    return Math.min(this.#pingAt, this.#deadAt);
  }

  /** Queues a control frame; it goes before any data. */
  send(frame: Buffer): void {
    this.#control.push(frame);
    this.#controlBytes += frame.length;
  }

  /** Throws when what the peer asked for piles up because it does not read. */
  checkControl(): void {
    if (this.#controlBytes > CONTROL_QUEUE_BYTES) throw new ProtocolError('LIMIT', 'the peer asks for answers and does not read them');
  }

  /** Everything that waits, and `last`, in one buffer: what is written before the carrier is closed. */
  farewell(last: Buffer): Buffer {
    const parts: Buffer[] = [];
    for (let frame = this.#control.shift(); frame !== undefined; frame = this.#control.shift()) parts.push(frame);
    this.#controlBytes = 0;
    return Buffer.concat([...parts, last]);
  }

  peekControl(): Buffer | undefined {
    return this.#control.peek();
  }

  shiftControl(): void {
    this.#controlBytes -= this.#control.shift()?.length ?? 0;
  }

  /** Any byte is a sign of life. */
  heard(bytes: number, now: number): void {
    this.bytesIn += bytes;
    this.#heardAt = now;
  }

  handlePing({ payload }: Frame): void {
    const [stamp] = decodeNumbers('PING', payload) as [number];
    this.send(encodeNumbers('PONG', 0, stamp));
  }

  /** The stamp is our clock in microseconds. */
  handlePong({ payload }: Frame, now: number): void {
    const [stamp] = decodeNumbers('PONG', payload) as [number];
    const sample = now - stamp / 1000;
    if (sample < 0 || sample > MISSED_PINGS * this.facts.pingMs) return;
    this.rttMs = this.rttMs === undefined ? sample : this.rttMs + (sample - this.rttMs) / 8;
  }

  /** Sends PING when one is due; true when the peer was silent for too long. */
  handleTimeout(now: number): boolean {
    if (now >= this.#deadAt) return true;
    if (now >= this.#pingAt) {
      this.#pingAt = now + this.facts.pingMs;
      this.send(encodeNumbers('PING', 0, Math.floor(now * 1000)));
    }
    return false;
  }

  get #deadAt(): number {
    return this.#heardAt + MISSED_PINGS * this.facts.pingMs;
  }
}
