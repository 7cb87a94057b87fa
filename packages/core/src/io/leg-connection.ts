/**
 * Drives one Leg over a connection (a net.Socket, TLS over one, a WebSocket): bytes in and out, its deadlines, its end. Makes no protocol decision.
 *
 * Whoever owns a leg at the time sets `handler`; the hub owns it until it hands it over. When PASS_THROUGH has gone both
 * ways, release() gives the raw socket: paused, without a listener of ours, and what came behind the mark pushed back,
 * so that `new tls.TLSSocket(socket)` or a relay's pipe can take it at once.
 */
import type { Duplex } from 'node:stream';
import type { WireCode } from '../protocol/error.js';
import type { LegEvent, LegFailure, LegOptions, LegPeer } from '../protocol/leg-event.js';
import { Leg } from '../protocol/leg.js';
import type { Body } from '../protocol/messages.js';

/** What an owner is told of a leg, besides its end. */
export type LegNews = Exclude<LegEvent, { readonly type: 'error' | 'failed' }>;

/** Why a leg ended, when not by its owner's own doing. */
export interface LegEnd {
  readonly code: WireCode;
  readonly message: string;
  /** With SUPERSEDED: the epoch of the one that lives. */
  readonly since?: number;
  /** The other side said so; otherwise it was seen here. */
  readonly isTold: boolean;
  /** Who the other side said it was, when it was not believed. */
  readonly claimed?: LegFailure['claimed'];
}

export interface LegHandler {
  handleNews(news: LegNews, leg: LegConnection): void;
  /** Once, and nothing follows. Not called when the owner closed or released the leg. */
  handleEnd(end: LegEnd, leg: LegConnection): void;
}

/** How long a leg that was given up may take to say why. */
const LINGER_MS = 1000;
/** Control frames that the other side does not take. */
const MAX_UNSENT_BYTES = 262_144;

export interface LegConnectionOptions {
  readonly leg: LegOptions;
  readonly now: () => number;
  readonly handler: LegHandler;
  /** Called once, when the other side is admitted or the leg is over: it no longer counts as a stranger. */
  readonly leave: () => void;
  /** Where the other side is, for people: `address:port`, or what a proxy was asked for. */
  readonly remote: string;
  /** Holds this leg as long as its socket is ours. */
  readonly registry: Set<LegConnection>;
}

export class LegConnection {
  /** Told of everything from now on; set by whoever takes the leg over. */
  handler: LegHandler;
  /** Name of the neighbour in the own chain file, once known. */
  neighbour: string | undefined;
  /** `address:port` of the other side of the connection; what was dialed, where it is behind proxies. */
  readonly remote: string;
  readonly #socket: Duplex;
  readonly #leg: Leg;
  readonly #now: () => number;
  readonly #registry: Set<LegConnection>;
  #leave: (() => void) | undefined;
  #rest: Buffer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #armedFor = 0;
  #immediate: NodeJS.Immediate | undefined;
  #isOver = false;
  #isFlushing = false;

  constructor(socket: Duplex, { leg, now, handler, leave, remote, registry }: LegConnectionOptions) {
    this.handler = handler;
    this.remote = remote;
    this.#socket = socket;
    this.#now = now;
    this.#leave = leave;
    this.#registry = registry;
    registry.add(this);
    this.#leg = new Leg(leg);
    socket.on('data', this.#handleData).on('end', this.#handleSocketEnd).on('error', this.#handleSocketError).on('close', this.#handleSocketClose);
    // Behind a proxy it comes paused.
    socket.resume();
    this.#flush();
  }

  get peer(): LegPeer | undefined {
    return this.#leg.peer;
  }

  /** Whether the other side is authenticated and has sent the set-up it owes. */
  get admitted(): boolean {
    return this.#leg.admitted;
  }

  /** Whether PASS_THROUGH went both ways. */
  get transparent(): boolean {
    return this.#leg.transparent;
  }

  /** Own set-up, or another end's on its way; both payloads byte for byte. Once in each direction. */
  sendSetup(cu: Uint8Array, topology: Uint8Array): void {
    this.#command(() => this.#leg.sendSetup(cu, topology));
  }

  sendProgress(body: Body<'PROGRESS'>): void {
    this.#command(() => this.#leg.sendProgress(body));
  }

  sendShutdown(body: Body<'SHUTDOWN'>): void {
    this.#command(() => this.#leg.sendShutdown(body));
  }

  sendPassThrough(): void {
    this.#command(() => this.#leg.sendPassThrough());
  }

  /** Ends the leg, saying why where frames can still be sent. The handler is not told. */
  close(error: Body<'ERROR'>): void {
    if (this.#isOver) return;
    this.#leg.fail(error);
    this.#finish();
  }

  /** The same for a neighbour that this node no longer knows; the handler is told. */
  evict(error: Body<'ERROR'>): void {
    if (this.#isOver) return;
    this.close(error);
    this.handler.handleEnd({ ...endOf(error), isTold: false }, this);
  }

  /** The raw socket; this leg is over and owns nothing. Only when `transparent`. */
  release(): Duplex {
    if (!this.#leg.transparent || this.#isOver) throw new Error('LegConnection.release before PASS_THROUGH went both ways');
    this.#transmit();
    this.#isOver = true;
    this.#detach();
    this.#registry.delete(this);
    const socket = this.#socket;
    socket.pause();
    if (this.#rest !== undefined && this.#rest.length > 0) socket.unshift(this.#rest);
    this.#rest = undefined;
    return socket;
  }

  /** At once and without a word: the process ends, or the peer does not take what it is told. */
  destroy(): void {
    this.#isOver = true;
    this.#detach();
    this.#registry.delete(this);
    this.#socket.on('error', () => undefined).destroy();
  }

  readonly #handleData = (chunk: Buffer): void => {
    if (this.#isOver) return;
    this.#leg.handleBytes(chunk, this.#now());
    this.#flush();
  };

  readonly #handleSocketEnd = (): void => this.#lose('the other side closed the connection');

  readonly #handleSocketError = (error: Error): void => this.#lose(error.message);

  readonly #handleSocketClose = (): void => this.#lose('the connection was closed');

  #command(act: () => void): void {
    if (this.#isOver) return;
    act();
    this.#flush();
  }

  /** Events first: what their handlers command goes out in the same write. */
  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    for (let event = this.#next(); event !== undefined; event = this.#next()) this.#handleEvent(event);
    this.#isFlushing = false;
    if (this.#isOver) return;
    if (this.#leg.admitted) this.#leaveGate();
    this.#transmit();
    this.#arm();
  }

  #next(): LegEvent | undefined {
    return this.#isOver ? undefined : this.#leg.pollEvent();
  }

  #transmit(): void {
    const bytes = this.#leg.pollTransmit();
    if (bytes === undefined) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) this.#endWith({ code: 'LIMIT', message: 'the other side does not take what it is sent', isTold: false });
  }

  #handleEvent(event: LegEvent): void {
    if (event.type === 'error') return this.#endWith({ ...endOf(event.body), isTold: true });
    if (event.type === 'failed') return this.#endWith({ ...event.failure, isTold: false });
    if (event.type === 'pass-through') this.#hold();
    return this.handler.handleNews(event, this);
  }

  /** LSTP is over in this direction: nothing more is read until the new owner does. */
  #hold(): void {
    this.#socket.pause();
    this.#socket.off('data', this.#handleData);
    this.#rest = this.#leg.takeRest();
  }

  #lose(message: string): void {
    if (!this.#isOver) this.#endWith({ code: 'LOST', message, isTold: false });
  }

  #endWith(end: LegEnd): void {
    this.#finish();
    this.handler.handleEnd(end, this);
  }

  /** Says what is left to say, then closes; a peer that does not close too is cut off. */
  #finish(): void {
    this.#isOver = true;
    const bytes = this.#leg.pollTransmit();
    this.#detach();
    const socket = this.#socket;
    socket.on('error', () => undefined);
    if (bytes === undefined || socket.destroyed) return this.destroy();
    const cut = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.on('end', () => socket.destroy()).on('close', () => {
      clearTimeout(cut);
      this.#registry.delete(this);
    });
    socket.end(bytes);
    return void socket.resume();
  }

  #leaveGate(): void {
    this.#leave?.();
    this.#leave = undefined;
  }

  #detach(): void {
    this.#leaveGate();
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#socket.off('data', this.#handleData).off('end', this.#handleSocketEnd).off('error', this.#handleSocketError).off('close', this.#handleSocketClose);
  }

  /** One timer. A deadline that is put off lets it come early, and is set again then; only one that comes nearer moves it. */
  #arm(): void {
    const deadline = this.#leg.pollTimeout();
    if (deadline === undefined || this.#immediate !== undefined || (this.#timer !== undefined && this.#armedFor <= deadline)) return;
    clearTimeout(this.#timer);
    this.#armedFor = deadline;
    this.#timer = setTimeout(this.#handleTimer, Math.max(1, Math.ceil(deadline - this.#now())));
  }

  /**
   * After a stall of this process overdue timers run before the bytes that have waited in the kernel.
   * So the loop is let round once: what is there counts as a sign of life before anyone is declared dead.
   */
  readonly #handleTimer = (): void => {
    this.#timer = undefined;
    this.#immediate = setImmediate(() => {
      this.#immediate = undefined;
      this.#leg.handleTimeout(this.#now());
      this.#flush();
    });
  };
}

function endOf({ code, message = 'no reason was given', since }: Body<'ERROR'>): Omit<LegEnd, 'isTold'> {
  return { code, message, ...(since !== undefined && { since }) };
}
