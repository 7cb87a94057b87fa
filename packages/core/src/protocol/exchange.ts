/**
 * What two ends tell each other on a new carrier before it carries channels: PROPERTY_EXCHANGE, and, when no
 * carrier survived, how far every held channel has come. One at a time a tunnel; the master begins.
 *
 * Holds what was said; the tunnel acts on it. Specification: docs/spec.md, "Resume on a new carrier".
 */
import type { Carrier } from './carrier.js';
import { ProtocolError } from './error.js';
import { EXCHANGE_TIMEOUT_MS } from './limits.js';
import type { Body } from './messages.js';

export type Properties = Body<'PROPERTY_EXCHANGE'>;

export class Exchange {
  readonly carrier: Carrier;
  /** When it must have ended. */
  readonly deadline: number;
  /** The ids of living carriers that our PROPERTY_EXCHANGE named. */
  readonly ownAlive: readonly string[];
  /** What the peer's list said so far. */
  readonly listed = new Map<number, { received: number; limit: number }>();

  constructor(carrier: Carrier, ownAlive: readonly string[], now: number) {
    this.carrier = carrier;
    this.ownAlive = ownAlive;
    this.deadline = now + EXCHANGE_TIMEOUT_MS;
  }

  /** Carriers that both ends hold for alive. */
  survivors(properties: Properties): Set<string> {
    return new Set(this.ownAlive.filter((id) => properties.alive.includes(id)));
  }

  /** One RESUME of the peer's list. */
  list(channel: number, entry: { received: number; limit: number }, mostChannels: number): void {
    if (this.listed.has(channel)) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME: channel ${channel} stands in the list twice`);
    if (this.listed.size >= mostChannels) throw new ProtocolError('LIMIT', `SERVICE_DATA_RESUME: the list has more than ${mostChannels} channels`);
    this.listed.set(channel, entry);
  }

  /** The end of the peer's list, with its length. */
  checkCount(count: number): void {
    if (count !== this.listed.size) throw new ProtocolError('PROTOCOL', `SERVICE_DATA_RESUME: the list has ${this.listed.size} channels, its end says ${count}`);
  }
}
