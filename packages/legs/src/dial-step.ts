/** What a dial is doing, step by step, for `lstp doctor`. */
import type { LegTarget } from '@lstp/core';

export interface DialStep {
  /** `name`, `connect`, or what a plugin says: `SOCKS`, `CONNECT`, `TLS`, `WebSocket`. */
  readonly step: string;
  /** The proxy or node that it concerns. */
  readonly place: string;
}

/** Told of each step when it begins. */
export type StepListener = (step: DialStep) => void;

const listeners = new WeakMap<LegTarget, StepListener>();

/** The same target, whose dial tells `listener` what it does. */
export function dialSteps(target: LegTarget, listener: StepListener): LegTarget {
  listeners.set(target, listener);
  return target;
}

export function stepListenerOf(target: LegTarget): StepListener {
  return listeners.get(target) ?? (() => {});
}
