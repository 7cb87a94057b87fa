/** What `lstp doctor` finds out: for each neighbour that a node dials, each way to it, step by step. */

export interface DoctorReport {
  readonly node: string;
  readonly ways: readonly WayReport[];
}

export interface WayReport {
  readonly neighbour: string;
  /** As in the chain file, `tcp` without its scheme. */
  readonly address: string;
  /** The proxies on the way, in order, without user and password. */
  readonly through: readonly string[];
  /** In the order in which they were done; the last one failed where there is a `failure`. */
  readonly steps: readonly StepReport[];
  readonly failure?: WayFailure;
}

export interface StepReport {
  /** `name`, `connect`, `SOCKS`, `CONNECT`, `Basic authentication`, `TLS`, `WebSocket`, `leg`, `key`. */
  readonly step: string;
  /** Whom it concerns. */
  readonly place: string;
  readonly ms: number;
}

export interface WayFailure {
  readonly code: string;
  /** What came back. */
  readonly message: string;
  /** Absent for what the doctor does not know: the message is all there is. */
  readonly likely?: Diagnosis;
}

/** In plain words. */
export interface Diagnosis {
  readonly cause: string;
  readonly remedy: string;
}

/** The neighbours that are reached on one way at least. */
export function reached({ ways }: DoctorReport): ReadonlySet<string> {
  return new Set(ways.filter(({ failure }) => failure === undefined).map(({ neighbour }) => neighbour));
}

export function neighboursOfReport({ ways }: DoctorReport): ReadonlySet<string> {
  return new Set(ways.map(({ neighbour }) => neighbour));
}
