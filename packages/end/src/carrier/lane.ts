/**
 * One lane: a slot of a tunnel on one alternative of its route. Brings one carrier up at a time, from a leg to what a
 * tunnel takes, and says what became of it. When to try again, and which lane, is the keeper's business.
 *
 *   dial()      own set-up on a leg to the neighbour
 *   standby()   own set-up on a leg that the neighbour keeps here, when there is one
 *   answer()    own set-up on the leg that the peer's came on
 */
import {
  checkPeerSetup, PASS_THROUGH_MS, ProtocolError,
  type CheckedPeer, type ClearSetup, type Credentials, type Crypto, type LegConnection, type LegEnd, type LegHandler, type LegHub, type LegNews, type Neighbour, type OwnSetup, type PublicKey, type RoutePin, type Security, type WireCode,
} from '@lstp/core';
import { buildCarrier, type BuiltCarrier } from './carrier-builder.js';

/** From PASS_THROUGH in both directions to a compared carrier. */
const BUILD_TIMEOUT_MS = 10_000;

export interface LaneFacts {
  readonly slot: number;
  readonly alt: number;
  readonly neighbour: Neighbour;
  readonly route: readonly RoutePin[];
  readonly peerKeys: readonly PublicKey[];
}

export interface LaneHost {
  /** Who uses this end, for the association of two instances. Never rejects. */
  readonly credentials?: (association: string) => Promise<Credentials | undefined> | undefined;
  readonly crypto: Crypto;
  readonly security: Security;
  readonly hub: LegHub;
  /** Own set-up for a new attempt. */
  freeze(facts: LaneFacts): OwnSetup;
  handleProgress(lane: Lane, text: string): void;
  /** The neighbour has authenticated us: this attempt waits there now. */
  handleReached(lane: Lane): void;
  /** The peer's set-up has come and can be believed. */
  handlePaired(lane: Lane): void;
  handleBuilt(lane: Lane, built: BuiltCarrier): void;
  /** This attempt is over. */
  handleFailed(lane: Lane, failure: LaneFailure): void;
}

export interface LaneFailure {
  /** Undefined: nothing answered. */
  readonly code: WireCode | undefined;
  readonly message: string;
  /** The neighbour had not authenticated us yet. */
  readonly wasStranger?: true;
  /** A newer process of this end runs, with this epoch. */
  readonly since?: number;
}

/** waiting: for a standby leg; reaching: dialing, parked, on the way to the peer; building: the peer is known, TLS under way. */
export type LaneState = 'idle' | 'waiting' | 'reaching' | 'building';

export class Lane {
  readonly facts: LaneFacts;
  state: LaneState = 'idle';
  readonly #host: LaneHost;
  #leg: LegConnection | undefined;
  /** Whose set-up came and was checked. */
  #peer: CheckedPeer | undefined;
  /** Calls off a dial or the wait for a standby leg. */
  #callOff: (() => void) | undefined;
  /** Runs until the peer's PASS_THROUGH has come: a leg on which ours went is not pinged any more. */
  #patience: NodeJS.Timeout | undefined;
  /** Counts attempts; what belongs to an earlier one is ignored. */
  #generation = 0;

  constructor(facts: LaneFacts, host: LaneHost) {
    this.facts = facts;
    this.#host = host;
  }

  dial(): void {
    const generation = this.#begin('reaching');
    const dialing = new AbortController();
    this.#callOff = () => dialing.abort();
    const own = this.#host.freeze(this.facts);
    const handler = this.#handlerOf(own, generation);
    this.#host.hub.dial({ neighbour: this.facts.neighbour, use: 'set-up', handler, signal: dialing.signal }).then(
      (leg) => this.#ask(leg, own, generation),
      (error: Error) => this.#isCurrent(generation) && this.#fail({ code: undefined, message: `cannot reach ${this.facts.neighbour.node}: ${error.message}` }),
    );
  }

  /** Waits for a standby leg of the neighbour and uses it. */
  standby(): void {
    const generation = this.#begin('waiting');
    this.#callOff = this.#host.hub.wantStandby(this.facts.neighbour.keys, (leg) => {
      const own = this.#host.freeze(this.facts);
      leg.handler = this.#handlerOf(own, generation);
      this.state = 'reaching';
      this.#ask(leg, own, generation);
    });
  }

  /** The peer's set-up came first, on `leg`. Whatever this lane was about is dropped. */
  answer(leg: LegConnection, setup: ClearSetup): void {
    this.cancel({ code: 'SUPERSEDED', message: 'answered on another leg' });
    const generation = this.#begin('reaching');
    const own = this.#host.freeze(this.facts);
    leg.handler = this.#handlerOf(own, generation);
    this.#ask(leg, own, generation);
    this.#accept(leg, own, setup);
  }

  /** Drops the attempt that is under way; nothing is reported. */
  cancel(why?: LaneFailure & { readonly code: WireCode }): void {
    this.#generation += 1;
    this.state = 'idle';
    clearTimeout(this.#patience);
    const [callOff, leg] = [this.#callOff, this.#leg];
    this.#callOff = undefined;
    this.#leg = undefined;
    callOff?.();
    leg?.close(why ?? { code: 'SHUTTING_DOWN', message: 'no longer wanted' });
  }

  #begin(state: LaneState): number {
    this.state = state;
    this.#peer = undefined;
    return (this.#generation += 1);
  }

  #isCurrent(generation: number): boolean {
    return generation === this.#generation;
  }

  #ask(leg: LegConnection, own: OwnSetup, generation: number): void {
    if (!this.#isCurrent(generation)) return leg.close({ code: 'SHUTTING_DOWN', message: 'no longer wanted' });
    this.#callOff = undefined;
    this.#leg = leg;
    if (leg.peer !== undefined) this.#host.handleReached(this);
    leg.sendSetup(own.cu, own.entry);
  }

  #handlerOf(own: OwnSetup, generation: number): LegHandler {
    return {
      handleNews: (news, leg) => {
        if (!this.#isCurrent(generation)) return;
        if (news.type === 'setup') this.#accept(leg, own, news.setup);
        else if (news.type === 'pass-through') this.#secure(leg, own);
        else if (news.type === 'authenticated') this.#host.handleReached(this);
        else this.#handleProgress(news);
      },
      handleEnd: (end, leg) => {
        if (!this.#isCurrent(generation)) return;
        this.#leg = undefined;
        // With the own epoch it is another attempt of this process that lives.
        const since = end.code === 'SUPERSEDED' && end.since !== own.info.epoch ? end.since : undefined;
        this.#fail({ code: end.code, message: explain(end, since), ...(leg.peer === undefined && { wasStranger: true }), ...(since !== undefined && { since }) });
      },
    };
  }

  #handleProgress(news: LegNews): void {
    if (news.type !== 'progress') return;
    const { at, waitingFor, failed } = news.body;
    if (failed !== undefined) return this.#host.handleProgress(this, `${at} cannot reach ${waitingFor ?? failed.address}: ${failed.code}`);
    this.#host.handleProgress(this, `waiting for ${waitingFor ?? 'the other end'} at ${at}`);
  }

  /** Checks the peer's set-up; when it cannot be believed, the attempt is over. */
  #accept(leg: LegConnection, own: OwnSetup, setup: ClearSetup): void {
    const { peerKeys, route } = this.facts;
    try {
      const neighbour = leg.peer?.key ?? '';
      this.#peer = checkPeerSetup(own, setup, { keys: peerKeys, route, neighbour, crypto: this.#host.crypto });
      this.state = 'building';
      this.#host.handlePaired(this);
      this.#patience = setTimeout(() => this.#fail({ code: 'TIMEOUT', message: `no PASS_THROUGH within ${PASS_THROUGH_MS} ms` }), PASS_THROUGH_MS);
      leg.sendPassThrough();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.cancel({ code: error.wireCode, message: error.message });
      this.#host.handleFailed(this, { code: error.wireCode, message: error.message });
    }
  }

  #secure(leg: LegConnection, own: OwnSetup): void {
    const peer = this.#peer;
    if (peer === undefined || !leg.transparent) return;
    clearTimeout(this.#patience);
    const socket = leg.release();
    this.#leg = undefined;
    const generation = this.#generation;
    const { security, crypto, credentials } = this.#host;
    buildCarrier({ socket, own, peer }, { security, crypto, timeoutMs: BUILD_TIMEOUT_MS, ...(credentials === undefined ? {} : { credentials }) }).then(
      (built) => this.#handleBuilt(generation, built),
      (error: Error) => this.#isCurrent(generation) && this.#fail({ code: error instanceof ProtocolError ? error.wireCode : 'LOST', message: error.message }),
    );
  }

  #handleBuilt(generation: number, built: BuiltCarrier): void {
    if (!this.#isCurrent(generation)) {
      built.stream.destroy();
      return;
    }
    this.state = 'idle';
    this.#host.handleBuilt(this, built);
  }

  #fail(failure: LaneFailure): void {
    this.cancel();
    this.#host.handleFailed(this, failure);
  }
}

function explain({ code, message, isTold }: LegEnd, since: number | undefined): string {
  if (since !== undefined) return `another process runs as this end since ${new Date(since).toISOString()}; it is asked again in a minute`;
  return isTold ? `refused: ${message} (${code})` : message;
}
