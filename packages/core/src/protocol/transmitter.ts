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

/** What leaves in one buffer. */
interface Batch {
  readonly carrier: Carrier;
  /** Whether it may have acknowledgements and what goes with the lead. */
  readonly isLead: boolean;
  readonly now: number;
  readonly parts: Buffer[];
  size: number;
}

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
    const batch: Batch = { carrier, isLead: isLead && carrier.state === 'alive', now, parts: [], size: 0 };
    this.#gatherControl(batch);
    if (carrier.state === 'alive') this.#gatherChannels(batch);
    return batch.parts.length <= 1 ? batch.parts[0] : Buffer.concat(batch.parts, batch.size);
  }

  #gatherControl(batch: Batch): void {
    const { carrier } = batch;
    for (let frame = carrier.peekControl(); frame !== undefined && batch.size < BATCH_BYTES; frame = carrier.peekControl()) {
      carrier.shiftControl();
      addTo(batch, frame);
    }
    if (!batch.isLead) return;
    for (let frame = this.#acks.next(); frame !== undefined; frame = this.#acks.next()) {
      addTo(batch, frame);
      if (batch.size >= BATCH_BYTES) break;
    }
  }

  #gatherChannels(batch: Batch): void {
    const { carrier, isLead } = batch;
    const isConfigured = carrier.slot < CONFIGURED_SLOTS;
    if (!isConfigured) this.#gatherTurns(carrier.turns, batch);
    if (isLead) this.#gatherTurns(this.#leadTurns, batch);
    if (this.#spread && (isConfigured || isLead)) this.#gatherTurns(this.#sharedTurns, batch);
  }

  #gatherTurns(turns: Turns, batch: Batch): void {
    const { now } = batch;
    for (let channel = turns.peek(); channel !== undefined && batch.size < BATCH_BYTES; channel = turns.peek()) {
      const frame = channel.peekFrame(now);
      const home = frame === undefined ? undefined : this.#turnsOf(channel);
      if (frame === undefined || home !== turns) {
        turns.shift();
        home?.add(channel, now);
        continue;
      }
      if (batch.size > 0 && batch.size + frame.length > BATCH_BYTES) break;
      turns.shift();
      channel.advance(frame, now);
      addTo(batch, frame);
      if (channel.datagrams !== undefined) gatherDatagrams(channel, batch);
      this.#requeue(channel, now);
    }
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

/** What else fits. One datagram a turn would be a sixtieth of what a stream gets beside it. */
function gatherDatagrams(channel: Channel, batch: Batch): void {
  for (let frame = channel.peekFrame(batch.now); frame !== undefined && !channel.controlNext; frame = channel.peekFrame(batch.now)) {
    if (batch.size + frame.length > BATCH_BYTES) return;
    channel.advance(frame, batch.now);
    addTo(batch, frame);
  }
}

function addTo(batch: Batch, frame: Buffer): void {
  batch.parts.push(frame);
  batch.size += frame.length;
}
