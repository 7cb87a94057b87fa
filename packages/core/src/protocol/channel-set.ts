/**
 * The channels of one tunnel from their making to the release of their ids, and what they hold together: the ledger of
 * retained units, the pool's loans, the queues of what is to be sent.
 *
 * Frames come in through channel-frames.ts, carriers through resumption.ts, what the local side wants through
 * tunnel.ts; what all three do to a channel is here. Specification: docs/spec.md, "Channels", "Ids and release".
 */
import { Acks } from './acks.js';
import type { Carrier } from './carrier.js';
import type { CarrierSet } from './carrier-set.js';
import { Channel, type ChannelRequestBody } from './channel.js';
import { ChannelTable } from './channel-table.js';
import { ProtocolError, type ChannelCode } from './error.js';
import { encodeJson, encodeNumbers } from './frame.js';
import { ACK_TIMEOUT_MS, CONFIGURED_SLOTS, MAX_INITIAL_WINDOW, MESSAGE_CHARACTERS, MIN_WINDOW, OWN_CARRIER_TIMEOUT_MS, UNANSWERED_FREES, UNREAD_MS } from './limits.js';
import type { Ledger } from './outgoing.js';
import { OwnCarriers } from './own-carriers.js';
import { printable } from './shape.js';
import { Transmitter } from './transmitter.js';
import type { TunnelContext } from './tunnel-context.js';

/** How often channels are looked at for missing answers. */
const SWEEP_MS = 5000;

export class ChannelSet {
  readonly table: ChannelTable;
  readonly acks = new Acks();
  readonly transmitter: Transmitter;
  readonly own: OwnCarriers;
  readonly ledger: Ledger;
  /** Frames for channels that had just ended; normal after a reset. */
  dropped = 0;
  readonly #context: TunnelContext;
  readonly #carriers: CarrierSet;
  /** Channels whose user waits for `writable`. */
  readonly #congested = new Set<Channel>();
  /** Channels that count against what each end allows: ours until released, the peer's until freed. */
  #ownOpen = 0;
  #peerOpen = 0;
  /** The peer's channels that were freed here and not answered. */
  #unanswered = 0;
  #sweepAt = 0;
  /** When the last sweep was that counted. */
  #sweptAt = 0;

  constructor(context: TunnelContext, carriers: CarrierSet) {
    this.#context = context;
    this.#carriers = carriers;
    this.table = new ChannelTable(context.options.side === 'left' ? 'master' : 'other');
    this.own = new OwnCarriers(context.options.side);
    this.transmitter = new Transmitter(this.acks, context.options.spread);
    const { reclaim } = context.options;
    this.ledger = { retained: 0, stashed: 0, ...(reclaim === undefined ? {} : { reclaim }) };
  }

  /** What limits the opener at the beginning of every channel of this association. */
  get initialWindow(): number {
    const { poolShare, maxChannels } = this.#context.options;
    return Math.max(MIN_WINDOW, Math.min(MAX_INITIAL_WINDOW, Math.floor(poolShare / maxChannels)));
  }

  get ownOpen(): number {
    return this.#ownOpen;
  }

  get peerOpen(): number {
    return this.#peerOpen;
  }

  /** When handleTimeout() is due; Infinity for never. */
  get deadline(): number {
    const sweepAt = this.table.size > 0 && this.#carriers.lead !== undefined ? this.#sweepAt : Infinity;
    return Math.min(this.acks.deadline, this.own.deadline, sweepAt);
  }

  handleTimeout(): void {
    for (const channel of this.acks.overdue(this.#context.now)) this.#goOn(channel);
    for (const channel of this.own.overdue(this.#context.now)) this.refuse(channel, 'no-carrier', 'the additional carrier did not come up in time');
    if (this.#context.now >= this.#sweepAt) this.#sweep();
  }

  // --- making and ending

  create(options: { id: number; opener: boolean; request: ChannelRequestBody; sendLimit: number }): Channel {
    const { id, opener, request, sendLimit } = options;
    const channel = new Channel({ id, opener, request, sendLimit, pool: this.#context.options.pool, ledger: this.ledger, receiveWindow: this.initialWindow, now: this.#context.now });
    this.table.add(channel);
    this.own.add(channel);
    if (channel.opener) this.#ownOpen += 1;
    else this.#peerOpen += 1;
    return channel;
  }

  /** Both directions are at their end: the opener releases the id. */
  settle(channel: Channel): void {
    if (!channel.opener || !channel.finished) return;
    this.#context.emit({ type: 'closed', channel, reason: 'done', message: '' });
    this.free(channel, 'done', '');
  }

  /** Ends a channel: its user hears why, the peer is asked to release the id. */
  end(channel: Channel, reason: ChannelCode, message: string): void {
    this.#context.emit({ type: 'closed', channel, reason, message });
    this.free(channel, reason, message);
  }

  /** Forgets what the channel holds and sends SERVICE_FREE_REQUEST. One that the peer never heard of is just released. */
  free(channel: Channel, reason: ChannelCode, message: string): void {
    if (channel.opener && channel.out.sent === 0) return this.release(channel, reason);
    if (!channel.opener) this.#peerOpen -= 1;
    if (!channel.opener) this.#unanswered += 1;
    channel.state = 'freeing';
    channel.message = message;
    channel.sweeps = 0;
    channel.reason = reason;
    this.sendOnLead(freeRequest(channel));
    this.#letGo(channel, reason);
    this.#checkAnswers();
  }

  /** Both ends have let go: the id is free. */
  release(channel: Channel, reason: ChannelCode): void {
    const { state } = channel;
    this.table.release(channel);
    if (channel.opener) this.#ownOpen -= 1;
    else if (state === 'freeing') this.#unanswered -= 1;
    else this.#peerOpen -= 1;
    channel.state = 'released';
    if (state !== 'freeing') this.#letGo(channel, reason);
  }

  /** The association is over. Channels of ours that the peer cannot have heard of belong to the next one. */
  dropAll(reason: ChannelCode, message: string): void {
    this.transmitter.reset();
    this.acks.clear();
    let ended = 0;
    for (const channel of this.table.clear()) {
      const isKnown = channel.state === 'freeing';
      if (!isKnown) this.#letGo(channel, reason);
      channel.state = 'released';
      if (isKnown) continue;
      ended += 1;
      this.#context.emit({ type: 'closed', channel, reason, message });
    }
    this.#context.emit({ type: 'dissociated', reason, message, ended });
    for (const channel of this.table.values()) channel.out.ungrant();
    this.#ownOpen = this.table.size;
    this.#peerOpen = 0;
    this.#unanswered = 0;
  }

  /** The acting end grants a requested channel. What it says of that waits for what becomes of the connection, but not for long. */
  grant(channel: Channel): void {
    const begins = channel.accept();
    if (begins) this.#context.emit({ type: 'begin', channel });
    if (begins && channel.ownSlot === undefined) this.acks.later(channel, this.#context.now);
    else this.schedule(channel);
  }

  /** The acting end refuses a requested or granted channel. */
  refuse(channel: Channel, code: ChannelCode, message: string): void {
    this.own.stopWaiting(channel);
    channel.refuse(code, message);
    this.schedule(channel);
  }

  /** The carrier of an own channel of ours is lost before it was alive, and with it the wish for one: there may be time for another. */
  wantAgain({ ownSlot: slot, openedAt }: Channel): void {
    const until = openedAt + OWN_CARRIER_TIMEOUT_MS;
    if (slot !== undefined && until > this.#context.now) this.#context.emit({ type: 'slot-wanted', slot, until });
  }

  /** An own channel goes with the lead from now on. */
  shareLead(channel: Channel): void {
    const slot = this.own.remove(channel);
    if (slot !== undefined) this.#context.emit({ type: 'slot-unwanted', slot });
    this.schedule(channel);
  }

  // --- sending

  sendOnLead(frame: Buffer): void {
    this.#carriers.lead?.send(frame);
  }

  schedule(channel: Channel): void {
    this.transmitter.schedule(channel, this.#context.now);
  }

  scheduleAll(): void {
    for (const channel of this.table.values()) this.schedule(channel);
  }

  /** The next bytes for `carrier`. */
  transmit(carrier: Carrier): Buffer | undefined {
    const batch = this.transmitter.next(carrier, this.#carriers.lead === carrier, this.#context.now);
    for (const channel of this.transmitter.takeAdvanced()) this.#relieve(channel);
    return batch;
  }

  /** The user of `channel` wrote. False: it is to wait for `writable`. */
  checkCongestion(channel: Channel): boolean {
    if (!this.#isCongested(channel)) return true;
    this.#congested.add(channel);
    return false;
  }

  // --- acknowledgements

  /** Something arrived on `channel`, or was taken from it. */
  acknowledgeArrival(channel: Channel): void {
    if (!channel.listens) return;
    if (channel.in.newsworthy) this.acks.now(channel);
    else if (channel.in.unacknowledged) this.acks.later(channel, this.#context.now);
    if (channel.in.pauseUnderPressure()) this.sendOnLead(encodeNumbers('SERVICE_DATA_PAUSE', channel.id, channel.in.limit));
  }

  /** END has arrived. The opener says so with SERVICE_FREE_REQUEST or its own END, the acting end with its END; who has sent that, now. */
  acknowledgeEnd(channel: Channel): void {
    if (!channel.opener && !channel.writableSide) this.acks.now(channel);
  }

  /** The local side has ended: what has arrived is acknowledged in the same breath. */
  finish(channel: Channel): void {
    channel.pushEnd();
    if (channel.in.unacknowledged) this.acks.now(channel);
    this.schedule(channel);
  }

  /** What waited for company goes out alone. */
  #goOn(channel: Channel): void {
    if (channel.in.unacknowledged) this.acks.now(channel);
    this.schedule(channel);
  }

  /** What the peer said of `channel` with SERVICE_DATA_RESUME. */
  handleAcknowledged(channel: Channel, received: number, limit: number): void {
    const wasFull = this.#isLedgerFull();
    if (channel.out.acknowledge(received) > 0) channel.sweeps = 0;
    channel.out.grant(limit);
    this.schedule(channel);
    this.#relieve(channel);
    if (wasFull) this.#relieveAll();
    this.settle(channel);
  }

  /** What a freed or released channel held is given back. */
  #letGo(channel: Channel, reason: ChannelCode): void {
    const wasFull = this.#isLedgerFull();
    channel.reason = reason;
    channel.clear(reason);
    this.#congested.delete(channel);
    this.#closeOwn(channel);
    if (wasFull) this.#relieveAll();
  }

  /** The carrier of an own channel goes with it, unless it leads. */
  #closeOwn(channel: Channel): void {
    const { slot } = channel.request;
    this.own.remove(channel);
    if (slot === undefined || slot < CONFIGURED_SLOTS || this.own.at(slot) !== undefined) return;
    this.#context.emit({ type: 'slot-unwanted', slot });
    const carrier = this.#carriers.livingAt(slot);
    if (carrier !== undefined && carrier !== this.#carriers.lead) this.#carriers.fail(carrier, 'SHUTTING_DOWN', 'its channel is at its end');
  }

  /** A peer that does not answer SERVICE_FREE_REQUEST and goes on opening would fill this process. */
  #checkAnswers(): void {
    const { lead } = this.#carriers;
    if (lead === undefined || this.#unanswered <= this.#context.options.maxChannels + UNANSWERED_FREES) return;
    this.#carriers.handleViolation(lead, new ProtocolError('LIMIT', `${this.#unanswered} SERVICE_FREE_REQUESTs are not answered`));
  }

  // --- congestion

  #isLedgerFull(): boolean {
    return this.ledger.retained >= this.#context.options.retainBytes;
  }

  /** Every channel may hold MIN_WINDOW, however much the others hold: else a few stalled readers would stop them all. */
  #isCongested({ out }: Channel): boolean {
    return out.unsent >= this.#context.options.unsentBytes || (this.#isLedgerFull() && out.retained >= MIN_WINDOW);
  }

  #relieve(channel: Channel): void {
    if (this.#congested.size === 0 || !this.#congested.has(channel) || this.#isCongested(channel)) return;
    this.#congested.delete(channel);
    this.#context.emit({ type: 'writable', channel });
  }

  #relieveAll(): void {
    if (this.#isLedgerFull()) return;
    for (const channel of this.#congested) this.#relieve(channel);
  }

  /**
   * An answer outstanding on a living carrier for long: the peer does not keep the protocol. Counts sweeps, not time: this process
   * may have stood still. And only those since the last of which the peer has read all that was sent then, as its PONGs show: what
   * is still on its way, on a slow line with room for much, cannot be answered.
   */
  #sweep(): void {
    const { now } = this.#context;
    this.#sweepAt = now + SWEEP_MS;
    const { lead } = this.#carriers;
    const readAt = Math.min(...this.#carriers.living().map(({ answeredAt }) => answeredAt));
    if (lead === undefined || (readAt < this.#sweptAt && now - this.#sweptAt < UNREAD_MS)) return;
    this.#sweptAt = now;
    for (const channel of this.table.values()) {
      channel.sweeps = channel.state === 'freeing' || channel.out.awaitsAnswer ? channel.sweeps + 1 : 0;
      if (channel.sweeps * SWEEP_MS <= ACK_TIMEOUT_MS) continue;
      return this.#carriers.handleViolation(lead, new ProtocolError('TIMEOUT', `channel ${channel.id}: no answer for ${ACK_TIMEOUT_MS / 1000} s`));
    }
  }
}

/** SERVICE_FREE_REQUEST of a channel that is freeing. */
export function freeRequest({ id, reason = 'reset', message }: Channel): Buffer {
  return encodeJson('SERVICE_FREE_REQUEST', id, message ? { reason, message: printable(message, MESSAGE_CHARACTERS) } : { reason });
}
