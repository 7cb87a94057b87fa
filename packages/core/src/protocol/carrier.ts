/**
 * One carrier as its tunnel sees it: frames in, control frames out, signs of life. No TLS, no socket.
 * Specification: docs/spec.md, "Carriers".
 */
import { Arriving } from './arriving.js';
import { ProtocolError } from './error.js';
import { decodeNumbers, encodeFrame, encodeNumbers, FrameReader, type Frame } from './frame.js';
import { ANSWER_QUEUE_BYTES } from './limits.js';
import { MESSAGES } from './messages.js';
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
  /** Who uses this end, for PROPERTY_EXCHANGE; the same for all carriers of an association. */
  readonly login?: { readonly user: string; readonly proof: string };
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

/** Pings that went out without any byte from the peer, and a carrier counts as dead when the next is due. */
const MISSED_PINGS = 3;
/** What a TLS record carries at most. */
const RECORD_BYTES = 16_384;
/** Of the measured round trip: so long an unanswered ping is waited for at least, however short `pingMs` is. */
const PATIENCE = 2;

export class Carrier {
  readonly facts: CarrierFacts;
  readonly reader = new FrameReader('carrier');
  readonly arriving = new Arriving();
  readonly since: number;
  /** Turns of the channels that have this carrier for themselves. */
  readonly turns = new Turns();
  state: CarrierState = 'secured';
  /** Smoothed round trip of PING, ms; undefined before the first. */
  rttMs: number | undefined;
  /** When the newest PING that was answered was asked: the peer has read all that was sent before. */
  answeredAt = -Infinity;
  bytesIn = 0;
  /** TLS records in each direction, as near as can be told from here. */
  recordsIn = 0;
  recordsOut = 0;
  /** When the end that replaces carriers looks at this one's age next. */
  replaceAt = Infinity;
  #control = new Queue<Buffer>();
  /** Of those, what only answers the peer. */
  #answerBytes = 0;
  /** When the last PING went out, or the first is due. */
  #pingedAt: number;
  #pings = 0;
  /** PINGs since the last byte from the peer. */
  #missed = 0;

  constructor(facts: CarrierFacts, now: number) {
    this.facts = facts;
    this.since = now;
    this.#pingedAt = now;
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
    if (this.#pings === 0) return this.#pingedAt;
    return this.#pingedAt + (this.#missed === 0 ? this.facts.pingMs : this.#answerMs);
  }

  /**
   * How long an unanswered PING is waited for: half of `pingMs`, so that a dead peer is found soon, but not less than the line
   * needs. Before the first round trip was measured nothing is known of the line.
   */
  get #answerMs(): number {
    const { pingMs } = this.facts;
    return this.rttMs === undefined ? pingMs : Math.max(pingMs / 2, PATIENCE * this.rttMs);
  }

  /** Queues a control frame; it goes before any data. */
  send(frame: Buffer): void {
    this.#control.push(frame);
  }

  /** Queues the answer to something that the peer asked for. */
  answer(name: 'PONG' | 'SERVICE_FREE_RESPONSE', channel: number, payload?: Buffer): void {
    const frame = encodeFrame(name, channel, payload);
    this.#control.push(frame);
    this.#answerBytes += frame.length;
    if (this.#answerBytes > ANSWER_QUEUE_BYTES) throw new ProtocolError('LIMIT', 'the peer asks for answers and does not read them');
  }

  /** Everything that waits, and `last`, in one buffer: what is written before the carrier is closed. */
  farewell(last: Buffer): Buffer {
    const parts: Buffer[] = [];
    for (let frame = this.#control.shift(); frame !== undefined; frame = this.#control.shift()) parts.push(frame);
    this.#answerBytes = 0;
    return Buffer.concat([...parts, last]);
  }

  peekControl(): Buffer | undefined {
    return this.#control.peek();
  }

  shiftControl(): void {
    const frame = this.#control.shift();
    if (frame !== undefined && isAnswer(frame)) this.#answerBytes -= frame.length;
  }

  /** Any byte is a sign of life. */
  heard(bytes: number): void {
    this.bytesIn += bytes;
    this.recordsIn += Math.ceil(bytes / RECORD_BYTES);
    this.#missed = 0;
  }

  /** So much is written, in one piece. */
  told(bytes: number): void {
    this.recordsOut += Math.ceil(bytes / RECORD_BYTES);
  }

  handlePing({ payload }: Frame): void {
    decodeNumbers('PING', payload);
    this.answer('PONG', 0, payload);
  }

  /** The stamp is our clock in microseconds. */
  handlePong({ payload }: Frame, now: number): void {
    const [stamp] = decodeNumbers('PONG', payload) as [number];
    const sample = now - stamp / 1000;
    if (sample >= 0) this.answeredAt = Math.max(this.answeredAt, stamp / 1000);
    if (sample < 0 || sample > MISSED_PINGS * this.facts.pingMs) return;
    this.rttMs = this.rttMs === undefined ? sample : this.rttMs + (sample - this.rttMs) / 8;
  }

  /**
   * Sends PING when one is due; true when the peer was silent for too long. Counts pings rather than time, and none for which
   * it was woken much too late: when this process stood still, what the peer sent meanwhile is still to be read.
   */
  handleTimeout(now: number): boolean {
    const lateMs = now - this.deadline;
    if (lateMs < 0) return false;
    const hasStalled = this.#pings > 0 && lateMs > this.facts.pingMs / 2;
    if (this.#missed >= MISSED_PINGS && !hasStalled) return true;
    if (!hasStalled || this.#missed === 0) this.#missed += 1;
    this.#pings += 1;
    this.#pingedAt = now;
    this.send(encodeNumbers('PING', 0, Math.floor(now * 1000)));
    return false;
  }
}

function isAnswer(frame: Buffer): boolean {
  return frame[0] === MESSAGES.PONG.type || frame[0] === MESSAGES.SERVICE_FREE_RESPONSE.type;
}

/** Whether rank `a` is greater than rank `b`, member by member. */
export function isGreater(a: readonly number[], b: readonly number[]): boolean {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index >= 0 && (a[index] as number) > (b[index] ?? 0);
}
