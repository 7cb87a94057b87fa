/**
 * Carriers that are to be replaced while they still work, each by one of an additional slot that both ends offer: the relay
 * that it goes over is about to leave, or its TLS session has carried enough.
 * Specification: docs/spec.md, "SHUTDOWN inside TLS".
 */
import type { Carrier } from './carrier.js';

interface Replacement {
  readonly carrier: Carrier;
  /** Until when the other one must have come. */
  readonly until: number;
}

export class Replacements {
  readonly #bySlot = new Map<number, Replacement>();

  get deadline(): number {
    let earliest = Infinity;
    for (const { until } of this.#bySlot.values()) earliest = Math.min(earliest, until);
    return earliest;
  }

  /** Whose place the carrier of this slot is to take. */
  of(slot: number): Carrier | undefined {
    return this.#bySlot.get(slot)?.carrier;
  }

  isReplaced(carrier: Carrier): boolean {
    return [...this.#bySlot.values()].some((one) => one.carrier === carrier);
  }

  add(slot: number, replacement: Replacement): void {
    this.#bySlot.set(slot, replacement);
  }

  /** The carrier is gone: whatever came in its place stands for itself from now on. */
  forget(carrier: Carrier): void {
    for (const [slot, one] of this.#bySlot) if (one.carrier === carrier) this.#bySlot.delete(slot);
  }

  /** Gives up what did not come in time. */
  expire(now: number): void {
    for (const [slot, { until }] of this.#bySlot) if (now >= until) this.#bySlot.delete(slot);
  }
}
