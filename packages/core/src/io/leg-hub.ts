/**
 * All legs of one node: its listeners, what comes in, what is dialed, standby and link legs. The hub authenticates
 * neighbours and hands legs to roles; it knows no tunnel but by the `common` that a role registered.
 *
 * What an end does with it (a middle does the same, see packages/middle):
 *
 *   const hub = new LegHub({ node, signer, listen, log });
 *   hub.know(role, { neighbours });                      who may come: keys of the nodes beside this one
 *   hub.keep(role, { links, standbys: [] });             link legs to those it dials
 *   await hub.start();                                   listeners accept
 *
 *   A set-up leg to a neighbour that this end dials:
 *     const leg = await hub.dial({ neighbour, use: 'set-up', handler, signal });
 *     leg.sendSetup(own.cu, own.entry);                  goes in one write with HELLO
 *     handler.handleNews({ type: 'progress', body })     "waiting for lab at east"
 *     handler.handleNews({ type: 'setup', setup })       the other end's: checkPeerSetup(), then
 *     leg.sendPassThrough();
 *     handler.handleNews({ type: 'pass-through' })       now leg.transparent is true if ours went, too:
 *     const socket = leg.release();                      raw, paused, the rest pushed back, no listeners: new TLSSocket(socket)
 *     handler.handleEnd(end)                             instead of any of these: refused, lost, given up (and why)
 *
 *   An end that is dialed answers on the leg that the set-up came on, with a new attempt:
 *     hub.register(common, { handleSetup(setup, leg) { leg.handler = handler; leg.sendSetup(own.cu, own.entry); ... } })
 *   and puts its own set-up on standby legs that middles keep here (a standby leg is used by its acceptor, once):
 *     const cancel = hub.wantStandby(neighbour.keys, (leg) => { leg.handler = handler; leg.sendSetup(...) });
 *   When a set-up comes while an own one is unanswered on a standby leg of that neighbour: close the standby leg,
 *   answer the one that came (spec.md, "Standby legs").
 *
 * handleSetup() and the standby callback must set `leg.handler` before they return. Specification: docs/spec.md, "Legs".
 */
import type { Duplex } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Crypto, PublicKey, Signer } from '../protocol/crypto.js';
import type { LegOptions } from '../protocol/leg-event.js';
import type { Body } from '../protocol/messages.js';
import type { ClearSetup } from '../protocol/setup.js';
import { StandbyPool } from '../protocol/standby-pool.js';
import { AdmissionGate, DEFAULT_GATE, type GateLimits } from './admission-gate.js';
import { KeyRing, type Acquaintances } from './key-ring.js';
import { LegCaller, type DialRequest } from './leg-caller.js';
import { LegConnection, type LegEnd, type LegHandler, type LegNews } from './leg-connection.js';
import { directDialer, type LegDialer } from './leg-dialer.js';
import { LegKeeper } from './leg-keeper.js';
import { openListeners, type LegListener } from './leg-listener.js';
import { LegReception, type LegAcceptor } from './leg-reception.js';
import { LinkBoard } from './link-board.js';
import { neighbourId, type LegAddress, type Neighbour } from './neighbour.js';
import { nodeCrypto } from './node-crypto.js';
import type { WayInUse } from './way-board.js';

export interface LegHubOptions {
  readonly node: string;
  readonly signer: Signer;
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>;
  readonly listen?: readonly LegAddress[];
  readonly dialer?: LegDialer;
  /** Takes legs of other schemes than tcp. */
  readonly acceptor?: LegAcceptor;
  /** Whether connections from this address begin with the header of a load balancer, which names their true source. */
  readonly isBalancer?: (address: string) => boolean;
  readonly crypto?: Crypto;
  /** After this long without a byte a leg is asked for a sign of life; after three times as long it is dead. Follows the number of legs if absent. */
  readonly pingMs?: number;
  readonly gate?: GateLimits;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

/** Whoever takes the set-ups of a tunnel. */
export interface SetupOwner {
  /** Must set `leg.handler`, or close the leg, before it returns. */
  handleSetup(setup: ClearSetup, leg: LegConnection): void;
}

/** Legs that a role wants at neighbours for as long as it lives. */
export interface KeptLegs {
  readonly standbys: readonly Neighbour[];
  readonly links: readonly Neighbour[];
}

/** What a neighbour said on a link leg. */
export type LinkListener = (body: Body<'SHUTDOWN'>, from: PublicKey) => void;

/** With few legs a frozen neighbour is found within 5 s; with very many, what their pings cost counts more. */
const LEAST_PING_MS = 1600;
const MOST_PING_MS = 15_000;
/** Of all legs together. */
const PINGS_PER_SECOND = 1250;
/** Lines of the log about refused connections. */
const STRANGERS_A_MINUTE = 30;

export class LegHub {
  readonly #options: LegHubOptions;
  readonly #now: () => number;
  readonly #started = Date.now();
  readonly #inbound: LegReception;
  readonly #ring = new KeyRing();
  readonly #caller: LegCaller;
  readonly #legs = new Set<LegConnection>();
  readonly #tunnels = new Map<string, SetupOwner>();
  #relay: SetupOwner | undefined;
  readonly #standbys = new StandbyPool<LegConnection, (leg: LegConnection) => void>();
  readonly #links: LinkBoard;
  readonly #linkListeners = new Set<LinkListener>();
  readonly #kept = new Map<object, KeptLegs>();
  readonly #keepers = new Map<string, LegKeeper>();
  readonly #standbyListeners = new Set<(key: PublicKey) => void>();
  #listeners: readonly LegListener[] = [];
  #isStopped = false;
  #logged = { minute: 0, lines: 0 };
  /** Connections dropped and legs refused, by reason. */
  readonly refusals = new Map<string, number>();

  constructor(options: LegHubOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#links = new LinkBoard(this.#now);
    this.#inbound = new LegReception({
      gate: new AdmissionGate(options.gate ?? DEFAULT_GATE),
      acceptor: options.acceptor,
      isBalancer: options.isBalancer,
      onLeg: (stream, facts) => this.#accept(stream, facts),
      onDropped: (reason) => this.#count(reason),
      onRefused: (remote, error) => this.#noteStranger('no leg', { remote, code: (error as NodeJS.ErrnoException).code ?? 'ERR_LSTP_LEG_CLOSED' }, error.message),
    });
    this.#caller = new LegCaller({
      dialer: options.dialer ?? directDialer,
      now: this.#now,
      connection: (request, dialed) => this.#dialedOptions(request, dialed),
    });
  }

  /** Where it listens, with real ports. */
  get addresses(): readonly string[] {
    return this.#listeners.map(({ address }) => address);
  }

  /** How each neighbour that was dialed is reached, or why it is not. */
  get ways(): WayInUse[] {
    return this.#caller.ways;
  }

  get standbyCount(): number {
    return this.#standbys.idleCount;
  }

  get linkCount(): number {
    return this.#links.count;
  }

  /** Resolves when all listeners accept. Rejects with ListenError, with nothing left open. */
  async start(): Promise<void> {
    this.#listeners = await openListeners(this.#options.listen ?? [], { acceptor: this.#options.acceptor, onConnection: (socket, address) => this.#inbound.receive(socket, address) });
  }

  /** Takes no more connections; a successor may listen at once. Legs go on. */
  closeListeners(): void {
    for (const { server } of this.#listeners) server.close();
    this.#listeners = [];
  }

  /** Ends everything that is still the hub's, at once. Released sockets are their owners'. */
  stop(): void {
    this.closeListeners();
    for (const keeper of this.#keepers.values()) keeper.stop();
    this.#keepers.clear();
    this.#inbound.stop();
    for (const leg of [...this.#legs]) leg.destroy();
    this.#isStopped = true;
  }

  /** Whom `role` knows from now on. Legs of neighbours that no role knows any more are closed. */
  know(role: object, acquaintances: Acquaintances): void {
    this.#ring.set(role, acquaintances);
    for (const leg of [...this.#legs]) {
      if (leg.peer !== undefined && !this.#ring.has(leg.peer.key)) leg.evict({ code: 'REFUSED', message: 'this node no longer knows your key' });
    }
  }

  /** The name of a neighbour in a chain file, by its key. */
  nameOf(key: PublicKey): string | undefined {
    return this.#ring.nameOf(key);
  }

  /** Set-ups of this `common` go to `owner`. Gives what ends that. */
  register(common: string, owner: SetupOwner): () => void {
    this.#tunnels.set(common, owner);
    return () => {
      if (this.#tunnels.get(common) === owner) this.#tunnels.delete(common);
    };
  }

  /** Set-ups that no end registered for go to this middle. */
  relayTo(owner: SetupOwner | undefined): void {
    this.#relay = owner;
  }

  /** Dials a leg; rejects with DialError when no address and way out gives a connection. */
  dial(request: DialRequest): Promise<LegConnection> {
    return this.#caller.dial(request);
  }

  /** Calls `take` with a standby leg of a holder of one of `keys`: at once, or when one comes. Gives what calls it off. */
  wantStandby(keys: readonly PublicKey[], take: (leg: LegConnection) => void): () => void {
    // A new function for each want, since it is also the want's identity.
    const want = (leg: LegConnection) => take(leg);
    const idle = this.#standbys.want(keys, want);
    if (idle !== undefined) want(idle);
    return () => this.#standbys.unwant(want);
  }

  /** An idle standby leg of a holder of one of `keys`, if there is one; its handler must be set before the loop goes on. */
  takeStandby(keys: readonly PublicKey[]): LegConnection | undefined {
    let taken: LegConnection | undefined;
    this.wantStandby(keys, (leg) => (taken = leg))();
    return taken;
  }

  /** Calls `listener` when a standby leg came that no want was waiting for. Gives what ends that. */
  onStandby(listener: (key: PublicKey) => void): () => void {
    this.#standbyListeners.add(listener);
    return () => this.#standbyListeners.delete(listener);
  }

  /** Standby and link legs that `role` keeps from now on; one of each to a neighbour, whatever roles want it, and where it is now. */
  keep(role: object, legs: KeptLegs): void {
    this.#kept.set(role, legs);
    const wanted = new Map<string, { readonly neighbour: Neighbour; readonly use: 'standby' | 'link' }>();
    for (const { standbys, links } of this.#kept.values()) {
      for (const neighbour of standbys) wanted.set(`standby ${neighbourId(neighbour)}`, { neighbour, use: 'standby' });
      for (const neighbour of links) wanted.set(`link ${neighbourId(neighbour)}`, { neighbour, use: 'link' });
    }
    for (const [id, keeper] of this.#keepers) {
      if (isDeepStrictEqual(keeper.neighbour, wanted.get(id)?.neighbour)) continue;
      keeper.stop();
      this.#keepers.delete(id);
    }
    for (const [id, { neighbour, use }] of wanted) if (!this.#keepers.has(id)) this.#keepers.set(id, this.#keeper(neighbour, use));
  }

  /** Calls `listener` with every SHUTDOWN of a neighbour. Gives what ends that. */
  onLinkNews(listener: LinkListener): () => void {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  }

  /** Tells the neighbour who holds one of `keys`; all neighbours without `keys`. */
  tell(body: Body<'SHUTDOWN'>, keys?: readonly PublicKey[]): void {
    if (keys === undefined) this.#links.tellAll(body);
    else this.#links.tell(keys, body);
  }

  #accept(stream: Duplex, { remote, leave }: { readonly remote: string; readonly leave: () => void }): void {
    if (this.#isStopped) {
      leave();
      return void stream.on('error', () => undefined).destroy();
    }
    const leg = { role: 'acceptor' as const, admits: this.#admits, ...this.#legOptions() };
    return void new LegConnection(stream, { leg, now: this.#now, handler: this.#reception, leave, remote, registry: this.#legs });
  }

  readonly #admits = (key: PublicKey): boolean => this.#ring.has(key);

  /** Owns inbound legs until it is known what they are for. */
  readonly #reception: LegHandler = {
    handleNews: (news, leg) => {
      if (news.type === 'authenticated') this.#receive(leg);
      if (news.type === 'setup') this.#handOver(news.setup, leg);
    },
    handleEnd: (end, leg) => this.#noteRefusal(end, leg),
  };

  #receive(leg: LegConnection): void {
    const { use, key } = leg.peer as NonNullable<LegConnection['peer']>;
    leg.neighbour = this.#ring.nameOf(key);
    if (use === 'standby') this.#receiveStandby(leg, key);
    if (use !== 'link') return;
    leg.handler = this.#linkHandler;
    this.#links.arrive(leg);
  }

  #receiveStandby(leg: LegConnection, key: PublicKey): void {
    leg.handler = { handleNews: () => undefined, handleEnd: () => this.#standbys.lose(key, leg) };
    const { taken, surplus } = this.#standbys.arrive(key, leg, leg.peer?.started ?? 0);
    for (const old of surplus) old.close({ code: 'SUPERSEDED', message: 'a newer process of this neighbour is here, or it has too many standby legs here' });
    if (taken !== undefined) return taken(leg);
    for (const listener of this.#standbyListeners) listener(key);
  }

  #handOver(setup: ClearSetup, leg: LegConnection): void {
    const owner = this.#tunnels.get(setup.info.common) ?? this.#relay;
    if (owner !== undefined) return owner.handleSetup(setup, leg);
    this.#count('no such tunnel');
    this.#options.log.info({ peer: leg.neighbour, remote: leg.remote }, 'set-up refused: no tunnel of this node has its common name');
    return leg.close({ code: 'REFUSED', message: 'no tunnel here has this common name' });
  }

  readonly #linkHandler: LegHandler = {
    handleNews: (news, leg) => this.#handleLinkNews(news, leg),
    handleEnd: (_end, leg) => this.#links.remove(leg),
  };

  #handleLinkNews(news: LegNews, leg: LegConnection): void {
    if (news.type !== 'shutdown' || leg.peer === undefined) return;
    for (const listener of this.#linkListeners) listener(news.body, leg.peer.key);
  }

  #keeper(neighbour: Neighbour, use: 'standby' | 'link'): LegKeeper {
    const { log } = this.#options;
    return new LegKeeper({
      neighbour,
      use,
      now: this.#now,
      dial: (request) => this.dial(request),
      onNews: (news, leg) => {
        if (news.type === 'setup') this.#handOver(news.setup, leg);
        else if (news.type === 'authenticated' && use === 'link') this.#links.add(leg);
        else if (use === 'link') this.#handleLinkNews(news, leg);
      },
      onLost: (leg) => this.#links.remove(leg),
      onFailure: (reason) => log.debug({ peer: neighbour.node, use, reason }, `${use} leg is not there`),
    });
  }

  #dialedOptions({ neighbour, use, handler }: DialRequest, { remote, leave }: { readonly remote: string; readonly leave: () => void }) {
    const leg: LegOptions = { role: 'dialer', pins: neighbour.keys, use, started: this.#started, ...this.#legOptions() };
    const named: LegHandler = {
      handleNews: (news, connection) => {
        connection.neighbour = neighbour.node;
        connection.handler = handler;
        handler.handleNews(news, connection);
      },
      handleEnd: (end, connection) => handler.handleEnd(end, connection),
    };
    return { leg, now: this.#now, handler: named, leave, remote, registry: this.#legs };
  }

  #legOptions() {
    const { node, signer, crypto = nodeCrypto, pingMs = pingMsFor(this.#legs.size) } = this.#options;
    return { node, signer, crypto, pingMs, now: this.#now() };
  }

  /** A stranger was told REFUSED and no more; who it said it was stands here. */
  #noteRefusal({ code, message, claimed, isTold }: LegEnd, leg: LegConnection): void {
    if (isTold || leg.peer !== undefined) return;
    const expected = claimed?.node === undefined ? [] : this.#ring.keysOf(claimed.node);
    this.#noteStranger(code, { remote: leg.remote, code, ...(claimed && { claimed }), ...(expected.length > 0 && { expected }) }, message);
  }

  #noteStranger(counted: string, detail: object, message: string): void {
    this.#count(counted);
    const line = `connection refused: ${message}`;
    if (this.#mayLog()) this.#options.log.info(detail, line);
    else this.#options.log.debug(detail, line);
  }

  /** Strangers must not fill the log: beyond a few lines a minute they are counted, and told at debug level. */
  #mayLog(): boolean {
    const minute = Math.floor(this.#now() / 60_000);
    if (minute !== this.#logged.minute) this.#logged = { minute, lines: 0 };
    this.#logged.lines += 1;
    return this.#logged.lines <= STRANGERS_A_MINUTE;
  }

  #count(reason: string): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }
}

/** How often a new leg is asked, when there are so many already. */
export function pingMsFor(legs: number): number {
  return Math.min(MOST_PING_MS, Math.max(LEAST_PING_MS, (legs * 1000) / PINGS_PER_SECOND));
}
