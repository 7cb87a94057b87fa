/** A lane, as its keeper handles it, and what is to be read from how an attempt on it ended. */
import type { Backoff, PublicKey } from '@lstp/core';
import type { Lane, LaneFailure } from './lane.js';

/** That a middle goes, and who said so. */
export interface Farewell {
  readonly node: string;
  readonly from: PublicKey;
}

export interface LaneControl {
  lane: Lane;
  readonly dials: boolean;
  readonly backoff: Backoff;
  /** Since when the attempt that is under way waits at its neighbour; no longer once the peer has come. */
  reachedAt: number | undefined;
  /** What was said of a middle on its way since the attempt that is under way began. */
  farewell: Farewell | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** An attempt begins. */
export function beginAnew(control: LaneControl): void {
  clearTimeout(control.timer);
  control.reachedAt = undefined;
  control.farewell = undefined;
}

/** Whether the way of a lane has this node between its ends. */
export function leadsOver(control: LaneControl | undefined, node: string): boolean {
  return control !== undefined && control.lane.facts.route.slice(1, -1).some((pin) => pin.node === node);
}

/** Whether the node is on the way of a lane, and whoever says that it goes is our neighbour there: nobody else can know. */
export function concerns({ node, from }: Farewell, control: LaneControl | undefined): boolean {
  return leadsOver(control, node) && control?.lane.facts.neighbour.keys.includes(from) === true;
}

/** What an attempt that failed says of who is there: without a code nothing answered at all, and strangers may be too many. */
export function whyOf({ code, wasStranger }: LaneFailure): 'absent' | 'behind' | 'refused' {
  if (code === undefined) return 'absent';
  return !wasStranger && ['UNREACHABLE', 'SHUTTING_DOWN', 'LOST'].includes(code) ? 'behind' : 'refused';
}

/** Whether a leg was there, and is gone through nobody's decision about this end. */
export function isLoss({ code }: LaneFailure): boolean {
  return code === 'LOST' || code === 'SHUTTING_DOWN' || code === 'TIMEOUT';
}
