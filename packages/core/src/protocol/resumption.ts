/**
 * What channels do when carriers come and go: on a new carrier both ends say how far every held channel has come and go
 * on from there; when one of several is lost they say so on the lead, and send again what is not known to have arrived.
 * Specification: docs/spec.md, "Resume on a new carrier" and "Several carriers".
 */
import type { Carrier } from './carrier.js';
import type { CarrierSet, CarrierSetHost } from './carrier-set.js';
import type { Channel } from './channel.js';
import { freeRequest, type ChannelSet } from './channel-set.js';
import { ProtocolError, type ChannelCode } from './error.js';
import type { Exchange, Properties } from './exchange.js';
import { encodeNumbers } from './frame.js';
import { CONFIGURED_SLOTS } from './limits.js';

export class Resumption implements CarrierSetHost {
  readonly #channels: ChannelSet;
  readonly #carriers: CarrierSet;

  constructor(channels: ChannelSet, carriers: CarrierSet) {
    this.#channels = channels;
    this.#carriers = carriers;
  }

  get initialWindow(): number {
    return this.#channels.initialWindow;
  }

  usesSlot(slot: number): boolean {
    return this.#channels.own.at(slot) !== undefined;
  }

  /** Channels that were opened before anything was known of the peer may be too many for it. */
  associated({ initialWindow, maxChannels }: Properties): void {
    let allowed = maxChannels;
    for (const channel of [...this.#channels.table.values()]) {
      channel.out.grant(initialWindow);
      allowed -= 1;
      if (allowed < 0) this.#channels.end(channel, 'limit', `the other end allows ${maxChannels} channels`);
    }
  }

  dissociated(code: ChannelCode, message: string): void {
    this.#channels.dropAll(code, message);
  }

  /** What is taken from now on is news again. */
  list(carrier: Carrier): void {
    const { table, acks } = this.#channels;
    acks.clear();
    for (const channel of table.values()) {
      const { received, limit } = channel.in.restate();
      carrier.send(encodeNumbers('SERVICE_DATA_RESUME', channel.id, received, limit));
    }
    carrier.send(encodeNumbers('SERVICE_DATA_RESUME', 0, table.size, 0));
  }

  /** Both lists are known: every held channel goes on from what the peer has. */
  resume({ carrier, listed }: Exchange): void {
    const { table, transmitter } = this.#channels;
    transmitter.clear();
    for (const channel of [...table.values()]) {
      const entry = listed.get(channel.id);
      channel.sweeps = 0;
      if (entry === undefined) this.#resumeUnlisted(channel);
      else if (channel.state !== 'freeing') this.#resumeFrom(channel, entry);
      // Also where the list showed that it is done: there is no lead yet that could have taken the request.
      if (channel.state === 'freeing') carrier.send(freeRequest(channel));
    }
    for (const [id, { received }] of listed) {
      if (received > 0 && table.lookup(id) === undefined) carrier.answer('SERVICE_FREE_RESPONSE', id);
    }
  }

  carrierAlive(carrier: Carrier): void {
    this.#channels.transmitter.carrierAlive(carrier);
    const channel = this.#channels.own.at(carrier.slot);
    if (channel !== undefined && this.#channels.own.stopWaiting(channel)) this.#channels.grant(channel);
    this.#channels.scheduleAll();
  }

  /** A channel whose own carrier is gone goes with the lead, also one that waits for it to be granted; one that we asked for may still get another. */
  carrierGone(carrier: Carrier, state: Carrier['state']): void {
    if (state === 'alive') this.#channels.transmitter.carrierLost(carrier);
    const channel = carrier.slot < CONFIGURED_SLOTS ? undefined : this.#channels.own.at(carrier.slot);
    if (channel === undefined || this.#carriers.hasSlot(carrier.slot)) return;
    const waited = this.#channels.own.stopWaiting(channel);
    if (state === 'alive' || channel.state !== 'requested' || waited) this.#channels.shareLead(channel);
    else if (channel.opener) this.#channels.wantAgain(channel);
    if (waited) this.#channels.grant(channel);
  }

  restate(lost: Carrier | undefined): void {
    const { table, transmitter } = this.#channels;
    transmitter.clear();
    for (const channel of table.values()) {
      if (lost === undefined || lost.slot < CONFIGURED_SLOTS || channel.request.slot === lost.slot) this.#restateOne(channel);
    }
    this.#channels.scheduleAll();
  }

  #restateOne(channel: Channel): void {
    channel.sweeps = 0;
    if (channel.state === 'freeing') return this.#channels.sendOnLead(freeRequest(channel));
    channel.out.rewind();
    // Of a channel of ours from which nothing came the peer may not know: its request is sent again, after this.
    if (channel.opener && channel.in.received === 0) return;
    if (channel.in.paused) this.#channels.sendOnLead(encodeNumbers('SERVICE_DATA_PAUSE', channel.id, channel.in.limit));
    this.#channels.acks.now(channel);
  }

  #resumeFrom(channel: Channel, { received, limit }: { received: number; limit: number }): void {
    const { acknowledged } = channel.out;
    if (received < acknowledged) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME of channel ${channel.id}: ${received}, but ${acknowledged} was acknowledged before`);
    channel.out.rewind();
    this.#channels.handleAcknowledged(channel, received, limit);
  }

  /** What the peer does not hold: it has released it, or never heard of it. */
  #resumeUnlisted(channel: Channel): void {
    if (channel.state === 'freeing') return this.#channels.release(channel, channel.reason ?? 'done');
    if (!channel.opener || channel.out.acknowledged > 0 || channel.in.received > 0) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME: channel ${channel.id} is missing in the list`);
    channel.out.rewind();
  }
}
