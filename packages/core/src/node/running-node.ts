/**
 * What the command drives: one running node, and what `lstp status` shows of it.
 * Types only. The middle and the end each implement a part; cli/ puts them together.
 */
import type { Duplex } from 'node:stream';
import type { Chain } from '../config/chain.js';
import type { WayInUse } from '../io/way-board.js';
import type { JoinedChannel, PluginDefinition } from '../plugin/contract.js';

export interface RunningNode {
  /** Resolves when its listeners accept. Rejects, with nothing left behind, when one cannot (address in use). */
  start(): Promise<void>;
  /** Resolves when every tunnel that ends at this node is established. */
  established(): Promise<void>;
  status(): NodeStatus;
  /** Takes over added, changed and removed services, users and admitted keys; everything else goes on. Rejects with nothing changed. `plugins` are all that the chains may name. */
  reload(chains: readonly Chain[], plugins?: readonly PluginDefinition[]): Promise<ReloadReport>;
  /** Orderly end: no new work, what runs may finish until the deadline. */
  drain(deadlineMs: number): Promise<void>;
  /** Ends at once. Idempotent. */
  stop(): Promise<void>;
  /** Joins a stream to a channel of a service of this end (`lstp connect`). Throws a plain Error naming the nearest service when there is none. */
  connect(request: { readonly tunnel?: string; readonly service: string; readonly target?: string }, stream: Duplex): JoinedChannel;
}

export interface ReloadReport {
  /** One line a change that took effect, as people read it: `service web added`. */
  readonly applied: readonly string[];
  /** One line a service that the files want and that does not work; the others do. */
  readonly failed: readonly string[];
  /** One line a change in the file that needs a restart. */
  readonly ignored: readonly string[];
}

export interface NodeStatus {
  readonly node: string;
  readonly version: string;
  readonly pid: number;
  readonly uptimeMs: number;
  readonly listeners: readonly string[];
  readonly tunnels: readonly TunnelStatus[];
  /** How the neighbours that it dials are reached, or why they are not. */
  readonly ways?: readonly WayInUse[];
  /** What a middle relays. */
  readonly relay?: RelayStatus;
}

export interface TunnelStatus {
  readonly name: string;
  /** `connecting` (never was up), `established`, `interrupted` (was up), `draining`. */
  readonly state: 'connecting' | 'established' | 'interrupted' | 'draining';
  /** What a tunnel that is not established waits for, as people read it: `waiting for lab at east`. */
  readonly progress?: string;
  /** Since the last carrier was lost, and until connections are reset if no other comes (`grace`); absent where they have been. */
  readonly interruption?: { readonly forMs: number; readonly keptMs: number };
  readonly carriers: readonly CarrierStatus[];
  readonly channels: readonly ChannelStatus[];
  /** Absent where nobody logs in. */
  readonly login?: LoginStatus;
  readonly services: readonly ServiceStatus[];
  /** What this end keeps until the other has acknowledged it, to send it again over the next carrier. */
  readonly retainedBytes?: number;
  /** What only grows, for metrics; absent where nobody counts. */
  readonly totals?: TunnelTotals;
}

export interface LoginStatus {
  /** The end that gives credentials. */
  readonly at: string;
  /**
   * At that end: `asking` (people, or whatever the plugin asks), `given`, `failed`. At the other one: `none` (nobody has
   * logged in yet), `pending`, `verified`, `refused`.
   */
  readonly state: 'asking' | 'given' | 'failed' | 'none' | 'pending' | 'verified' | 'refused';
  readonly user?: string;
  readonly groups?: readonly string[];
  /** Why not, as people read it. */
  readonly message?: string;
  /** Services of `at` that are closed for want of a user who may use them, as far as this end knows. */
  readonly refused: readonly string[];
}

/** Since the node was started, closed channels and carriers included. */
export interface TunnelTotals {
  readonly carriers: number;
  readonly channels: number;
  /** From applications and real servers at this end, and to them. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Datagrams that could not be sent in time. */
  readonly dropped?: number;
}

export interface CarrierStatus {
  readonly id: string;
  readonly slot: number;
  /** The route it took, as in the chain file: `desk > west > east < lab`. */
  readonly route: string;
  readonly rttMs: number | null;
  readonly sinceMs: number;
  readonly map: readonly { readonly node: string; readonly kind: 'end' | 'middle'; readonly address?: string; readonly verified: boolean }[];
}

export interface ChannelStatus {
  readonly id: number;
  readonly service: string;
  readonly state: string;
  /** Absent for streams. */
  readonly kind?: 'datagram' | 'listen';
  readonly codec?: string;
  /** Datagrams that could not be sent in time. */
  readonly dropped?: number;
  /** Where the application connects: this end (`front`) or the other (`back`). */
  readonly role: 'front' | 'back';
  readonly target?: string;
  readonly source?: string;
  /** From the application's (or real server's) socket at this end, and to it. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly ageMs: number;
  /** What the service's monitors at this end have to say of it, by plugin. */
  readonly monitors?: Readonly<Record<string, unknown>>;
}

export interface ServiceStatus {
  readonly name: string;
  readonly plugin: string;
  readonly role: 'front' | 'back';
  readonly addresses: readonly string[];
  /** What programs here must have in their environment to use it: `DISPLAY`. Absent where they need nothing. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Bytes of its channels at this end before the codec (`plain`) and behind it: `Out` to the other end, `In` from it. */
  readonly codec?: { readonly name: string; readonly plainOut: number; readonly plainIn: number; readonly codedOut: number; readonly codedIn: number };
  /** What its plugin counted at this end. */
  readonly counts?: Readonly<Record<string, number>>;
  readonly error?: string;
}

export interface RelayStatus {
  readonly parked: number;
  readonly waiting: number;
  readonly paired: number;
  readonly standby: number;
  readonly links: number;
  readonly bytes: number;
  /** Since the start, by what happened: `paired`, `set-up refused: LIMIT`, `dial failed: ECONNREFUSED`. */
  readonly events?: Readonly<Record<string, number>>;
  readonly legs: readonly { readonly tunnel: string | null; readonly side: 'left' | 'right'; readonly from: string; readonly state: string; readonly ageMs: number }[];
}
