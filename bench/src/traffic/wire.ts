/**
 * What a traffic client says first on a connection, and the calls by which the bench drives the two traffic programs.
 */
import type { LinkShape } from './lane.js';

/** Everything comes back, this byte included. */
export const ECHO = 0x65;
/** Pattern from the client until it ends; `start: u32` follows. */
export const UPLOAD = 0x75;
/** Pattern from the server until the client says STOP; `start: u32` follows. */
export const DOWNLOAD = 0x64;
/** Ends a download. */
export const STOP = 0x73;
/** Bytes of UPLOAD and DOWNLOAD with their start. */
export const BULK_HEADER_BYTES = 5;

/** Verified bytes so far, and when that was. */
export interface Mark {
  readonly bytes: number;
  readonly seconds: number;
}

export interface Totals {
  readonly sent: number;
  readonly received: number;
}

export interface DatagramLoad {
  readonly port: number;
  /** A second. */
  readonly rate: number;
  readonly seconds: number;
  /** Of each; 8 at least. */
  readonly bytes: number;
}

export type Direction = 'up' | 'down';

/** At an entrance where the application says first where it wants to go. */
export interface Proxy {
  readonly speaks: 'socks' | 'http-proxy';
  /** Loopback port to ask for. */
  readonly target: number;
}

/** What each program answers, by the name of the call. Both answer `mark` and `totals`. */
export interface Calls {
  /** Server: starts listening; its port. */
  listen: { parameters: Record<string, never>; result: number };
  /** Client: opens the streams and starts the transfer. */
  startBulk: { parameters: { port: number; streams: number; direction: Direction; proxy?: Proxy | undefined }; result: null };
  /** Client: ends the transfer; resolves when every stream has closed. */
  finishBulk: { parameters: Record<string, never>; result: null };
  mark: { parameters: Record<string, never>; result: Mark };
  totals: { parameters: Record<string, never>; result: Totals };
  /** Client: connect, a byte each way, close, over and over. */
  connections: { parameters: { port: number; concurrency: number; seconds: number }; result: Mark };
  /** Client: from connect() to the first byte that came back, one connection after the other, in microseconds; `count` of them. */
  openings: { parameters: { port: number; count: number; proxy?: Proxy | undefined }; result: number[] };
  /** Client: round trips of one byte on one connection, in microseconds; `count` of them, or fewer when `seconds` are over. */
  roundTrips: { parameters: { port: number; count: number; seconds: number }; result: number[] };
  /** Client: opens connections, a byte each way on each, and keeps them. */
  hold: { parameters: { port: number; count: number }; result: null };
  release: { parameters: Record<string, never>; result: null };
  /** Client: single bytes there and back on `count` connections at once, for `seconds`. Counts round trips. */
  echoes: { parameters: { port: number; count: number; seconds: number }; result: Mark };
  /** Server: a UDP socket that counts; its port. One datagram of ECHO alone comes back. */
  listenDatagrams: { parameters: Record<string, never>; result: number };
  /** Server: different datagrams of the last run that came; throws when any was wrong. The next run begins. */
  countDatagrams: { parameters: Record<string, never>; result: number };
  /** Client: datagrams of `bytes` at `rate` a second; how many were sent. */
  sendDatagrams: { parameters: DatagramLoad; result: number };
  /** Legs: the public keys of all ends there. */
  legKeys: { parameters: Record<string, never>; result: readonly string[] };
  /** Legs: `count` legs to the relay of that port and public key; resolves when all wait for their other side. */
  park: { parameters: { port: number; key: string; count: number }; result: null };
  /** Legs: `count` pairs of legs, up to the raw pipe. */
  pair: { parameters: { port: number; key: string; count: number }; result: null };
  /** Link: a port from which `target` is far away. */
  link: { parameters: { target: number; shape: LinkShape }; result: number };
}

export interface Request {
  readonly id: number;
  readonly call: keyof Calls;
  readonly parameters: unknown;
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}
