/**
 * A middle over the node's legs: executes what the rendezvous decides, joins pairs, drains, reloads.
 * Makes no protocol decision; those are in @lstp/core's Rendezvous. Several chains may be served by one process.
 */
import {
  Rendezvous,
  formatLegAddress,
  neighboursOf,
  nodeCrypto,
  type Admissions,
  type Body,
  type Chain,
  type ClearSetup,
  type Crypto,
  type EndQuotas,
  type LegConnection,
  type LegEnd,
  type LegHandler,
  type LegHub,
  type LegId,
  type LegNews,
  type Neighbour,
  type PublicKey,
  type RelayHop,
  type RelayStatus,
  type RendezvousAction,
  type SetupOwner,
  type Signer,
} from '@lstp/core';
import { readAdmissions } from './admit-file.js';
import { NewsRouter } from './news-router.js';
import { PipeBudget } from './pipe.js';
import { PipeYard } from './pipe-yard.js';
import { relayPlan, type RelayPlan } from './relay-plan.js';

export interface MiddleOptions {
  readonly node: string;
  readonly chains: readonly Chain[];
  readonly signer: Signer;
  readonly log: MiddleLog;
  readonly crypto?: Crypto;
  readonly limits?: Partial<MiddleLimits>;
}

export interface MiddleLog {
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

/** What depends on the machine. Bytes that wait for slow receivers; legs of all kinds; what each end may have. */
export interface MiddleLimits {
  readonly directionBytes: number;
  readonly totalBytes: number;
  readonly quotas: EndQuotas | undefined;
}

export const DEFAULT_MIDDLE_LIMITS: MiddleLimits = { directionBytes: 262_144, totalBytes: 268_435_456, quotas: undefined };

/** The plan in force, and how its neighbours are dialed. Hops of older plans stay dialable while set-ups hold them. */
type Hops = WeakMap<RelayHop, RelayPlan['neighbours']>;

export class MiddleRole implements SetupOwner {
  readonly #hub: LegHub;
  readonly #options: MiddleOptions;
  readonly #crypto: Crypto;
  readonly #rendezvous: Rendezvous;
  readonly #news: NewsRouter;
  readonly #pipes: PipeYard;
  readonly #legs = new Map<LegId, LegConnection>();
  readonly #ids = new Map<LegConnection, LegId>();
  /** Dials that have not come to a leg, and wants that have not come to a standby leg: how each is called off. */
  readonly #pending = new Map<LegId, () => void>();
  readonly #hops: Hops = new WeakMap();
  readonly #counters = new Map<string, number>();
  /** What was told of neighbours that cannot be reached, by name. */
  readonly #unreached = new Map<string, string>();
  #links: readonly Neighbour[] = [];
  #served: Served = new Map();
  #unlisten: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isWorking = false;

  constructor(hub: LegHub, options: MiddleOptions) {
    const limits = { ...DEFAULT_MIDDLE_LIMITS, ...options.limits };
    const { node, signer, crypto = nodeCrypto } = options;
    this.#hub = hub;
    this.#options = options;
    this.#crypto = crypto;
    this.#rendezvous = new Rendezvous({ node, signer, crypto, address: this.#ownAddress(), ...(limits.quotas && { quotas: limits.quotas }) });
    this.#news = new NewsRouter(node);
    this.#pipes = new PipeYard(new PipeBudget(limits.totalBytes, limits.directionBytes), (leg, isSilent) => this.#handlePipeOver(leg, isSilent));
  }

  /** Takes set-ups from the hub, and dials standby and link legs. The hub's listeners are opened by whoever made the hub. Throws ConfigError for a bad `admit` file. */
  start(): void {
    this.reload(this.#options.chains);
    this.#hub.relayTo(this);
    this.#unlisten = this.#hub.onLinkNews((body, from) => this.#forwardNews(body, from));
  }

  /** Whether any of these chains gives this node something to relay. */
  static isNeeded(chains: readonly Chain[], node: string): boolean {
    return chains.some(({ nodes, tunnels }) => nodes.get(node)?.admit !== undefined || [...tunnels.values()].some(({ routes }) => routes.some((route) => route.nodes.slice(1, -1).includes(node))));
  }

  /** Whether reload() would take `chains`: throws ConfigError where their lists of admitted keys are wrong. */
  check(chains: readonly Chain[]): void {
    readAdmissions(chains, this.#options.node, this.#crypto);
  }

  /**
   * Serves `chains` and the admitted keys of today. What is no longer served is closed; all else goes on. Gives one line a
   * change. Throws ConfigError with nothing changed.
   */
  reload(chains: readonly Chain[]): string[] {
    const { node, signer } = this.#options;
    const admissions = readAdmissions(chains, node, this.#crypto);
    const plan = relayPlan(chains, node, this.#crypto);
    for (const hop of plan.neighbours.keys()) this.#hops.set(hop, plan.neighbours);
    const beside = neighboursOf(chains, node, signer.publicKey);
    this.#hub.know(this, { neighbours: beside.map(({ neighbour }) => neighbour), admitted: admissions.keys() });
    this.#links = beside.filter(({ dialsLink }) => dialsLink).map(({ neighbour }) => neighbour);
    this.#hub.keep(this, { standbys: plan.standbys, links: this.#links });
    this.#news.configure(chains);
    this.#rendezvous.configure(plan.tunnels, admissions);
    this.#work();
    const served = servedBy(plan, admissions);
    const changes = changesBetween(this.#served, served);
    this.#served = served;
    return changes;
  }

  /**
   * Listeners close at once, so that a successor may start; neighbours are told; what is not paired is refused; pairs go on
   * until their ends have left, or `deadlineMs`.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#hub.closeListeners();
    this.#hub.tell({ node: this.#options.node, deadlineMs });
    this.#hub.keep(this, { standbys: [], links: this.#links });
    this.#rendezvous.drain();
    this.#work();
    await this.#pipes.drain(deadlineMs);
  }

  /** Ends every pair at once. Idempotent. Legs that are not paired are the hub's. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#unlisten?.();
    this.#hub.relayTo(undefined);
    for (const callOff of this.#pending.values()) callOff();
    this.#pending.clear();
    this.#pipes.destroyAll();
  }

  status(): RelayStatus {
    const now = performance.now();
    const legs = [...this.#rendezvous.legs()].map(({ leg, tunnel, side, neighbour, state, since }) => ({
      tunnel: tunnel ?? null,
      side,
      from: this.#legs.get(leg)?.neighbour ?? this.#hub.nameOf(neighbour) ?? neighbour,
      state,
      ageMs: Math.round(now - since),
    }));
    const parked = legs.filter(({ state }) => state === 'parked').length;
    const paired = legs.filter(({ state }) => state === 'paired').length;
    const { standbyCount, linkCount } = this.#hub;
    const events = Object.fromEntries([...this.#counters, ...[...this.#hub.refusals].map(([reason, count]) => [`connection refused: ${reason}`, count] as const)]);
    return { parked, waiting: legs.length - parked - paired, paired, standby: standbyCount, links: linkCount, bytes: this.#pipes.bytes, events, legs };
  }

  /** From the hub: a set-up on an inbound leg, or on a standby leg of ours that its acceptor used. */
  handleSetup(setup: ClearSetup, leg: LegConnection): void {
    const id = this.#number(leg, this.#rendezvous.newLeg());
    this.#rendezvous.handleSetup(setup, { leg: id, neighbour: leg.peer?.key ?? '', now: performance.now() });
    this.#work();
  }

  #number(leg: LegConnection, id: LegId): LegId {
    this.#legs.set(id, leg);
    this.#ids.set(leg, id);
    leg.handler = this.#handler;
    return id;
  }

  #forget(id: LegId): LegConnection | undefined {
    const leg = this.#legs.get(id);
    this.#legs.delete(id);
    if (leg !== undefined) this.#ids.delete(leg);
    return leg;
  }

  /** One handler for all legs: a closure for each would be most of a parked leg's memory. */
  readonly #handler: LegHandler = {
    handleNews: (news, leg) => {
      const id = this.#ids.get(leg);
      if (id !== undefined) this.#handleNews(id, leg, news);
      this.#work();
    },
    handleEnd: (end, leg) => {
      const id = this.#ids.get(leg);
      if (id !== undefined) this.#handleEnd(id, leg, end);
      this.#work();
    },
  };

  #handleNews(id: LegId, leg: LegConnection, news: LegNews): void {
    const now = performance.now();
    switch (news.type) {
      case 'greeted':
        return this.#rendezvous.handleGreeted(id, news.key);
      case 'setup':
        return this.#rendezvous.handleSetup(news.setup, { leg: id, neighbour: leg.peer?.key ?? '', now });
      case 'progress':
        return this.#rendezvous.handleProgress(id, news.body);
      case 'pass-through':
        return this.#rendezvous.handlePassThrough(id, now);
      default:
    }
  }

  /** What the other side said goes on as it is; what was seen here is LOST to the others. */
  #handleEnd(id: LegId, leg: LegConnection, { code, message, isTold, since }: LegEnd): void {
    this.#forget(id);
    this.#count(`leg ended: ${code}`);
    if (leg.peer === undefined) {
      this.#options.log.info({ peer: leg.neighbour, remote: leg.remote, code }, `dialing failed: ${message}`);
      return this.#rendezvous.handleDialFailed(id, { address: leg.remote, code });
    }
    this.#rendezvous.handleLost(id, isTold ? { code, message, ...(since !== undefined && { since }) } : { code: 'LOST', message: `${this.#options.node} lost a leg: ${message}` });
  }

  #handlePipeOver(leg: LegId, isSilent: boolean): void {
    this.#count(isSilent ? 'pair ended: silent' : 'pair ended');
    this.#rendezvous.handleLost(leg);
    this.#work();
  }

  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    for (let action = this.#rendezvous.pollAction(); action !== undefined; action = this.#rendezvous.pollAction()) this.#do(action);
    this.#isWorking = false;
    this.#arm();
  }

  #do(action: RendezvousAction): void {
    switch (action.do) {
      case 'send-setup':
        return this.#legs.get(action.leg)?.sendSetup(action.cu, action.topology);
      case 'dial':
        return void this.#dial(action.leg, action.hop);
      case 'want-standby':
        return this.#want(action.leg, action.hop);
      case 'unwant-standby':
        return this.#callOff(action.leg);
      case 'progress':
        return this.#legs.get(action.leg)?.sendProgress(action.body);
      case 'pass-through':
        return this.#legs.get(action.leg)?.sendPassThrough();
      case 'join':
        return this.#join(action.legs, action.pingMs);
      case 'close':
        return this.#close(action.leg, action.error);
      case 'refused':
        return this.#noteRefusal(action.leg, action.error);
    }
  }

  async #dial(id: LegId, hop: RelayHop): Promise<void> {
    const neighbour = this.#hops.get(hop)?.get(hop);
    if (neighbour === undefined) throw new Error(`no neighbour is known for a hop to ${hop.neighbour}`);
    const dial = new AbortController();
    this.#pending.set(id, () => dial.abort());
    try {
      const leg = await this.#hub.dial({ neighbour, use: 'set-up', handler: this.#handler, signal: dial.signal });
      this.#unreached.delete(neighbour.node);
      if (this.#pending.delete(id)) this.#number(leg, id);
      else leg.close({ code: 'LOST' });
    } catch (error) {
      if (!this.#pending.delete(id)) return;
      const { address = '', code = 'ERR_LSTP_DIAL', message } = error as Error & { address?: string; code?: string };
      this.#count(`dial failed: ${code}`);
      this.#tellUnreached(neighbour, { address, code, message });
      this.#rendezvous.handleDialFailed(id, { address, code });
      this.#work();
    }
  }

  /** Each reason once, until the neighbour is reached: ends that wait for it ask again and again. */
  #tellUnreached({ node }: Neighbour, { message, ...fields }: { readonly address: string; readonly code: string; readonly message: string }): void {
    const isNew = this.#unreached.get(node) !== message;
    this.#unreached.set(node, message);
    this.#options.log[isNew ? 'info' : 'debug']({ peer: node, ...fields }, `cannot reach ${node}: ${message}`);
  }

  #want(wanter: LegId, hop: RelayHop): void {
    const callOff = this.#hub.wantStandby(hop.keys, (leg) => {
      this.#pending.delete(wanter);
      const id = this.#number(leg, this.#rendezvous.newLeg());
      const isWanted = this.#rendezvous.handleStandby(wanter, id, leg.peer?.key ?? '');
      if (!isWanted) this.#close(id, { code: 'LOST', message: 'the set-up that waited for a standby leg is gone' });
      this.#work();
    });
    if (this.#rendezvous.wantsStandby(wanter)) this.#pending.set(wanter, callOff);
  }

  #callOff(id: LegId): void {
    this.#pending.get(id)?.();
    this.#pending.delete(id);
  }

  #join(legs: readonly [LegId, LegId], pingMs: number): void {
    // One may have broken while PASS_THROUGH was written to it; the action that closes the other is behind this one.
    if (!legs.every((id) => this.#legs.has(id))) return;
    const [a, b] = legs.map((id) => this.#forget(id)?.release());
    if (a === undefined || b === undefined) throw new Error('a pair was joined whose legs are gone');
    this.#count('paired');
    this.#pipes.join(legs, [a, b], pingMs);
  }

  #close(id: LegId, error: Body<'ERROR'>): void {
    this.#callOff(id);
    if (!this.#pipes.destroy(id)) this.#forget(id)?.close(error);
  }

  #noteRefusal(id: LegId, { code, message }: Body<'ERROR'>): void {
    const leg = this.#legs.get(id);
    this.#count(`set-up refused: ${code}`);
    this.#options.log.info({ peer: leg?.neighbour ?? leg?.peer?.key, remote: leg?.remote, code }, `set-up refused: ${message}`);
  }

  #forwardNews(body: Body<'SHUTDOWN'>, from: PublicKey): void {
    for (const keys of this.#news.receiversOf(body, { from, now: performance.now() })) this.#hub.tell(body, keys);
  }

  #count(reason: string): void {
    this.#counters.set(reason, (this.#counters.get(reason) ?? 0) + 1);
  }

  #ownAddress(): string {
    const { chains, node } = this.#options;
    const [address] = chains.flatMap(({ nodes }) => nodes.get(node)?.address ?? []);
    return address === undefined ? '' : formatLegAddress(address);
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const deadline = this.#rendezvous.pollTimeout();
    if (deadline === undefined) return;
    this.#timer = setTimeout(() => {
      this.#rendezvous.handleTimeout(performance.now());
      this.#work();
    }, Math.max(1, deadline - performance.now()));
  }
}

/** What is relayed, as people read it; by what it is told apart, and how a change of that is called. */
type Served = ReadonlyMap<string, { readonly detail: string; readonly change: string }>;

function servedBy({ tunnels, neighbours }: RelayPlan, admissions: Admissions): Served {
  const served = new Map<string, { detail: string; change: string }>();
  for (const { name, ends, routes } of tunnels) {
    const ways = [...routes].map(([alt, { left, right }]) => [alt, left, neighbours.get(left), right, neighbours.get(right)]);
    const line = `relayed tunnel ${name}`;
    // Tunnels of two files may have one name.
    served.set(line, { detail: (served.get(line)?.detail ?? '') + JSON.stringify([ends, ways]), change: 'has other keys, addresses or routes' });
  }
  for (const [key, { any, commons }] of admissions) served.set(`admitted key ${key}`, { detail: any ? '*' : [...commons].sort().join(' '), change: 'has other names' });
  return served;
}

function changesBetween(before: Served, now: Served): string[] {
  const added = [...now.keys()].filter((line) => !before.has(line)).map((line) => `${line} added`);
  const changed = [...now].filter(([line, { detail }]) => (before.get(line)?.detail ?? detail) !== detail).map(([line, { change }]) => `${line} ${change}`);
  const removed = [...before.keys()].filter((line) => !now.has(line)).map((line) => `${line} removed`);
  return [...added, ...changed, ...removed];
}
