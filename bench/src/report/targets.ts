/**
 * What lstp wants to be (aim) and what it must not fall behind (must).
 * docs/performance.md says where the numbers come from.
 */
import type { Label } from './results.js';

/** Of the ratio to `against`, or without it of the figure itself. */
export interface Target {
  readonly figure: string;
  /** Beginning of the case; all of the figure's without. */
  readonly case?: string;
  /** About the CPU time of all places. Other targets are not about CPU time. */
  readonly cpu?: true;
  readonly against?: string;
  readonly bound: 'at least' | 'at most';
  readonly aim: number;
  readonly must?: number;
}

const TARGETS: readonly Target[] = [
  { figure: 'bulk', against: 'stunnel chain', bound: 'at least', aim: 1.25, must: 1 },
  { figure: 'bulk', against: 'OpenSSH -J', bound: 'at least', aim: 4 },
  { figure: 'pass-through', against: 'HAProxy', bound: 'at least', aim: 0.95 },
  { figure: 'monitor', against: 'without', cpu: true, bound: 'at most', aim: 1.03 },
  { figure: 'connections', against: 'OpenSSH -J', bound: 'at least', aim: 2, must: 1 },
  { figure: 'rtt', against: 'stunnel chain', bound: 'at most', aim: 1, must: 1.2 },
  { figure: 'long-link', bound: 'at least', aim: 90 },
  { figure: 'loaded-rtt', case: 'p99 loaded : p50 idle', bound: 'at most', aim: 2 },
  { figure: 'many', case: 'few : many', bound: 'at most', aim: 1.2 },
  { figure: 'idle', case: 'a connection, at desk', bound: 'at most', aim: 6, must: 8 },
  { figure: 'idle', case: 'a connection, at lab', bound: 'at most', aim: 6, must: 8 },
  { figure: 'legs', bound: 'at most', aim: 6, must: 8 },
  { figure: 'udp', case: 'lost of 20 000/s', bound: 'at most', aim: 0.1 },
  { figure: 'udp', case: 'most with', bound: 'at least', aim: 20_000 },
  { figure: 'front-ends', case: '1 stream', against: 'forward', bound: 'at least', aim: 0.95 },
  { figure: 'front-ends', case: 'opens later', bound: 'at most', aim: 1 },
  { figure: 'reach', against: 'socat', bound: 'at least', aim: 0.95 },
  { figure: 'reach', case: '1 stream up, legs over wss', against: 'tcp', bound: 'at least', aim: 0.4 },
  { figure: 'reach', case: '1 stream down, legs over wss', against: 'tcp', bound: 'at least', aim: 0.4 },
  { figure: 'compression', case: 'log text, zlib', bound: 'at least', aim: 50 },
  { figure: 'compression', case: 'a byte waits', bound: 'at most', aim: 1000 },
  { figure: 'recovery', case: 'relay back after kill -9, p50', bound: 'at most', aim: 300 },
  { figure: 'recovery', case: 'relay back after kill -9, p99', bound: 'at most', aim: 1000 },
  { figure: 'recovery', case: 'one of two relays back after kill -9, p50', bound: 'at most', aim: 300 },
  { figure: 'recovery', case: 'one of two relays back after kill -9, p99', bound: 'at most', aim: 1000 },
  { figure: 'recovery', case: 'kill -9, another relay, p50', bound: 'at most', aim: 300 },
  { figure: 'recovery', case: 'kill -9, another relay, p99', bound: 'at most', aim: 1000 },
  { figure: 'recovery', case: 'stands still, another relay, p99', bound: 'at most', aim: 5000 },
  { figure: 'recovery', case: 'the same, of the CPU', cpu: true, bound: 'at most', aim: 5 },
  { figure: 'recovery', case: 'rolling restart', bound: 'at most', aim: 200 },
  { figure: 'x11', case: 'near: x11perf, geometric', against: 'ssh -X -J', bound: 'at least', aim: 1 },
  { figure: 'x11', case: '40 ms: x11perf, geometric', against: 'ssh -X -J', bound: 'at least', aim: 1.5 },
  { figure: 'x11', case: '40 ms: images', against: 'ssh -X -J', bound: 'at least', aim: 2 },
  { figure: 'x11-monitor', against: 'no monitor', cpu: true, bound: 'at most', aim: 1.1 },
  { figure: 'start', bound: 'at most', aim: 400 },
];

/** The target of one row of the table. */
export function targetOf(label: Label, against: string | undefined): Target | undefined {
  const isCpu = label.case.includes('CPU');
  if (label.case.includes(', CPU') && !label.case.endsWith('CPU in all')) return undefined;
  return TARGETS.find((target) => (target.cpu === true) === isCpu && target.figure === label.figure && target.against === against && label.case.startsWith(target.case ?? ''));
}

/** How `value` stands to its target, as the table says it. */
export function verdictOf(target: Target, value: number): 'reached' | 'must only' | 'missed' {
  const meets = (wanted: number): boolean => (target.bound === 'at least' ? value >= wanted : value <= wanted);
  if (meets(target.aim)) return 'reached';
  return target.must !== undefined && meets(target.must) ? 'must only' : 'missed';
}
