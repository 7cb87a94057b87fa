/**
 * One (common, slot, alt) on its way through a middle: the leg whose set-up came first, and what is on the other side of it.
 * Data of rendezvous.ts. Specification: docs/spec.md, "Parking and pairing".
 */
import type { PublicKey } from './crypto.js';
import type { EndAttempt } from './end-ledger.js';
import type { Commonunique } from './messages.js';
import type { Passport, RelayHop } from './relay-rules.js';
import type { ClearSetup } from './setup.js';

/** A leg, as whoever drives the rendezvous numbers it. */
export type LegId = number;

/**
 *   parked      waits for the other side's leg, or for a standby leg
 *   dialing     the next neighbour is being dialed and has not been greeted: the dial can still be called off
 *   waiting     set-up was forwarded, the other side's has not come
 *   exchanged   set-up went both ways, PASS_THROUGH has not
 *   paired      transparent
 */
export type PassageState = 'parked' | 'dialing' | 'waiting' | 'exchanged' | 'paired';

/** A leg on which an end's verified set-up arrived. */
export interface Party {
  readonly leg: LegId;
  /** The key authenticated on this leg. */
  readonly neighbour: PublicKey;
  readonly attempt: EndAttempt;
  readonly passport: Passport;
  /** Kept until it was exchanged. */
  setup: ClearSetup | undefined;
  isParked: boolean;
  /** PASS_THROUGH came from it. */
  isMarked: boolean;
}

/** The leg towards the other side, before a set-up came back on it. */
export interface Onward {
  readonly leg: LegId;
  /** `dialed` by this node, or a `standby` leg that the neighbour keeps here. */
  readonly by: 'dialed' | 'standby';
  readonly hop: RelayHop;
  /** The neighbour's key once known. */
  neighbour: PublicKey | undefined;
}

export interface Passage {
  readonly key: string;
  readonly since: number;
  state: PassageState;
  readonly first: Party;
  second: Party | undefined;
  onward: Onward | undefined;
  /** A standby leg of the next neighbour is wanted. */
  wantsStandby: boolean;
  /** By when PASS_THROUGH must have gone both ways. */
  deadline: number | undefined;
}

/** What pairs: equal for the two set-ups of one carrier, different between any two others. */
export function passageKey({ common, slot, alt }: Pick<Commonunique, 'common' | 'slot' | 'alt'>): string {
  return `${common}/${slot}/${alt}`;
}

/** The members that stay when the set-up itself is dropped. */
export function attemptOf({ common, side, key, epoch, instance, slot, alt, attempt, pingMs }: Commonunique): EndAttempt {
  return { common, side, key, epoch, instance, slot, alt, attempt, pingMs };
}

/** The other leg of a passage. */
export function counterpartOf(passage: Passage, leg: LegId): LegId | undefined {
  const onward = passage.second?.leg ?? passage.onward?.leg;
  return leg === passage.first.leg ? onward : passage.first.leg;
}
