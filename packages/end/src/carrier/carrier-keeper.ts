/**
 * Keeps the carriers of one tunnel up, for ever: which lane is tried when, what is answered, what is held back.
 *
 * The left end walks its alternatives, one at a time; the right end offers every alternative, so that both meet.
 * Lanes on which the neighbour dials us are answered when a set-up comes, or use a standby leg of that neighbour.
 * Specification: docs/spec.md, "Dialing neighbours".
 */
import { isDeepStrictEqual } from 'node:util';
import { Backoff, CONFIGURED_SLOTS, OWN_CARRIERS, type Carrier, type ClearSetup, type LegConnection, type WireCode } from '@lstp/core';
import type { BuiltCarrier } from './carrier-builder.js';
import { Lane, type LaneFacts, type LaneFailure, type LaneHost } from './lane.js';
import { beginAnew, concerns, isLoss, leadsOver, whyOf, type Farewell, type LaneControl } from './lane-control.js';
import type { Alternative } from './route-pins.js';

/** The left end walks on when nobody was paired with it for this long. */
const UNPAIRED_MS = 5000;
/** A newer process runs as this end: ask again, rarely. */
const SUPERSEDED_MS = 60_000;
/** A carrier that lived, or a leg that waited, this long was a success: one that is lost every two seconds is built anew as quickly each time. */
const STABLE_MS = 1000;
/** A carrier that is not on the way that its slot prefers tries to go back there this often. */
const RETURN_MS = 5000;
/** A set-up for a slot that we do not know yet: our own word for it may be on its way. */
const UNKNOWN_SLOT_MS = 10_000;

export interface KeeperOptions {
  readonly side: 'left' | 'right';
  readonly carriers: number;
  /** In order; update() gives others. */
  readonly alternatives: readonly Alternative[];
  readonly lane: Omit<LaneHost, 'handleReached' | 'handlePaired' | 'handleBuilt' | 'handleFailed' | 'handleProgress'>;
  now(): number;
  /** A carrier should have another in its place, over whatever way there is then. */
  replace(carrier: Carrier): void;
  /** Gives a built carrier to the tunnel. */
  handleBuilt(built: BuiltCarrier, facts: LaneFacts): Carrier;
  /** What a person should know while the tunnel is not up. */
  report(text: string, slot: number): void;
  /** Somebody between the two ends edited what it forwards. */
  alarm(text: string, facts: LaneFacts): void;
}

interface Held {
  readonly leg: LegConnection;
  readonly setup: ClearSetup;
}

interface SlotState {
  readonly slot: number;
  readonly lanes: LaneControl[];
  carrier: Carrier | undefined;
  /** The alternative that the carrier took. */
  alt: number;
  since: number;
  /** Left end: where its walk begins. Several carriers begin at different ones. */
  readonly preferred: number;
  /** Left end: the alternative that is being tried. */
  walk: number;
  /** Left end: set-ups on other ways than the carrier's, by the alternative; one is answered when the carrier is gone. */
  readonly held: Map<number, Held>;
  /** A middle on the way of the carrier that is going down: another way is being tried meanwhile. */
  leaving: string | undefined;
  expiry: NodeJS.Timeout | undefined;
}

export class CarrierKeeper {
  readonly #options: KeeperOptions;
  readonly #slots = new Map<number, SlotState>();
  readonly #strangers = new Map<LegConnection, { readonly setup: ClearSetup; readonly timer: NodeJS.Timeout }>();
  #alternatives: readonly Alternative[];
  #stopped = true;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#alternatives = options.alternatives;
  }

  start(): void {
    this.#stopped = false;
    for (let slot = 0; slot < this.#options.carriers; slot += 1) this.#ensure(this.#addSlot(slot));
  }

  /** No new carriers; those that are up are the tunnel's. */
  stop(): void {
    this.#stopped = true;
    for (const slot of [...this.#slots.keys()]) this.#dropSlot(slot);
    for (const [leg, { timer }] of this.#strangers) {
      clearTimeout(timer);
      leg.close({ code: 'SHUTTING_DOWN', message: 'this end is going down' });
    }
    this.#strangers.clear();
  }

  /** The same routes with other keys, addresses or ways out: attempts under way begin anew, carriers that are up are the tunnel's. */
  update(alternatives: readonly Alternative[]): void {
    this.#alternatives = alternatives;
    for (const state of this.#slots.values()) {
      const changed = state.lanes.filter((control) => this.#renew(state, control));
      if (changed.length === 0) continue;
      if (state.carrier === undefined) this.#ensure(state);
      else if (this.#options.side === 'right') this.#ensureOthers(state);
      else if (state.leaving !== undefined) this.#walk(state);
      else this.#returnLater(state);
    }
  }

  /** An additional carrier is wanted for `slot`, for `forMs`. */
  want(slot: number, forMs: number): void {
    if (this.#stopped || this.#slots.has(slot)) return;
    const state = this.#addSlot(slot);
    state.expiry = setTimeout(() => state.carrier === undefined && this.#dropSlot(slot), forMs);
    this.#ensure(state);
    for (const [leg, { setup }] of this.#strangers) {
      if (setup.info.slot === slot && this.#dropStranger(leg)) this.handleInbound(leg, setup);
    }
  }

  unwant(slot: number): void {
    if (slot >= this.#options.carriers) this.#dropSlot(slot);
  }

  /** A carrier is gone, and why. Older ones that were replaced do not matter any more. */
  handleClosed(carrier: Carrier, code: WireCode): void {
    const state = this.#slots.get(carrier.slot);
    if (state === undefined || state.carrier !== carrier) return;
    const backoff = state.lanes[state.alt]?.backoff;
    if (this.#options.now() - state.since >= STABLE_MS) backoff?.reset();
    else backoff?.ease();
    state.carrier = undefined;
    if (carrier.slot >= this.#options.carriers) return this.#dropSlot(carrier.slot);
    state.leaving = undefined;
    // Whatever is silent on this way would swallow the next attempt, too.
    if (code === 'TIMEOUT') state.walk = (state.alt + 1) % state.lanes.length;
    const [held] = state.held.values();
    if (held !== undefined) return this.#answerHeld(state, held);
    const control = state.lanes[state.alt];
    if (control === undefined || this.#stopped) return;
    clearTimeout(control.timer);
    control.timer = setTimeout(() => state.carrier === undefined && this.#ensure(state), backoff?.next(this.#options.now(), 'behind') ?? 0);
  }

  /**
   * A middle goes, says a neighbour. The left end builds a carrier over an alternative without it, while the one over it still
   * works; the right end offers every alternative anyway. Where there is none, both ends build one through the middle's successor.
   * What is on its way over it may yet come up, and is left then.
   */
  handleDraining(farewell: Farewell): void {
    if (this.#options.side === 'right' || this.#stopped) return;
    for (const state of this.#slots.values()) {
      for (const control of state.lanes) if (control.lane.state !== 'idle' && concerns(farewell, control)) control.farewell = farewell;
      this.#leave(state, farewell);
    }
  }

  /** A carrier that was built works now. */
  handleAlive({ slot }: Carrier): void {
    const state = this.#slots.get(slot);
    const { farewell } = state?.lanes[state.alt] ?? {};
    if (state !== undefined && farewell !== undefined) this.#leave(state, farewell);
  }

  /** The other end's set-up came on a leg that its neighbour dialed to us. */
  handleInbound(leg: LegConnection, setup: ClearSetup): void {
    const { slot, alt, instance } = setup.info;
    const state = this.#slots.get(slot);
    if (this.#stopped) return leg.close({ code: 'SHUTTING_DOWN', message: 'this end is going down' });
    if (this.#alternatives[alt]?.neighbour.keys.includes(leg.peer?.key ?? '') !== true) return leg.close({ code: 'ROUTE', message: `alternative ${alt} does not come here over you` });
    if (state === undefined) return this.#holdStranger(leg, setup);
    const isLeaving = state.leaving !== undefined && !leadsOver(state.lanes[alt], state.leaving);
    const isNeedless = state.alt !== alt && alt !== state.preferred && !isLeaving;
    const keeps = this.#options.side === 'left' && state.carrier?.facts.peerInstance === instance && isNeedless;
    if (!keeps) return this.#answer(state, leg, setup);
    state.held.get(alt)?.leg.close({ code: 'SUPERSEDED', message: 'another leg waits for this slot on this way' });
    state.held.set(alt, { leg, setup });
    leg.handler = { handleNews: () => {}, handleEnd: () => state.held.get(alt)?.leg === leg && state.held.delete(alt) };
  }

  #leave(state: SlotState, farewell: Farewell): void {
    const { carrier } = state;
    const { node } = farewell;
    if (carrier === undefined || !concerns(farewell, state.lanes[state.alt])) return;
    const walk = state.lanes.findIndex((control) => !leadsOver(control, node));
    if (walk < 0) return this.#options.replace(carrier);
    state.leaving = node;
    state.walk = walk;
    const held = [...state.held.values()].find(({ setup }) => !leadsOver(state.lanes[setup.info.alt], node));
    if (held === undefined) this.#walk(state);
    else this.#answerHeld(state, held);
  }

  #addSlot(slot: number): SlotState {
    const preferred = slot < this.#options.carriers ? slot % this.#alternatives.length : 0;
    const state: SlotState = { slot, lanes: [], carrier: undefined, alt: 0, since: 0, preferred, walk: preferred, held: new Map(), leaving: undefined, expiry: undefined };
    for (const { dials, ...facts } of this.#alternatives) {
      state.lanes.push({ lane: new Lane({ ...facts, slot }, this.#laneHost(state)), dials, backoff: new Backoff(), reachedAt: undefined, farewell: undefined, timer: undefined });
    }
    this.#slots.set(slot, state);
    return state;
  }

  /** A lane of what its alternative is now; false where that is what it was. */
  #renew(state: SlotState, control: LaneControl): boolean {
    const { slot, alt } = control.lane.facts;
    const { dials: _, ...facts } = this.#alternatives[alt] ?? { ...control.lane.facts, dials: control.dials };
    if (isDeepStrictEqual(control.lane.facts, { ...facts, slot })) return false;
    clearTimeout(control.timer);
    control.lane.cancel();
    control.backoff.reset();
    control.lane = new Lane({ ...facts, slot }, this.#laneHost(state));
    return true;
  }

  #dropSlot(slot: number): void {
    const state = this.#slots.get(slot);
    if (state === undefined) return;
    this.#slots.delete(slot);
    clearTimeout(state.expiry);
    for (const { leg } of state.held.values()) leg.close({ code: 'SHUTTING_DOWN', message: 'this slot is no longer wanted' });
    for (const control of state.lanes) {
      clearTimeout(control.timer);
      control.lane.cancel();
    }
  }

  #laneHost(state: SlotState): LaneHost {
    return {
      ...this.#options.lane,
      handleProgress: (_lane, text) => this.#options.report(text, state.slot),
      handleReached: (lane) => this.#handleReached(state, lane),
      handlePaired: (lane) => this.#handlePaired(state, lane),
      handleBuilt: (lane, built) => this.#handleBuilt(state, lane, built),
      handleFailed: (lane, failure) => this.#handleFailed(state, lane, failure),
    };
  }

  /** Tries what can be tried for a slot that has no carrier. */
  #ensure(state: SlotState): void {
    if (this.#options.side === 'left') return this.#walk(state);
    for (const control of state.lanes) this.#try(control, state);
  }

  #walk(state: SlotState): void {
    for (const control of state.lanes) if (!control.dials) this.#try(control, state);
    const control = this.#nextDialed(state);
    if (control !== undefined) this.#try(control, state);
  }

  /** The lane at which the walk is, or the next one that may be dialed. */
  #nextDialed(state: SlotState): LaneControl | undefined {
    const { lanes, leaving } = state;
    const order = [...lanes.slice(state.walk), ...lanes.slice(0, state.walk)];
    // What goes over a node that is left would cut short the carrier that still works.
    const next = order.find((control) => control.dials && (leaving === undefined || !leadsOver(control, leaving)));
    if (next !== undefined) state.walk = next.lane.facts.alt;
    return next;
  }

  #try(control: LaneControl, state: SlotState): void {
    if (this.#stopped || control.lane.state !== 'idle') return;
    beginAnew(control);
    if (!control.dials) {
      if (this.#mayUseStandby(state, control)) control.lane.standby();
      return;
    }
    this.#options.report(`dialing ${control.lane.facts.neighbour.node}`, state.slot);
    control.lane.dial();
    if (this.#options.side === 'left' && state.lanes.filter(({ dials }) => dials).length > 1) {
      control.timer = setTimeout(() => this.#walkOn(state, control), UNPAIRED_MS);
    }
  }

  /** Nobody was paired with us here: the next alternative. */
  #walkOn(state: SlotState, control: LaneControl): void {
    if (control.lane.state === 'building') return;
    control.lane.cancel();
    state.walk = (control.lane.facts.alt + 1) % state.lanes.length;
    this.#walk(state);
  }

  #mayUseStandby(state: SlotState, { lane }: LaneControl): boolean {
    if (lane.state !== 'idle') return false;
    if (state.carrier === undefined) return true;
    if (state.leaving !== undefined && !leadsOver(state.lanes[lane.facts.alt], state.leaving)) return true;
    return this.#options.side === 'right' && state.alt !== lane.facts.alt;
  }

  #answerHeld(state: SlotState, { leg, setup }: Held): void {
    state.held.delete(setup.info.alt);
    this.#answer(state, leg, setup);
  }

  #answer(state: SlotState, leg: LegConnection, setup: ClearSetup): void {
    const control = state.lanes[setup.info.alt];
    if (control === undefined) return;
    beginAnew(control);
    control.lane.answer(leg, setup);
  }

  #handleBuilt(state: SlotState, lane: Lane, built: BuiltCarrier): void {
    const carrier = this.#options.handleBuilt(built, lane.facts);
    if (carrier.state === 'closed') return this.#handleFailed(state, lane, { code: 'REFUSED', message: 'the carrier was refused' });
    clearTimeout(state.expiry);
    state.carrier = carrier;
    state.since = this.#options.now();
    state.alt = lane.facts.alt;
    state.walk = state.preferred;
    state.leaving = undefined;
    if (this.#options.side === 'right') return this.#ensureOthers(state);
    for (const control of state.lanes) {
      if (control.lane === lane || control.lane.state === 'building') continue;
      clearTimeout(control.timer);
      control.lane.cancel();
    }
    this.#returnLater(state);
  }

  /** The left end tries the way that this slot prefers, while its carrier goes another; the right end offers it all the time. */
  #returnLater(state: SlotState): void {
    const control = state.lanes[state.preferred];
    if (state.alt === state.preferred || control?.dials !== true || this.#stopped) return;
    clearTimeout(control.timer);
    control.timer = setTimeout(() => this.#return(state, control), RETURN_MS);
  }

  #return(state: SlotState, control: LaneControl): void {
    if (state.carrier === undefined || state.alt === state.preferred || control.lane.state !== 'idle') return;
    beginAnew(control);
    control.lane.dial();
    control.timer = setTimeout(() => {
      // The other carrier was lost meanwhile: what began as a return is a step of the walk.
      if (state.carrier === undefined) return this.#walkOn(state, control);
      if (control.lane.state === 'reaching') control.lane.cancel();
      this.#returnLater(state);
    }, UNPAIRED_MS);
  }

  /** The right end goes on offering its other alternatives. */
  #ensureOthers(state: SlotState): void {
    for (const control of state.lanes) if (control.lane.facts.alt !== state.alt) this.#try(control, state);
  }

  #handleFailed(state: SlotState, lane: Lane, failure: LaneFailure): void {
    const { code, message } = failure;
    if (this.#stopped) return;
    const control = state.lanes[lane.facts.alt];
    if (control === undefined) return;
    if (code === 'TAMPERED') this.#options.alarm(message, lane.facts);
    this.#options.report(message, state.slot);
    this.#retry(state, control, failure);
  }

  #retry(state: SlotState, control: LaneControl, failure: LaneFailure): void {
    clearTimeout(control.timer);
    if (isLoss(failure) && control.reachedAt !== undefined && this.#options.now() - control.reachedAt >= STABLE_MS) control.backoff.reset();
    if (this.#stopped) return;
    if (this.#options.side === 'left' && state.carrier !== undefined && state.leaving === undefined) return this.#returnLater(state);
    const isLast = this.#options.side === 'right' || control.lane.facts.alt >= state.lanes.length - 1;
    const waitMs = failure.since !== undefined ? SUPERSEDED_MS : isLast ? control.backoff.next(this.#options.now(), whyOf(failure)) : 0;
    control.timer = setTimeout(() => this.#again(state, control), waitMs);
  }

  #again(state: SlotState, control: LaneControl): void {
    if (this.#options.side === 'right') return this.#try(control, state);
    if (state.carrier !== undefined && state.leaving === undefined) return this.#returnLater(state);
    if (control.dials) state.walk = (control.lane.facts.alt + 1) % state.lanes.length;
    this.#walk(state);
  }

  #handleReached(state: SlotState, { facts }: Lane): void {
    const control = state.lanes[facts.alt];
    if (control !== undefined) control.reachedAt = this.#options.now();
  }

  #handlePaired(state: SlotState, { facts }: Lane): void {
    const control = state.lanes[facts.alt];
    if (control === undefined) return;
    clearTimeout(control.timer);
    control.reachedAt = undefined;
  }

  /** One leg a slot and way, and only for slots that either end may choose. */
  #holdStranger(leg: LegConnection, setup: ClearSetup): void {
    const { slot, alt } = setup.info;
    if (slot < CONFIGURED_SLOTS || slot >= CONFIGURED_SLOTS + 2 * OWN_CARRIERS) return this.#refuseStranger(leg, slot);
    const before = [...this.#strangers].find(([, other]) => other.setup.info.slot === slot && other.setup.info.alt === alt);
    if (before !== undefined) this.#dropStranger(before[0])?.close({ code: 'SUPERSEDED', message: 'another leg waits for this slot on this way' });
    const timer = setTimeout(() => this.#dropStranger(leg) && this.#refuseStranger(leg, slot), UNKNOWN_SLOT_MS);
    this.#strangers.set(leg, { setup, timer });
    leg.handler = { handleNews: () => {}, handleEnd: () => this.#dropStranger(leg) };
  }

  #dropStranger(leg: LegConnection): LegConnection | undefined {
    clearTimeout(this.#strangers.get(leg)?.timer);
    return this.#strangers.delete(leg) ? leg : undefined;
  }

  #refuseStranger(leg: LegConnection, slot: number): void {
    leg.close({ code: 'ROUTE', message: `slot ${slot} is not in use` });
  }
}
