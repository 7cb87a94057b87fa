/** What goes into a rendezvous and what comes out of it. Types of rendezvous.ts. */
import type { PublicKey } from './crypto.js';
import type { SigningCrypto } from './digest.js';
import type { EndQuotas } from './end-ledger.js';
import type { Body, Side } from './messages.js';
import type { LegId, PassageState } from './passage.js';
import type { RelayHop } from './relay-rules.js';

export interface RendezvousOptions extends SigningCrypto {
  /** This node's name and what it says of where it is dialed, for its topology entries. */
  readonly node: string;
  readonly address: string;
  readonly quotas?: EndQuotas;
}

/** The leg that a set-up came over. */
export interface SetupArrival {
  readonly leg: LegId;
  /** The key authenticated on it. */
  readonly neighbour: PublicKey;
  readonly now: number;
}

export type RendezvousAction =
  /** Send both payloads on this leg. */
  | { readonly do: 'send-setup'; readonly leg: LegId; readonly cu: Buffer; readonly topology: Buffer }
  /** Dial a set-up leg to the neighbour of this hop; it is known as `leg` from now on. */
  | { readonly do: 'dial'; readonly leg: LegId; readonly hop: RelayHop }
  /** A standby leg of the neighbour of this hop is wanted for the set-up of `leg`: handleStandby() when there is one. */
  | { readonly do: 'want-standby'; readonly leg: LegId; readonly hop: RelayHop }
  | { readonly do: 'unwant-standby'; readonly leg: LegId }
  | { readonly do: 'progress'; readonly leg: LegId; readonly body: Body<'PROGRESS'> }
  /** Send PASS_THROUGH on this leg. */
  | { readonly do: 'pass-through'; readonly leg: LegId }
  /** PASS_THROUGH went both ways: join the two, and close them when silent for three times `pingMs`. */
  | { readonly do: 'join'; readonly legs: readonly [LegId, LegId]; readonly pingMs: number }
  /** Close this leg, or call off its dial, saying why where that can still be said. It is forgotten here. */
  | { readonly do: 'close'; readonly leg: LegId; readonly error: Body<'ERROR'> }
  /** For the log and the counters: why a set-up was refused. */
  | { readonly do: 'refused'; readonly leg: LegId; readonly error: Body<'ERROR'> };

/** One row of `lstp status`. */
export interface RelayedLeg {
  readonly leg: LegId;
  readonly tunnel: string | undefined;
  readonly side: Side;
  readonly neighbour: PublicKey;
  readonly state: PassageState;
  readonly since: number;
}
