/** What goes into a leg when it is made and what comes out of it. Types of leg.ts. */
import type { PublicKey } from './crypto.js';
import type { SigningCrypto } from './digest.js';
import type { WireCode } from './error.js';
import type { LegUse } from './leg-hello.js';
import type { Body } from './messages.js';
import type { ClearSetup } from './setup.js';

interface CommonOptions extends SigningCrypto {
  /** Name of this node. */
  readonly node: string;
  /** After this long without a byte a sign of life is asked for; after three times as long the leg is dead. */
  readonly pingMs: number;
  readonly now: number;
}

/** This node took the connection. `admits` says whether a key is known here; it is asked before anything is verified. */
export interface AcceptorOptions extends CommonOptions {
  readonly role: 'acceptor';
  readonly admits: (key: PublicKey) => boolean;
}

/** This node dialed. `pins` are the keys of the neighbour it wants; `started` is when this process began, in ms. */
export interface DialerOptions extends CommonOptions {
  readonly role: 'dialer';
  readonly pins: readonly PublicKey[];
  readonly use: LegUse;
  readonly started: number;
}

export type LegOptions = AcceptorOptions | DialerOptions;

/** The neighbour, as authenticated. `node` is what a dialer calls itself: a claim, for logs. */
export interface LegPeer {
  readonly key: PublicKey;
  readonly use: LegUse;
  /** When the dialer's process began, in ms; on a dialed leg our own. */
  readonly started: number;
  readonly node: string | undefined;
}

/** Why this side gave the leg up. `code` and `message` are for the log; to a stranger only REFUSED was said. */
export interface LegFailure {
  readonly code: WireCode;
  readonly message: string;
  /** Who the other side said it was, when it did not come to be believed. */
  readonly claimed?: { readonly node?: string; readonly key: PublicKey };
}

export type LegEvent =
  /** Dialer only: HELLO of the acceptor came and its key is pinned. A set-up sent now goes in one write with our HELLO. */
  | { readonly type: 'greeted'; readonly key: PublicKey }
  | { readonly type: 'authenticated'; readonly peer: LegPeer }
  /** The other side's set-up is whole and has the right form; nothing in it is verified. */
  | { readonly type: 'setup'; readonly setup: ClearSetup }
  | { readonly type: 'progress'; readonly body: Body<'PROGRESS'> }
  | { readonly type: 'shutdown'; readonly body: Body<'SHUTDOWN'> }
  /** In this direction LSTP is over; takeRest() has what came behind the mark. */
  | { readonly type: 'pass-through' }
  /** The other side gave up, and why. The last event. */
  | { readonly type: 'error'; readonly body: Body<'ERROR'> }
  /** This side gave up. The last event; what pollTransmit() has is still to be sent. */
  | { readonly type: 'failed'; readonly failure: LegFailure };
