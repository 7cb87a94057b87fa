/**
 * The state of one tunnel at one end, with no I/O in it.
 *
 * Bytes, time and commands go in; bytes, events and one deadline come out. It opens no socket, starts no timer and
 * reads no clock, so a test drives two of them against each other through arrays (test/protocol/tunnel-pair.ts), and
 * the end package drives one against TLS sockets.
 *
 *   addCarrier(), handleBytes(), handleLost(), handleTimeout()      what the network and the clock did
 *   open(), accept(), begin(), refuse(), write(), finish(), reset(), taken(), shutdown()   what the local side wants
 *   pollTransmit(), takeEvents(), deadline                          what to do about it
 *
 * After each call of the first two groups: take the events, poll every carrier that can take bytes, set one timer.
 * `now` is in milliseconds, may have fractions, and never goes back.
 * Specification: docs/spec.md, "Associations" to "Several carriers".
 */
import { Acks } from './acks.js';
import { Carrier, type CarrierFacts } from './carrier.js';
import { Channel, type ChannelHost, type ChannelRequestBody } from './channel.js';
import { ChannelTable } from './channel-table.js';
import { ProtocolError, type ChannelCode, type WireCode } from './error.js';
import { Exchange, type Properties } from './exchange.js';
import { decodeJson, decodeNumbers, decodePositioned, encodeFrame, encodeJson, encodeNumbers, type Frame } from './frame.js';
import { ACK_TIMEOUT_MS, CONFIGURED_SLOTS, MAX_CARRIERS, MAX_INITIAL_WINDOW, MIN_WINDOW, OWN_CARRIER_TIMEOUT_MS } from './limits.js';
import type { Side } from './messages.js';
import { isCurrent, type TunnelOptions } from './tunnel-options.js';
import type { Ledger } from './outgoing.js';
import type { TunnelEvent } from './tunnel-event.js';
import { Transmitter } from './transmitter.js';

/** How often channels are looked at for missing acknowledgements. */
const SWEEP_MS = 5000;

interface Association {
  readonly peerInstance: string;
  readonly peerEpoch: number;
  readonly peer: Properties;
}

export class Tunnel implements ChannelHost {
  readonly #options: TunnelOptions;
  readonly #table: ChannelTable;
  readonly #carriers = new Map<string, Carrier>();
  readonly #acks = new Acks();
  readonly #transmitter: Transmitter;
  readonly #ledger: Ledger;
  /** Own-carrier channels at the acting end that wait for their carrier before they are granted. */
  readonly #awaitingSlot = new Map<Channel, number>();
  #events: TunnelEvent[] = [];
  #instance: string;
  #association: Association | undefined;
  #carriersSeen = 0;
  #lead: Carrier | undefined;
  #exchange: Exchange | undefined;
  /** Carriers whose exchange has not begun; with the peer's PROPERTY_EXCHANGE if it came first. */
  readonly #queued: { carrier: Carrier; properties?: Properties }[] = [];
  /** A living carrier was lost and the peer has not been told where we stand. */
  #restateDue = false;
  #interruptedAt: number | undefined;
  #sweepAt = SWEEP_MS;
  #shutdownAt: number | undefined;
  #peerOpened = 0;
  #ownOpened = 0;
  #now = 0;
  /** Frames for channels that had just ended, by kind; normal after a reset. */
  dropped = 0;

  constructor(options: TunnelOptions) {
    this.#options = options;
    this.#ledger = { retained: 0, ...(options.reclaim === undefined ? {} : { reclaim: options.reclaim }) };
    this.#instance = options.instance;
    this.#table = new ChannelTable(options.side === 'left' ? 'master' : 'other');
    this.#transmitter = new Transmitter(this.#acks, options.spread);
  }

  /** 128 random bits that name this end's half of the association, base64url. Changes with event `instance`. */
  get instance(): string {
    return this.#instance;
  }

  get side(): Side {
    return this.#options.side;
  }

  get carriers(): IterableIterator<Carrier> {
    return this.#carriers.values();
  }

  get channels(): IterableIterator<Channel> {
    return this.#table.values();
  }

  /** What the peer said of itself; undefined before the first exchange. */
  get peer(): Properties | undefined {
    return this.#association?.peer;
  }

  get established(): boolean {
    return this.#lead !== undefined;
  }

  get severalCarriers(): boolean {
    return this.#carriersSeen > 1;
  }

  get shuttingDown(): boolean {
    return this.#shutdownAt !== undefined;
  }

  /** When handleTimeout() is due; Infinity for never. */
  get deadline(): number {
    let earliest = Math.min(this.#acks.deadline, this.#exchange?.deadline ?? Infinity, this.#shutdownAt ?? Infinity);
    if (this.#table.size > 0) earliest = Math.min(earliest, this.#sweepAt);
    if (this.#interruptedAt !== undefined && this.#association !== undefined) earliest = Math.min(earliest, this.#interruptedAt + this.#options.graceMs);
    for (const carrier of this.#carriers.values()) earliest = Math.min(earliest, carrier.deadline);
    for (const until of this.#awaitingSlot.values()) earliest = Math.min(earliest, until);
    return earliest;
  }

  takeEvents(): TunnelEvent[] {
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return events;
  }

  // --- what the network and the clock did

  /** A carrier is secured and its set-up compared. Its facts are proved, its peer is pinned. */
  addCarrier(facts: CarrierFacts, now: number): Carrier {
    this.#now = now;
    const carrier = new Carrier(facts, now);
    this.#carriers.set(facts.id, carrier);
    if (!this.#admit(carrier)) return carrier;
    if (this.#options.side === 'left') {
      this.#queued.push({ carrier });
      this.#nextExchange();
    }
    return carrier;
  }

  /** Bytes of a carrier, in any chunking. Views into `chunk` leave in events. */
  handleBytes(carrier: Carrier, chunk: Buffer, now: number): void {
    if (carrier.state === 'closed') return;
    this.#now = now;
    carrier.heard(chunk.length, now);
    try {
      carrier.reader.push(chunk);
      for (let frame = carrier.reader.next(); frame !== undefined; frame = carrier.reader.next()) {
        this.#handleFrame(carrier, frame);
        carrier.checkControl();
        if (!isCurrent(carrier)) return;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#violated(carrier, error);
    }
  }

  /** The carrier's connection is gone. Idempotent. */
  handleLost(carrier: Carrier, now: number): void {
    this.#now = now;
    if (carrier.state !== 'closed') this.#remove(carrier, { code: 'LOST', message: 'the connection was lost' });
  }

  handleTimeout(now: number): void {
    this.#now = now;
    this.#acks.handleTimeout(now);
    for (const carrier of [...this.#carriers.values()]) {
      if (carrier.state !== 'closed' && carrier.handleTimeout(now)) this.#fail(carrier, 'TIMEOUT', 'no sign of life from the peer');
    }
    if (this.#exchange !== undefined && now >= this.#exchange.deadline) this.#fail(this.#exchange.carrier, 'TIMEOUT', 'PROPERTY_EXCHANGE did not end in time');
    for (const [channel, until] of this.#awaitingSlot) if (now >= until) this.#missSlot(channel);
    if (now >= this.#sweepAt) this.#sweep();
    if (this.#interruptedAt !== undefined && this.#association !== undefined && now >= this.#interruptedAt + this.#options.graceMs) this.#resetAssociation('timeout', 'the tunnel was down for longer than its grace time');
    if (this.#shutdownAt !== undefined && now >= this.#shutdownAt) this.#endNow();
  }

  // --- what the local side wants

  /**
   * Asks for a channel; the request, the begin and what is written go out together. Works while the tunnel is down.
   * Throws a plain Error with `reason` when there can be none.
   */
  open(request: Omit<ChannelRequestBody, 'window' | 'slot'>, source: string | undefined, now: number): Channel {
    this.#now = now;
    if (this.#shutdownAt !== undefined) throw refusal('shutting-down', 'the tunnel is shutting down');
    const most = Math.min(this.#options.maxChannels, this.#association?.peer.maxChannels ?? Infinity);
    if (this.#ownOpened >= most) throw refusal('limit', `${most} channels are open already`);
    const slot = request.carrier === 'own' ? this.#freeSlot() : undefined;
    const body = { ...request, window: this.initialWindow, ...(slot === undefined ? {} : { slot }) };
    const channel = this.#newChannel({ id: this.#table.allocate(), opener: true, request: body, sendLimit: this.#association?.peer.initialWindow ?? 0 });
    this.#ownOpened += 1;
    channel.source = source;
    channel.out.pushControl('CONNECTION_REQUEST', body);
    channel.out.pushControl('SERVICE_BEGIN_REQUEST', source === undefined ? {} : { source: source.slice(0, 255) });
    this.#schedule(channel);
    if (slot !== undefined) this.#emit({ type: 'slot-wanted', slot, until: now + OWN_CARRIER_TIMEOUT_MS });
    return channel;
  }

  /** Grants a requested channel. One that wants its own carrier is granted when that has come. */
  accept(channel: Channel, now: number): void {
    this.#now = now;
    if (channel.state !== 'requested' || channel.opener) return;
    const { carrier, slot } = channel.request;
    if (carrier === 'own' && slot !== undefined && this.#ofSlot(slot) === undefined) {
      const until = now + OWN_CARRIER_TIMEOUT_MS;
      this.#awaitingSlot.set(channel, until);
      this.#emit({ type: 'slot-wanted', slot, until });
      return;
    }
    channel.accept(this);
    this.#schedule(channel);
  }

  /** The back end has connected. */
  begin(channel: Channel, bound: string | undefined, now: number): void {
    this.#now = now;
    if (channel.state !== 'granted' || channel.opener) return;
    channel.begin(bound?.slice(0, 255));
    this.#schedule(channel);
  }

  /** Refuses a requested or granted channel of the peer's. */
  refuse(channel: Channel, reason: { readonly code: ChannelCode; readonly message: string }, now: number): void {
    this.#now = now;
    if (channel.opener || (channel.state !== 'requested' && channel.state !== 'granted')) return;
    this.#awaitingSlot.delete(channel);
    channel.refuse(reason.code, reason.message);
    this.#schedule(channel);
  }

  /**
   * Sends the data in `buffer` from `start` (>= HEADROOM) to its end. The buffer belongs to the tunnel from now on.
   * False: enough for now, wait for `writable`. Never refuses what it was given.
   */
  write(channel: Channel, buffer: Buffer, start: number, now: number): boolean {
    this.#now = now;
    if (!channel.writableSide) return false;
    channel.pushData(buffer, start, buffer.length);
    this.#schedule(channel);
    channel.congested = this.#isCongested(channel);
    return !channel.congested;
  }

  /** Sends one datagram; dropped and counted when the queue is full or it waits too long. Copies it. */
  send(channel: Channel, datagram: Uint8Array, now: number): void {
    this.#now = now;
    if (channel.datagrams === undefined || !channel.writableSide) return;
    channel.bytesIn += datagram.length;
    channel.datagrams.push(datagram, now);
    this.#schedule(channel);
  }

  /** No more data comes from the local side. */
  finish(channel: Channel, now: number): void {
    this.#now = now;
    if (!channel.writableSide || channel.datagrams !== undefined) return;
    channel.pushEnd();
    this.#schedule(channel);
  }

  /** Ends a channel at once, both directions. `done` only for datagram and listen channels. */
  reset(channel: Channel, reason: { readonly code: ChannelCode; readonly message: string }, now: number): void {
    this.#now = now;
    if (channel.state !== 'freeing' && channel.state !== 'released') this.#free(channel, reason.code, reason.message);
  }

  /** The local socket took `units`: bytes of data, or 1 for the end. */
  taken(channel: Channel, units: number, now: number): void {
    this.#now = now;
    channel.in.take(units, now, this.#lead?.rttMs ?? 0);
    if (!channel.listens) return;
    if (channel.in.newsworthy) this.#acks.now(channel);
    this.#settle(channel);
  }

  /** Orderly end: nothing new is opened, what runs may finish until `now + deadlineMs`. Ends with `ended`. */
  shutdown(deadlineMs: number, now: number): void {
    this.#now = now;
    if (this.#shutdownAt !== undefined) return;
    this.#shutdownAt = now + deadlineMs;
    this.#sendOnLead(encodeJson('SHUTDOWN', 0, { deadlineMs }));
    if (this.#table.size === 0) this.#endNow();
  }

  // --- what to do about it

  /** The next bytes for `carrier`, one or several whole frames in one buffer; undefined when there is nothing to send. */
  pollTransmit(carrier: Carrier, now: number): Buffer | undefined {
    if (carrier.state === 'closed') return undefined;
    this.#now = now;
    const batch = this.#transmitter.next(carrier, this.#lead === carrier, now);
    for (const channel of this.#transmitter.takeAdvanced()) {
      this.#schedule(channel);
      this.#relieve(channel);
    }
    return batch;
  }

  /** What limits the opener at the beginning of every channel of this association. */
  get initialWindow(): number {
    return Math.max(MIN_WINDOW, Math.min(MAX_INITIAL_WINDOW, Math.floor(this.#options.poolShare / this.#options.maxChannels)));
  }

  // --- ChannelHost: what a channel reports

  requested(channel: Channel): void {
    if (this.#shutdownAt !== undefined) this.refuse(channel, { code: 'shutting-down', message: 'the tunnel is shutting down' }, this.#now);
    else this.#emit({ type: 'request', channel });
  }

  begun(channel: Channel): void {
    this.#emit({ type: 'begin', channel });
  }

  connected(channel: Channel, bound: string | undefined): void {
    this.#emit({ type: 'connected', channel, bound });
  }

  refused(channel: Channel, code: ChannelCode, message: string): void {
    this.#emit({ type: 'closed', channel, reason: code, message });
    this.#free(channel, code, '');
  }

  data(channel: Channel, bytes: Buffer): void {
    this.#emit({ type: 'data', channel, bytes });
  }

  ended(channel: Channel): void {
    this.#emit({ type: 'end', channel });
    this.#acks.now(channel);
  }

  // --- frames

  #handleFrame(carrier: Carrier, frame: Frame): void {
    if (carrier.state !== 'alive') return this.#handleEarlyFrame(carrier, frame);
    switch (frame.name) {
      case 'SERVICE_DATA':
        return this.#handleServiceData(carrier, frame);
      case 'SERVICE_DATA_RESUME':
        return this.#handleServiceDataResume(frame);
      case 'SERVICE_DATA_PAUSE':
        return this.#handleServiceDataPause(frame);
      case 'CONNECTION_REQUEST':
        return this.#handleConnectionRequest(frame);
      case 'CONNECTION_ACK':
      case 'CONNECTION_NACK':
      case 'SERVICE_BEGIN_REQUEST':
      case 'SERVICE_BEGIN_ACK':
      case 'SERVICE_BEGIN_NACK':
        return this.#handlePositioned(frame);
      case 'SERVICE_FREE_REQUEST':
        return this.#handleServiceFreeRequest(frame);
      case 'SERVICE_FREE_RESPONSE':
        return this.#handleServiceFreeResponse(frame);
      default:
        return this.#handleCarrierFrame(carrier, frame);
    }
  }

  /** Before a carrier is alive only the exchange may happen on it. */
  #handleEarlyFrame(carrier: Carrier, frame: Frame): void {
    if (frame.name === 'PROPERTY_EXCHANGE') return this.#handlePropertyExchange(carrier, frame);
    if (frame.name === 'SERVICE_DATA_RESUME' && carrier.state === 'listing') return this.#handleListed(frame);
    this.#handleCarrierFrame(carrier, frame);
  }

  #handleCarrierFrame(carrier: Carrier, frame: Frame): void {
    switch (frame.name) {
      case 'PING':
        return carrier.handlePing(frame);
      case 'PONG':
        return carrier.handlePong(frame, this.#now);
      case 'SHUTDOWN':
        return this.#handleShutdown(frame);
      case 'ERROR':
        return this.#handleError(carrier, frame);
      default:
        throw new ProtocolError('PROTOCOL', `${frame.name} on a carrier that is ${carrier.state}`);
    }
  }

  #handleServiceData(carrier: Carrier, frame: Frame): void {
    const channel = this.#heldChannel(frame);
    if (channel === undefined) return;
    channel.handleServiceData(frame, this, carrier.arriving);
    this.#acknowledgeArrival(channel);
  }

  #handlePositioned(frame: Frame): void {
    const channel = this.#heldChannel(frame);
    if (channel === undefined) return;
    channel.handleControl(frame, this);
    this.#acknowledgeArrival(channel);
    this.#schedule(channel);
  }

  #handleConnectionRequest(frame: Frame): void {
    const held = this.#table.lookup(frame.channel);
    if (held !== undefined) return this.#handlePositioned(frame);
    if (!this.#table.isNew(frame.channel)) {
      this.dropped += 1;
      return;
    }
    const { position, body } = decodePositioned('CONNECTION_REQUEST', frame.payload);
    if (position !== 0) throw new ProtocolError('PROTOCOL', `CONNECTION_REQUEST.position: ${position}, a channel begins at 0`);
    if (this.#peerOpened >= this.#options.maxChannels) throw new ProtocolError('LIMIT', `CONNECTION_REQUEST: more than the ${this.#options.maxChannels} channels that PROPERTY_EXCHANGE allows`);
    this.#checkSlot(body);
    this.#peerOpened += 1;
    const channel = this.#newChannel({ id: frame.channel, opener: false, request: body, sendLimit: body.window });
    channel.handleControl(frame, this);
    this.#acknowledgeArrival(channel);
  }

  #handleServiceDataResume(frame: Frame): void {
    const channel = this.#heldChannel(frame);
    if (channel === undefined) return;
    const [received, limit] = decodeNumbers('SERVICE_DATA_RESUME', frame.payload) as [number, number];
    if (!this.severalCarriers && (received < channel.out.acknowledged || limit < channel.out.limit)) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME of channel ${channel.id} goes back`);
    this.#acknowledged(channel, received, limit);
    this.#settle(channel);
  }

  #handleServiceDataPause(frame: Frame): void {
    const [limit] = decodeNumbers('SERVICE_DATA_PAUSE', frame.payload) as [number];
    this.#heldChannel(frame)?.out.pause(limit);
  }

  #handleServiceFreeRequest(frame: Frame): void {
    const { reason, message } = decodeJson('SERVICE_FREE_REQUEST', frame.payload);
    const channel = this.#table.lookup(frame.channel);
    if (channel === undefined) {
      this.#table.bury(frame.channel);
      return this.#sendOnLead(encodeFrame('SERVICE_FREE_RESPONSE', frame.channel));
    }
    const crossing = channel.state === 'freeing';
    this.#release(channel, reason);
    if (crossing) return;
    this.#emit({ type: 'closed', channel, reason, message: message ?? '' });
    this.#sendOnLead(encodeFrame('SERVICE_FREE_RESPONSE', frame.channel));
  }

  #handleServiceFreeResponse(frame: Frame): void {
    const channel = this.#table.lookup(frame.channel);
    if (channel === undefined) return;
    if (channel.state !== 'freeing') throw new ProtocolError('PROTOCOL', `SERVICE_FREE_RESPONSE for channel ${channel.id}, which is ${channel.state}`);
    this.#release(channel, channel.reason ?? 'done');
  }

  #handleShutdown(frame: Frame): void {
    const { slot, deadlineMs } = decodeJson('SHUTDOWN', frame.payload);
    if (slot === undefined) this.#emit({ type: 'peer-shutdown', deadlineMs });
    else this.#emit({ type: 'slot-wanted', slot, until: this.#now + Math.min(deadlineMs, OWN_CARRIER_TIMEOUT_MS) });
  }

  #handleError(carrier: Carrier, frame: Frame): void {
    const { code, message } = decodeJson('ERROR', frame.payload);
    this.#remove(carrier, { code, message: `the peer says: ${message ?? code}` });
  }

  // --- the exchange on a new carrier

  #handlePropertyExchange(carrier: Carrier, frame: Frame): void {
    const properties = decodeJson('PROPERTY_EXCHANGE', frame.payload);
    if (!carrier.facts.checkProof(properties.proof)) throw new ProtocolError('TAMPERED', 'PROPERTY_EXCHANGE.proof: the two ends did not see one set-up');
    if (properties.instance !== carrier.facts.peerInstance) throw new ProtocolError('TAMPERED', 'PROPERTY_EXCHANGE.instance: not the one of COMMONUNIQUE_INFO');
    if (this.#options.side === 'left') {
      if (this.#exchange?.carrier !== carrier || carrier.state !== 'offered') throw new ProtocolError('PROTOCOL', 'PROPERTY_EXCHANGE: the master begins');
      return this.#agree(this.#exchange, properties);
    }
    if (carrier.state !== 'secured' || this.#queued.some((entry) => entry.carrier === carrier)) throw new ProtocolError('PROTOCOL', 'PROPERTY_EXCHANGE: a second one');
    this.#queued.push({ carrier, properties });
    this.#nextExchange();
  }

  /** Begins the next exchange, or answers the next one, when none is under way. */
  #nextExchange(): void {
    if (this.#exchange !== undefined) return;
    const next = this.#queued.shift();
    if (next === undefined) return;
    const { carrier, properties } = next;
    const ownAlive = [...this.#carriers.values()].filter(({ state }) => state === 'alive').map(({ id }) => id);
    this.#exchange = new Exchange(carrier, ownAlive, this.#now);
    carrier.state = 'offered';
    carrier.send(encodeJson('PROPERTY_EXCHANGE', 0, this.#properties(carrier, ownAlive)));
    if (properties !== undefined) this.#agree(this.#exchange, properties);
  }

  #properties(carrier: Carrier, alive: string[]): Properties {
    const { node, software, maxChannels, codecs, plugins } = this.#options;
    const peerInstance = this.#association?.peerInstance;
    const known = peerInstance === undefined ? {} : { peerInstance };
    return { proof: carrier.facts.proof, node, software, instance: this.#instance, ...known, alive, initialWindow: this.initialWindow, maxChannels, codecs: [...codecs], plugins: [...plugins] };
  }

  /** Both have said who they are and which carriers live. */
  #agree(exchange: Exchange, properties: Properties): void {
    const { carrier } = exchange;
    this.#associate(carrier, properties);
    const survivors = exchange.survivors(properties);
    for (const other of [...this.#carriers.values()]) {
      if (other.state === 'alive' && !survivors.has(other.id)) this.#fail(other, 'LOST', 'the peer holds this carrier for dead');
    }
    if (survivors.size > 0) return this.#revive(carrier);
    carrier.state = 'listing';
    for (const channel of this.#table.values()) {
      const { received, limit } = channel.in.restate();
      carrier.send(encodeNumbers('SERVICE_DATA_RESUME', channel.id, received, limit));
    }
    carrier.send(encodeNumbers('SERVICE_DATA_RESUME', 0, this.#table.size, 0));
  }

  #associate(carrier: Carrier, properties: Properties): void {
    if (this.#association !== undefined) return;
    this.#association = { peerInstance: properties.instance, peerEpoch: carrier.facts.peerEpoch, peer: properties };
    for (const channel of this.#table.values()) channel.out.grant(properties.initialWindow);
  }

  #handleListed(frame: Frame): void {
    const exchange = this.#exchange as Exchange;
    const [received, limit] = decodeNumbers('SERVICE_DATA_RESUME', frame.payload) as [number, number];
    if (frame.channel !== 0) return exchange.list(frame.channel, received, limit, this.#mostListed());
    exchange.checkCount(received);
    this.#resume(exchange);
  }

  #mostListed(): number {
    return this.#options.maxChannels + (this.#association?.peer.maxChannels ?? 0);
  }

  /** Both lists are known: every held channel goes on from what the peer has. */
  #resume(exchange: Exchange): void {
    const { carrier, listed } = exchange;
    this.#transmitter.clear();
    for (const channel of [...this.#table.values()]) {
      const entry = listed.get(channel.id);
      if (entry === undefined) this.#resumeUnlisted(channel);
      else if (channel.state === 'freeing') carrier.send(freeRequest(channel));
      else this.#resumeFrom(channel, entry);
    }
    for (const [id, { received }] of listed) {
      if (received > 0 && this.#table.lookup(id) === undefined) carrier.send(encodeFrame('SERVICE_FREE_RESPONSE', id));
    }
    this.#restateDue = false;
    this.#revive(carrier);
  }

  #resumeFrom(channel: Channel, { received, limit }: { received: number; limit: number }): void {
    if (received < channel.out.acknowledged) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME of channel ${channel.id}: ${received}, but ${channel.out.acknowledged} was acknowledged before`);
    channel.out.rewind();
    this.#acknowledged(channel, received, limit);
    channel.progressAt = this.#now;
    this.#settle(channel);
  }

  #resumeUnlisted(channel: Channel): void {
    if (channel.state === 'freeing') return this.#release(channel, channel.reason ?? 'done');
    if (!channel.opener || channel.out.acknowledged > 0 || channel.in.received > 0) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME: channel ${channel.id} is missing in the list`);
    channel.out.rewind();
    channel.progressAt = this.#now;
  }

  /** The exchange has ended: the carrier is alive. */
  #revive(carrier: Carrier): void {
    carrier.state = 'alive';
    this.#carriersSeen += 1;
    this.#exchange = undefined;
    this.#interruptedAt = undefined;
    for (const older of [...this.#carriers.values()]) {
      if (older !== carrier && older.state === 'alive' && older.slot === carrier.slot) this.#fail(older, 'SUPERSEDED', 'a newer carrier took its slot');
    }
    const wasDown = this.#lead === undefined;
    if (wasDown) this.#lead = carrier;
    this.#transmitter.carrierAlive(carrier);
    this.#emit({ type: 'carrier-alive', carrier });
    if (wasDown) this.#emit({ type: 'established' });
    if (wasDown && this.#shutdownAt !== undefined) this.#sendOnLead(encodeJson('SHUTDOWN', 0, { deadlineMs: Math.max(0, Math.round(this.#shutdownAt - this.#now)) }));
    for (const channel of this.#awaitingSlot.keys()) if (channel.request.slot === carrier.slot) this.#slotArrived(channel);
    if (this.#restateDue) this.#restate(this.#table.values());
    else this.#scheduleAll();
    this.#nextExchange();
  }

  // --- carriers come and go

  /** Whether a new carrier may stay: not of a peer that was replaced, not one too many, not older than its slot's. */
  #admit(carrier: Carrier): boolean {
    const { instance, peerInstance, peerEpoch, slot, rank } = carrier.facts;
    if (instance !== this.#instance) return this.#fail(carrier, 'SUPERSEDED', 'it was set up for an earlier association');
    if (this.#carriers.size > MAX_CARRIERS) return this.#fail(carrier, 'LIMIT', `more than ${MAX_CARRIERS} carriers`);
    const association = this.#association;
    if (association !== undefined && association.peerInstance !== peerInstance) {
      if (peerEpoch < association.peerEpoch) return this.#fail(carrier, 'SUPERSEDED', 'a newer process of the same end is connected');
      this.#forgetPeer();
    }
    const newer = [...this.#carriers.values()].find((other) => other !== carrier && other.slot === slot && isGreater(other.facts.rank, rank));
    return newer === undefined ? true : this.#fail(carrier, 'SUPERSEDED', 'a newer carrier has its slot');
  }

  /** The peer restarted: its sockets are gone, and with them every channel. */
  #forgetPeer(): void {
    const old = this.#association?.peerInstance;
    this.#association = undefined;
    for (const other of [...this.#carriers.values()]) if (other.facts.peerInstance === old) this.#fail(other, 'SUPERSEDED', 'the peer restarted');
    this.#dropChannels('peer-restarted', 'the other end was restarted');
    this.#carriersSeen = 0;
  }

  /** Ends a carrier with ERROR. Always false. */
  #fail(carrier: Carrier, code: WireCode, message: string): false {
    this.#remove(carrier, { code, message, farewell: carrier.farewell(encodeJson('ERROR', 0, { code, message })) });
    return false;
  }

  #remove(carrier: Carrier, why: { code: WireCode; message: string; farewell?: Buffer }): void {
    const wasAlive = carrier.state === 'alive';
    carrier.state = 'closed';
    this.#carriers.delete(carrier.id);
    this.#unqueue(carrier);
    this.#emit({ type: 'carrier-closed', carrier, ...why });
    if (wasAlive) this.#bereave(carrier);
    if (this.#exchange?.carrier === carrier) this.#exchange = undefined;
    this.#nextExchange();
  }

  #unqueue(carrier: Carrier): void {
    const index = this.#queued.findIndex((entry) => entry.carrier === carrier);
    if (index >= 0) this.#queued.splice(index, 1);
  }

  /** A living carrier is gone: what it carried goes on with another. */
  #bereave(carrier: Carrier): void {
    this.#transmitter.carrierLost(carrier);
    const orphans = [...this.#table.values()].filter(({ ownSlot }) => ownSlot === carrier.slot);
    for (const channel of orphans) channel.ownSlot = undefined;
    const carriedOnlyOwn = carrier !== this.#lead && carrier.slot >= CONFIGURED_SLOTS;
    if (this.#lead === carrier) this.#lead = this.#nextLead();
    if (this.#lead !== undefined) return this.#restate(carriedOnlyOwn ? orphans : this.#table.values());
    this.#restateDue = true;
    this.#interruptedAt = this.#now;
    this.#emit({ type: 'interrupted' });
  }

  #nextLead(): Carrier | undefined {
    const alive = [...this.#carriers.values()].filter(({ state }) => state === 'alive');
    return alive.find(({ slot }) => slot < CONFIGURED_SLOTS) ?? alive[0];
  }

  /** One of several carriers died: says on the lead where every channel stands, and sends again what is not known to have arrived. */
  #restate(channels: Iterable<Channel>): void {
    this.#restateDue = false;
    this.#transmitter.clear();
    for (const channel of channels) {
      if (channel.state === 'freeing') {
        this.#sendOnLead(freeRequest(channel));
        continue;
      }
      channel.out.rewind();
      this.#acks.now(channel);
    }
    this.#scheduleAll();
  }

  #scheduleAll(): void {
    for (const channel of this.#table.values()) this.#schedule(channel);
  }

  /** The peer broke the protocol. What it says of channels can no longer be trusted. */
  #violated(carrier: Carrier, error: ProtocolError): void {
    const inUse = carrier.state === 'alive' || carrier.state === 'listing';
    this.#fail(carrier, error.wireCode, error.message);
    if (inUse) this.#resetAssociation('reset', `the protocol was violated: ${error.message}`);
  }

  /** Ends every channel and carrier and takes a new instance. */
  #resetAssociation(code: ChannelCode, message: string): void {
    for (const carrier of [...this.#carriers.values()]) this.#fail(carrier, 'ASSOCIATION_RESET', message);
    this.#dropChannels(code, message);
    this.#association = undefined;
    this.#interruptedAt = undefined;
    this.#carriersSeen = 0;
    this.#instance = this.#options.newInstance();
    this.#emit({ type: 'instance' });
  }

  #dropChannels(reason: ChannelCode, message: string): void {
    for (const channel of this.#table.clear()) {
      const known = channel.state === 'freeing';
      this.#letGo(channel, reason);
      if (!known) this.#emit({ type: 'closed', channel, reason, message });
    }
    this.#peerOpened = 0;
    this.#ownOpened = 0;
    this.#restateDue = false;
  }

  // --- channels

  #newChannel(options: { id: number; opener: boolean; request: ChannelRequestBody; sendLimit: number }): Channel {
    const receiveWindow = this.initialWindow;
    const channel = new Channel({ ...options, pool: this.#options.pool, ledger: this.#ledger, receiveWindow, now: this.#now });
    this.#table.add(channel);
    return channel;
  }

  /** The held channel of a frame; undefined, and counted, for one that had just ended. */
  #heldChannel(frame: Frame): Channel | undefined {
    const channel = this.#table.lookup(frame.channel);
    if (channel === undefined) this.#table.checkKnown(frame.channel, frame.name);
    else if (channel.state !== 'freeing') return channel;
    this.dropped += 1;
    return undefined;
  }

  #acknowledgeArrival(channel: Channel): void {
    if (!channel.listens) return;
    if (channel.in.newsworthy) this.#acks.now(channel);
    else if (channel.in.unacknowledged) this.#acks.later(channel, this.#now);
    if (channel.in.pauseUnderPressure()) this.#sendOnLead(encodeNumbers('SERVICE_DATA_PAUSE', channel.id, channel.in.limit));
  }

  #acknowledged(channel: Channel, received: number, limit: number): void {
    const released = channel.out.acknowledge(received);
    if (released > 0) channel.progressAt = this.#now;
    channel.out.grant(limit);
    this.#schedule(channel);
    this.#relieve(channel);
  }

  /** Releases the id when both directions are done. The opener does it. */
  #settle(channel: Channel): void {
    if (channel.opener && channel.finished) this.#free(channel, 'done', '');
  }

  /** Sends SERVICE_FREE_REQUEST and forgets what the channel holds. One that the peer never heard of is just released. */
  #free(channel: Channel, reason: ChannelCode, message: string): void {
    const unheard = channel.opener && channel.out.sent === 0;
    this.#awaitingSlot.delete(channel);
    channel.congested = false;
    channel.state = 'freeing';
    channel.reason = reason;
    if (reason === 'done') this.#emit({ type: 'closed', channel, reason, message });
    if (unheard) return this.#release(channel, reason);
    channel.message = message;
    channel.clear();
    this.#sendOnLead(freeRequest(channel));
  }

  #release(channel: Channel, reason: ChannelCode): void {
    this.#table.release(channel);
    if (channel.opener) this.#ownOpened -= 1;
    else this.#peerOpened -= 1;
    this.#letGo(channel, reason);
    if (this.#shutdownAt !== undefined && this.#shutdownAt < Infinity && this.#table.size === 0) this.#endNow();
  }

  #letGo(channel: Channel, reason: ChannelCode): void {
    this.#awaitingSlot.delete(channel);
    channel.congested = false;
    channel.state = 'released';
    channel.reason = reason;
    channel.clear();
    if (channel.request.slot !== undefined && channel.request.carrier === 'own') this.#closeOwn(channel.request.slot);
  }

  /** The carrier of an own channel goes with it. */
  #closeOwn(slot: number): void {
    const carrier = this.#ofSlot(slot);
    this.#emit({ type: 'slot-unwanted', slot });
    if (carrier !== undefined) this.#fail(carrier, 'SHUTTING_DOWN', 'its channel is at its end');
  }

  #schedule(channel: Channel): void {
    this.#transmitter.schedule(channel, this.#now);
  }

  #isCongested(channel: Channel): boolean {
    return channel.out.unsent >= this.#options.unsentBytes || this.#ledger.retained >= this.#options.retainBytes;
  }

  #relieve(channel: Channel): void {
    if (!channel.congested || this.#isCongested(channel)) return;
    channel.congested = false;
    this.#emit({ type: 'writable', channel });
  }

  #freeSlot(): number {
    const taken = new Set([...this.#table.values()].map(({ request }) => request.slot));
    let slot = CONFIGURED_SLOTS + (this.#options.side === 'left' ? 1 : 0);
    while (taken.has(slot) || this.#ofSlot(slot) !== undefined) slot += 2;
    return slot;
  }

  #checkSlot({ carrier, slot }: ChannelRequestBody): void {
    if (carrier !== 'own') return;
    const parity = this.#options.side === 'left' ? 0 : 1;
    if (slot === undefined || slot < CONFIGURED_SLOTS || slot % 2 !== parity) throw new ProtocolError('PROTOCOL', `CONNECTION_REQUEST.slot: ${slot} is not the peer's to choose`);
  }

  #ofSlot(slot: number): Carrier | undefined {
    return [...this.#carriers.values()].find((carrier) => carrier.slot === slot && carrier.state === 'alive');
  }

  #slotArrived(channel: Channel): void {
    this.#awaitingSlot.delete(channel);
    channel.accept(this);
    this.#schedule(channel);
  }

  #missSlot(channel: Channel): void {
    this.refuse(channel, { code: 'no-carrier', message: 'the additional carrier did not come up in time' }, this.#now);
  }

  /** Data outstanding on a living carrier and no acknowledgement for long: the peer does not keep the protocol. */
  #sweep(): void {
    this.#sweepAt = this.#now + SWEEP_MS;
    if (this.#lead === undefined) return;
    for (const channel of this.#table.values()) {
      this.#relieve(channel);
      if (channel.state !== 'freeing' && channel.out.inFlight && this.#now - channel.progressAt > ACK_TIMEOUT_MS) {
        return this.#violated(this.#lead, new ProtocolError('TIMEOUT', `channel ${channel.id}: nothing was acknowledged for ${ACK_TIMEOUT_MS / 1000} s`));
      }
    }
  }

  #sendOnLead(frame: Buffer): void {
    this.#lead?.send(frame);
  }

  #endNow(): void {
    this.#shutdownAt = Infinity;
    for (const channel of [...this.#table.values()]) {
      if (channel.state !== 'freeing') {
        this.#emit({ type: 'closed', channel, reason: 'shutting-down', message: 'the tunnel is shutting down' });
        this.#free(channel, 'shutting-down', 'the tunnel is shutting down');
      }
      this.#table.release(channel);
      this.#letGo(channel, 'shutting-down');
    }
    for (const carrier of [...this.#carriers.values()]) this.#fail(carrier, 'SHUTTING_DOWN', 'the tunnel is shutting down');
    this.#emit({ type: 'ended' });
  }

  #emit(event: TunnelEvent): void {
    this.#events.push(event);
  }
}

function freeRequest(channel: Channel): Buffer {
  const { reason = 'reset', message } = channel;
  return encodeJson('SERVICE_FREE_REQUEST', channel.id, message ? { reason, message: message.slice(0, 1024) } : { reason });
}

function refusal(reason: ChannelCode, message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_LSTP_CHANNEL_REFUSED', reason });
}

/** Whether rank `a` is greater than rank `b`, member by member. */
function isGreater(a: readonly number[], b: readonly number[]): boolean {
  const index = a.findIndex((value, at) => value !== b[at]);
  return index >= 0 && (a[index] as number) > (b[index] ?? 0);
}
