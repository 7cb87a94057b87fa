/** What a tunnel is made with. Sizes in bytes, times in milliseconds. */
import type { Carrier } from './carrier.js';
import type { Side } from './messages.js';
import type { Pool } from './pool.js';

export interface TunnelOptions {
  /** The left end is the master. */
  readonly side: Side;
  readonly instance: string;
  /** 128 fresh random bits, base64url. */
  newInstance(): string;
  /** What PROPERTY_EXCHANGE says of this end. */
  readonly node: string;
  readonly software: string;
  readonly codecs: readonly string[];
  readonly plugins: readonly string[];
  /** Channels the peer may hold open at once; constant for an association. */
  readonly maxChannels: number;
  /** Shared with the node's other tunnels. */
  readonly pool: Pool;
  /** This tunnel's part of the pool, from which initial windows are counted. */
  readonly poolShare: number;
  /** Unsent bytes of a channel at which its application is no longer read. */
  readonly unsentBytes: number;
  /** Bytes held for acknowledgement in all channels at which applications are no longer read. */
  readonly retainBytes: number;
  /** Gets the buffers that write() took, when what was in them has been acknowledged; for use again. */
  reclaim?(frame: Buffer): void;
  /** How long channels are held while no carrier lives. */
  readonly graceMs: number;
  /** Whether bulk goes over all carriers at once. */
  readonly spread: boolean;
  /** A carrier is replaced after so many TLS records in a direction, and after so long; CARRIER_RECORDS and CARRIER_AGE_MS if absent. */
  readonly carrierRecords?: number;
  readonly carrierAgeMs?: number;
}

/** Whether frames of `carrier` still count; a function, since handling a frame may have changed its state. */
export function isCurrent(carrier: Carrier): boolean {
  return carrier.state !== 'closed';
}
