/**
 * The state of one tunnel at one end, with no I/O in it.
 *
 * Bytes, time and commands go in; bytes, events and one deadline come out. It opens no socket, starts no timer and
 * reads no clock, so a test drives two of them against each other (test/protocol/tunnel-pair.ts, test/simulation), and
 * the end package drives one against TLS sockets.
 *
 *   addCarrier(), handleBytes(), handleLost(), handleTimeout()      what the network and the clock did
 *   open(), accept(), begin(), refuse(), write(), finish(), reset(), taken(), shutdown()   what the local side wants
 *   pollTransmit(), takeEvents(), deadline                          what to do about it
 *
 * After each call of the first two groups: take the events, poll every carrier that can take bytes, set one timer.
 * `now` is in milliseconds, may have fractions, and never goes back.
 *
 * Made of: carrier-set.ts (carriers and the association), channel-set.ts (channels), channel-frames.ts (their
 * messages), resumption.ts (what the one means for the other). Specification: docs/spec.md, from "Carriers" on.
 */
import type { Carrier, CarrierFacts } from './carrier.js';
import { CarrierSet } from './carrier-set.js';
import type { Channel, ChannelRequestBody } from './channel.js';
import { ChannelFrames } from './channel-frames.js';
import { ChannelSet } from './channel-set.js';
import { ProtocolError, type ChannelCode } from './error.js';
import type { Properties } from './exchange.js';
import { encodeJson, type Frame } from './frame.js';
import { OWN_CARRIER_TIMEOUT_MS } from './limits.js';
import { MESSAGES, type Side } from './messages.js';
import { Resumption } from './resumption.js';
import { printable } from './shape.js';
import { TunnelContext } from './tunnel-context.js';
import type { TunnelEvent } from './tunnel-event.js';
import { isCurrent, type TunnelOptions } from './tunnel-options.js';

/** Why a channel ends, as its user says. */
interface Reason {
  readonly code: ChannelCode;
  readonly message: string;
}

export class Tunnel {
  readonly #context: TunnelContext;
  readonly #carriers: CarrierSet;
  readonly #channels: ChannelSet;
  readonly #frames: ChannelFrames;
  #shutdownAt: number | undefined;
  /** The lead that was told of our shutdown. */
  #toldLead: Carrier | undefined;
  #ended = false;

  constructor(options: TunnelOptions) {
    this.#context = new TunnelContext(options);
    this.#carriers = new CarrierSet(this.#context);
    this.#channels = new ChannelSet(this.#context, this.#carriers);
    this.#frames = new ChannelFrames(this.#context, this.#channels, this.#carriers);
    this.#carriers.serve(new Resumption(this.#channels, this.#carriers));
  }

  /** 128 random bits that name this end's half of the association, base64url. Changes with event `instance`. */
  get instance(): string {
    return this.#carriers.instance;
  }

  get side(): Side {
    return this.#context.options.side;
  }

  get carriers(): IterableIterator<Carrier> {
    return this.#carriers.values();
  }

  get channels(): IterableIterator<Channel> {
    return this.#channels.table.values();
  }

  /** What the peer said of itself; undefined before the first exchange of an association. */
  get peer(): Properties | undefined {
    return this.#carriers.peer;
  }

  /** Units that all channels hold until the peer acknowledges them. */
  get retained(): number {
    return this.#channels.ledger.retained;
  }

  /** Frames for channels that had just ended; normal after a reset. */
  get dropped(): number {
    return this.#channels.dropped;
  }

  /** What limits the opener at the beginning of every channel. */
  get initialWindow(): number {
    return this.#channels.initialWindow;
  }

  get established(): boolean {
    return this.#carriers.lead !== undefined;
  }

  /** In ms, on the clock of `now`: since when the tunnel is down, and when its channels are reset. Undefined where it never was up, or they were. */
  get interruption(): { readonly since: number; readonly until: number } | undefined {
    return this.#carriers.interruption;
  }

  get shuttingDown(): boolean {
    return this.#shutdownAt !== undefined;
  }

  /** When handleTimeout() is due; Infinity for never. */
  get deadline(): number {
    if (this.#ended) return Infinity;
    return Math.min(this.#carriers.deadline, this.#channels.deadline, this.#shutdownAt ?? Infinity);
  }

  takeEvents(): TunnelEvent[] {
    return this.#context.takeEvents();
  }

  // --- what the network and the clock did

  /** A carrier is secured and its set-up compared. Its facts are proved, its peer is pinned. It may be refused at once: see the events. */
  addCarrier(facts: CarrierFacts, now: number): Carrier {
    this.#context.now = now;
    return this.#carriers.add(facts);
  }

  /** Bytes of a carrier, in any chunking. Views into `chunk` leave in events. */
  handleBytes(carrier: Carrier, chunk: Buffer, now: number): void {
    if (carrier.state === 'closed') return;
    this.#context.now = now;
    carrier.heard(chunk.length);
    try {
      carrier.reader.push(chunk);
      for (let frame = carrier.reader.next(); frame !== undefined; frame = carrier.reader.next()) {
        this.#handleFrame(carrier, frame);
        if (!isCurrent(carrier)) break;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#carriers.handleViolation(carrier, error);
    }
    this.#goOnShuttingDown();
  }

  /** The carrier's connection is gone. Idempotent. */
  handleLost(carrier: Carrier, now: number): void {
    this.#context.now = now;
    if (carrier.state !== 'closed') this.#carriers.lose(carrier, 'the connection was lost');
    this.#goOnShuttingDown();
  }

  handleTimeout(now: number): void {
    this.#context.now = now;
    if (this.#ended) return;
    this.#carriers.handleTimeout();
    this.#channels.handleTimeout();
    if (this.#shutdownAt === undefined) for (const carrier of this.#carriers.worn()) this.#replaceCarrier(carrier);
    this.#goOnShuttingDown();
  }

  // --- what the local side wants

  /**
   * Asks for a channel; the request, the begin and what is written go out together. Works while the tunnel is down.
   * Throws a plain Error with `reason` when there can be none.
   */
  open(request: Omit<ChannelRequestBody, 'window' | 'slot'>, source: string | undefined, now: number): Channel {
    this.#context.now = now;
    if (this.#shutdownAt !== undefined) throw refusal('shutting-down', 'the tunnel is shutting down');
    const most = Math.min(this.#context.options.maxChannels, this.peer?.maxChannels ?? Infinity);
    if (this.#channels.ownOpen >= most) throw refusal('limit', `${most} channels are open already`);
    const body = this.#requestBody(request);
    const channel = this.#channels.create({ id: this.#channels.table.allocate(), opener: true, request: body, sendLimit: this.peer?.initialWindow ?? 0 });
    channel.source = source;
    channel.out.pushControl('CONNECTION_REQUEST', body);
    channel.out.pushControl('SERVICE_BEGIN_REQUEST', source === undefined ? {} : { source: printable(source, 255) });
    this.#channels.schedule(channel);
    if (body.slot !== undefined) this.#context.emit({ type: 'slot-wanted', slot: body.slot, until: now + OWN_CARRIER_TIMEOUT_MS });
    return channel;
  }

  /** Grants a requested channel. One that wants its own carrier is granted when that has come. */
  accept(channel: Channel, now: number): void {
    this.#context.now = now;
    if (channel.state !== 'requested' || channel.opener) return;
    const { ownSlot } = channel;
    if (ownSlot === undefined || this.#carriers.livingAt(ownSlot) !== undefined) return this.#channels.grant(channel);
    const until = this.#channels.own.await(channel, now);
    this.#context.emit({ type: 'slot-wanted', slot: ownSlot, until });
  }

  /** The back end has connected. */
  begin(channel: Channel, bound: string | undefined, now: number): void {
    this.#context.now = now;
    if (channel.state !== 'granted' || channel.opener) return;
    channel.begin(bound === undefined ? undefined : printable(bound, 255));
    this.#channels.schedule(channel);
  }

  /** Refuses a requested or granted channel of the peer's. */
  refuse(channel: Channel, { code, message }: Reason, now: number): void {
    this.#context.now = now;
    if (!channel.opener && (channel.state === 'requested' || channel.state === 'granted')) this.#channels.refuse(channel, code, message);
  }

  /**
   * Sends the data in `buffer` from `start` (>= HEADROOM) to its end. The buffer belongs to the tunnel from now on.
   * False: enough for now, wait for `writable`. Never refuses what it was given, but for a channel that is at its end:
   * then the data is dropped. Throws where this end has yet to begin() the channel.
   */
  write(channel: Channel, buffer: Buffer, start: number, now: number): boolean {
    this.#context.now = now;
    if (!channel.writableSide) return false;
    assertBegun(channel, 'write');
    channel.pushData(buffer, start, buffer.length);
    this.#channels.schedule(channel);
    return this.#channels.checkCongestion(channel);
  }

  /** Sends one datagram; dropped and counted when the queue is full or it waits too long. Copies it. Throws as write() does. */
  send(channel: Channel, datagram: Uint8Array, now: number): void {
    this.#context.now = now;
    if (channel.datagrams === undefined || !channel.writableSide) return;
    assertBegun(channel, 'send');
    channel.bytesIn += datagram.length;
    channel.datagrams.push(datagram, now);
    this.#channels.schedule(channel);
  }

  /** No more data comes from the local side. Throws where this end has yet to begin() the channel. */
  finish(channel: Channel, now: number): void {
    this.#context.now = now;
    if (!channel.writableSide || channel.request.kind !== 'stream') return;
    assertBegun(channel, 'finish');
    this.#channels.finish(channel);
  }

  /**
   * Ends a channel at once, both directions. `done` only for datagram and listen channels. After the event `closed` with
   * `done`: says that what has arrived will not be taken any more.
   */
  reset(channel: Channel, { code, message }: Reason, now: number): void {
    this.#context.now = now;
    if (!channel.listens) channel.in.destroy();
    else if (code === 'done' && channel.request.kind !== 'stream') this.#channels.end(channel, code, message);
    else this.#channels.free(channel, code === 'done' ? 'reset' : code, message);
    this.#goOnShuttingDown();
  }

  /** The local socket took `units`: bytes of data, or 1 for the end. Also after `closed` with `done`. */
  taken(channel: Channel, units: number, now: number): void {
    this.#context.now = now;
    channel.in.take(units, now, this.#carriers.lead?.rttMs ?? 0);
    if (!channel.listens) return;
    if (channel.in.newsworthy) this.#channels.acks.now(channel);
    this.#channels.settle(channel);
    this.#goOnShuttingDown();
  }

  /**
   * Asks both ends for a carrier in the place of this one, which works on until the other is alive; for one of a configured
   * slot that is not being replaced already. Where none comes in 30 s, all stays as it is.
   */
  replace(carrier: Carrier, now: number): void {
    this.#context.now = now;
    if (this.#shutdownAt === undefined) this.#replaceCarrier(carrier);
  }

  /** Orderly end: nothing new is opened, what runs may finish until `now + deadlineMs`. Ends with `ended`. */
  shutdown(deadlineMs: number, now: number): void {
    this.#context.now = now;
    if (this.#shutdownAt !== undefined) return;
    this.#shutdownAt = now + deadlineMs;
    this.#frames.closing = true;
    this.#goOnShuttingDown();
  }

  // --- what to do about it

  /** The next bytes for `carrier`, one or several whole frames in one buffer; undefined when there is nothing to send. */
  pollTransmit(carrier: Carrier, now: number): Buffer | undefined {
    if (carrier.state === 'closed') return undefined;
    this.#context.now = now;
    const bytes = this.#channels.transmit(carrier);
    if (bytes !== undefined) carrier.told(bytes.length);
    return bytes;
  }

  // --- frames

  #handleFrame(carrier: Carrier, frame: Frame): void {
    if (carrier.state === 'alive' && this.#frames.handle(carrier, frame)) return;
    if (carrier.state === 'listing' && frame.name === 'SERVICE_DATA_RESUME') return this.#carriers.handleListed(frame);
    if (frame.channel !== 0) throw new ProtocolError('PROTOCOL', `${frame.name} with channel ${frame.channel} on a carrier that is ${carrier.state}`);
    switch (frame.name) {
      case 'PROPERTY_EXCHANGE':
        return this.#carriers.handlePropertyExchange(carrier, frame);
      case 'PING':
        return carrier.handlePing(frame);
      case 'PONG':
        return carrier.handlePong(frame, this.#context.now);
      case 'SHUTDOWN':
        return this.#carriers.handleShutdown(frame);
      case 'ERROR':
        return this.#carriers.handleError(carrier, frame);
      default:
        throw new ProtocolError('PROTOCOL', `${frame.name} on a carrier that is ${carrier.state}`);
    }
  }

  #replaceCarrier(carrier: Carrier): void {
    const slot = this.#channels.own.choose((taken) => this.#carriers.hasSlot(taken));
    if (slot !== undefined) this.#carriers.replace(carrier, slot);
  }

  // --- opening and shutting down

  #requestBody(request: Omit<ChannelRequestBody, 'window' | 'slot'>): ChannelRequestBody {
    // Not spread: it lives as long as the channel, and Node 20 gives each { ...a, b } a hidden class of its own, which is 200 bytes and 2 µs.
    const body = Object.assign({}, request, { window: this.initialWindow });
    try {
      MESSAGES.CONNECTION_REQUEST.shape(body, 'CONNECTION_REQUEST');
    } catch (error) {
      throw refusal('refused', (error as Error).message);
    }
    if (body.carrier === 'shared') return body;
    const slot = this.#channels.own.choose((taken) => this.#carriers.hasSlot(taken));
    if (slot === undefined) throw refusal('limit', 'too many channels have a carrier of their own');
    return { ...body, slot };
  }

  /** Tells each new lead that we end, and ends when no channel is left or the time is over. */
  #goOnShuttingDown(): void {
    if (this.#shutdownAt === undefined || this.#ended) return;
    const { lead } = this.#carriers;
    if (lead !== this.#toldLead) lead?.send(encodeJson('SHUTDOWN', 0, { deadlineMs: Math.max(0, Math.round(this.#shutdownAt - this.#context.now)) }));
    this.#toldLead = lead;
    if (this.#channels.table.size === 0 || this.#context.now >= this.#shutdownAt) this.#end();
  }

  #end(): void {
    this.#ended = true;
    const message = 'the tunnel is shutting down';
    for (const channel of [...this.#channels.table.values()]) if (channel.listens) this.#channels.end(channel, 'shutting-down', message);
    this.#carriers.close(message);
    this.#context.emit({ type: 'ended' });
  }
}

/** The acting end has nothing to say before SERVICE_BEGIN_ACK: positions would put it ahead, which the peer takes for a broken protocol. */
function assertBegun({ opener, state, id }: Channel, command: string): void {
  if (opener || state === 'open') return;
  throw Object.assign(new Error(`${command}() on channel ${id}, which is ${state}: the end that acts calls begin() first`), { code: 'ERR_LSTP_CHANNEL_NOT_BEGUN' });
}

function refusal(reason: ChannelCode, message: string): Error {
  return Object.assign(new Error(message), { code: 'ERR_LSTP_CHANNEL_REFUSED', reason });
}
