/**
 * One way to get from an entrance to the server, and what the bench needs to know of it.
 *
 * An adapter starts its programs in the scope that it is given, on ports of its own, without touching any
 * configuration of the machine, and comes back when the whole way has been found to carry a byte.
 */
import type { Scope } from '../process/scope.js';
import { untilReady } from '../process/until-ready.js';
import type { Child } from '../process/child.js';
import type { DebianPackage } from '../process/debian-packages.js';

/** Where a process stands: `desk` has the applications, `lab` the server, `relay` is between them. */
export type Place = 'desk' | 'relay' | 'lab';

export interface Adapter {
  /** As it stands in the table. */
  readonly name: string;
  readonly packages: readonly DebianPackage[];
  /** Whether only the two ends can read what passes. */
  readonly encrypted: boolean;
  start(setting: Setting): Promise<Chain>;
}

export interface Setting {
  readonly scope: Scope;
  /** Loopback port of the server. */
  readonly target: number;
  readonly hop: Hop;
}

/** What stands between an end and the relay: gives the port to dial in place of the relay's. */
export type Hop = (relayPort: number, end: 'desk' | 'lab') => Promise<number>;

export interface Chain {
  /** Loopback port where applications connect. */
  readonly entrance: number;
  /** Process ids by place; each with its descendants. */
  readonly pids: Readonly<Partial<Record<Place, readonly number[]>>>;
}

/** Nothing between an end and the relay. */
export const noHop: Hop = async (relayPort) => relayPort;

/** Resolves when a byte comes back from the server (see traffic/wire.ts, ECHO). */
export function untilEchoes(entrance: number, children: readonly Child[]): Promise<void> {
  return untilReady({ port: entrance, say: 'e', hear: 1 }, children);
}
