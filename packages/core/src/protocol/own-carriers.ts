/**
 * Additional slots: which channel has the carrier of which slot for itself, and which channels wait for theirs before
 * they are granted. Slots are odd where the left end opened the channel, else even.
 * Specification: docs/spec.md, "Opening".
 */
import type { Channel, ChannelRequestBody } from './channel.js';
import { ProtocolError } from './error.js';
import { CONFIGURED_SLOTS, OWN_CARRIERS, OWN_CARRIER_TIMEOUT_MS } from './limits.js';
import type { Side } from './messages.js';

export class OwnCarriers {
  readonly #side: Side;
  /** Offset of the slot that was chosen last: the others go first, so that old and new carriers are not confused. */
  #chosen = -1;
  readonly #channels = new Map<number, Channel>();
  /** Until when a requested channel waits for its carrier. */
  readonly #waiting = new Map<Channel, number>();

  constructor(side: Side) {
    this.#side = side;
  }

  get deadline(): number {
    let earliest = Infinity;
    for (const until of this.#waiting.values()) earliest = Math.min(earliest, until);
    return earliest;
  }

  at(slot: number): Channel | undefined {
    return this.#channels.get(slot);
  }

  /** A slot of ours for which there is neither channel nor carrier; undefined when there are too many. */
  choose(isTaken: (slot: number) => boolean): number | undefined {
    const first = CONFIGURED_SLOTS + (this.#side === 'left' ? 1 : 0);
    for (let step = 1; step <= OWN_CARRIERS; step += 1) {
      const offset = (this.#chosen + step) % OWN_CARRIERS;
      const slot = first + 2 * offset;
      if (this.#channels.has(slot) || isTaken(slot)) continue;
      this.#chosen = offset;
      return slot;
    }
    return undefined;
  }

  /**
   * Throws for a slot that is not the peer's to choose. Gives the channel that has had it until now: for the peer its carrier is
   * lost, and it goes with the lead.
   */
  check({ carrier, slot }: ChannelRequestBody): Channel | undefined {
    if (carrier !== 'own') return undefined;
    if (slot === undefined || !isSlotOfPeer(slot, this.#side)) throw new ProtocolError('PROTOCOL', `CONNECTION_REQUEST.slot: ${slot} is not the peer's to choose`);
    const before = this.#channels.get(slot);
    if (before?.state === 'requested') throw new ProtocolError('PROTOCOL', `CONNECTION_REQUEST.slot: ${slot} is in use`);
    return before;
  }

  add(channel: Channel): void {
    if (channel.ownSlot !== undefined) this.#channels.set(channel.ownSlot, channel);
  }

  /** `channel` is to be granted when its carrier has come, until the returned time. */
  await(channel: Channel, now: number): number {
    const until = now + OWN_CARRIER_TIMEOUT_MS;
    this.#waiting.set(channel, until);
    return until;
  }

  /** Its carrier has come, or will not: true if it waited for it. */
  stopWaiting(channel: Channel): boolean {
    return this.#waiting.delete(channel);
  }

  overdue(now: number): Channel[] {
    return [...this.#waiting].filter(([, until]) => now >= until).map(([channel]) => channel);
  }

  /** The channel is at its end, or goes with the lead from now on. Returns its slot, if it had one. */
  remove(channel: Channel): number | undefined {
    this.#waiting.delete(channel);
    const slot = channel.ownSlot;
    if (slot === undefined || this.#channels.get(slot) !== channel) return undefined;
    this.#channels.delete(slot);
    channel.ownSlot = undefined;
    return slot;
  }
}

/** Whether an additional slot is one that the peer of `side` may choose. */
export function isSlotOfPeer(slot: number, side: Side): boolean {
  return slot >= CONFIGURED_SLOTS && slot < CONFIGURED_SLOTS + 2 * OWN_CARRIERS && slot % 2 === (side === 'left' ? 0 : 1);
}
