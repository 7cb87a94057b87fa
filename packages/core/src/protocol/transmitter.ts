/**
 * What goes out on which carrier, in which order: control of the carrier, acknowledgements (on the lead), then channels
 * by turns. Small frames leave together in one buffer, so that they make one TLS record and one system call.
 */
import type { Acks } from './acks.js';
import type { Carrier } from './carrier.js';
import type { Channel } from './channel.js';
import { CONFIGURED_SLOTS } from './limits.js';
import { Turns } from './turns.js';

/** Small frames are gathered up to one full TLS record. */
const BATCH_BYTES = 16_384;

export class Transmitter {
  readonly #acks: Acks;
  readonly #spread: boolean;
  readonly #leadTurns = new Turns();
  /** Data that may go over any configured carrier. */
  readonly #sharedTurns = new Turns();
  readonly #own = new Map<number, Carrier>();
  #advanced: Channel[] = [];

  constructor(acks: Acks, spread: boolean) {
    this.#acks = acks;
    this.#spread = spread;
  }

  carrierAlive(carrier: Carrier): void {
    if (carrier.slot >= CONFIGURED_SLOTS) this.#own.set(carrier.slot, carrier);
  }

  carrierLost(carrier: Carrier): void {
    if (this.#own.get(carrier.slot) === carrier) this.#own.delete(carrier.slot);
    carrier.turns.drain();
  }

  /** Empties every queue: channels are about to be rewound and queued again in the order of their ids. */
  clear(): void {
    this.#leadTurns.drain();
    this.#sharedTurns.drain();
    for (const carrier of this.#own.values()) carrier.turns.drain();
  }

  /** The association is over. */
  reset(): void {
    this.clear();
    this.#own.clear();
    this.#advanced = [];
  }

  /** Queues a channel that has something to send, where it belongs. */
  schedule(channel: Channel, now: number): void {
    if (channel.turns !== undefined || channel.peekFrame(now) === undefined) return;
    this.#turnsOf(channel)?.add(channel, now);
  }

  /** The channels that were sent from since the last call: they may have more, or room for more. */
  takeAdvanced(): Channel[] {
    const advanced = this.#advanced;
    if (advanced.length > 0) this.#advanced = [];
    return advanced;
  }

  /** The next bytes for `carrier`. */
  next(carrier: Carrier, isLead: boolean, now: number): Buffer | undefined {
    const parts: Buffer[] = [];
    let size = 0;
    const alive = carrier.state === 'alive';
    size = this.#gatherControl(carrier, parts, alive && isLead);
    if (alive && size < BATCH_BYTES) {
      for (const turns of this.#sources(carrier, isLead)) size = this.#gatherTurns(turns, { parts, size, now });
    }
    if (parts.length <= 1) return parts[0];
    return Buffer.concat(parts, size);
  }

  #gatherControl(carrier: Carrier, parts: Buffer[], withAcks: boolean): number {
    let size = 0;
    for (let frame = carrier.peekControl(); frame !== undefined && size < BATCH_BYTES; frame = carrier.peekControl()) {
      carrier.shiftControl();
      parts.push(frame);
      size += frame.length;
    }
    if (!withAcks) return size;
    for (let frame = this.#acks.next(); frame !== undefined; frame = this.#acks.next()) {
      parts.push(frame);
      size += frame.length;
      if (size >= BATCH_BYTES) break;
    }
    return size;
  }

  #sources(carrier: Carrier, isLead: boolean): Turns[] {
    const sources = carrier.slot >= CONFIGURED_SLOTS ? [carrier.turns] : [];
    if (isLead) sources.push(this.#leadTurns);
    if (this.#spread && (carrier.slot < CONFIGURED_SLOTS || isLead)) sources.push(this.#sharedTurns);
    return sources;
  }

  #gatherTurns(turns: Turns, batch: { parts: Buffer[]; size: number; now: number }): number {
    const { parts, now } = batch;
    let { size } = batch;
    for (let channel = turns.peek(); channel !== undefined && size < BATCH_BYTES; channel = turns.peek()) {
      const frame = channel.peekFrame(now);
      const home = frame === undefined ? undefined : this.#turnsOf(channel);
      if (frame === undefined || home !== turns) {
        turns.shift();
        home?.add(channel, now);
        continue;
      }
      if (parts.length > 0 && size + frame.length > BATCH_BYTES) break;
      turns.shift();
      channel.advance(frame, now);
      parts.push(frame);
      size += frame.length;
      this.#requeue(channel, now);
    }
    return size;
  }

  /** Back to the end of its queue; the tunnel hears of it in takeAdvanced(). */
  #requeue(channel: Channel, now: number): void {
    this.#advanced.push(channel);
    this.schedule(channel, now);
  }

  /** Where the next frame of a channel belongs; undefined while it waits for its own carrier. */
  #turnsOf(channel: Channel): Turns | undefined {
    if (channel.controlNext) return this.#leadTurns;
    if (channel.ownSlot !== undefined) return this.#own.get(channel.ownSlot)?.turns;
    return this.#spread && channel.state === 'open' ? this.#sharedTurns : this.#leadTurns;
  }
}
