/**
 * How a connection to a neighbour comes about: the one seam for egress proxies and for legs over tls and WebSocket.
 * Whoever implements it makes no protocol decision; it gives back a connected stream.
 */
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { PublicKey } from '../protocol/crypto.js';
import { formatLegAddress, type LegAddress, type LegPath } from './neighbour.js';

export interface LegTarget {
  readonly neighbour: string;
  readonly address: LegAddress;
  readonly path: LegPath;
  /** Those that the neighbour may have. */
  readonly keys?: readonly PublicKey[];
}

export interface LegDialer {
  /**
   * Resolves with a connected stream that allows half-open and has no delay, nothing read, no listeners, and with where
   * it leads, as people read it. Rejects with an Error that has a `code`; when `signal` aborts, with nothing left behind.
   */
  dial(target: LegTarget, signal: AbortSignal): Promise<{ readonly stream: Duplex; readonly remote: string }>;
  /** The paths that a path stands for at the moment, where the file leaves it to something else. Absent, or undefined: itself. */
  expand?(target: LegTarget, signal: AbortSignal): Promise<readonly LegPath[] | undefined>;
  /** The proxies of a path, for people. */
  describe?(path: LegPath): readonly string[];
}

/** A dial came to nothing; `code` is of the operating system (ECONNREFUSED, ...) or of lstp. */
export class DialError extends Error {
  constructor(
    readonly address: string,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'DialError';
  }
}

/** Plain TCP, straight. */
export const directDialer: LegDialer = {
  async dial({ neighbour, address, path }, signal) {
    const shown = formatLegAddress(address);
    if (address.scheme !== 'tcp') throw new DialError(shown, 'ERR_LSTP_SCHEME', `${neighbour} at ${shown}: legs over ${address.scheme} need a plugin that dials them`);
    if (path.through.length > 0 || path.ask !== undefined) throw new DialError(shown, 'ERR_LSTP_EGRESS', `${neighbour} at ${shown}: ways out through proxies need a plugin that dials them`);
    const stream = await connectTcp(address, signal);
    return { stream, remote: remoteOf(stream) };
  },
};

/** `address:port` of the other side of a socket. */
export function remoteOf({ remoteAddress = 'unknown', remotePort = 0 }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}

/** Rejects with DialError whose `code` is the operating system's, or ERR_LSTP_DIAL_TIMEOUT when `signal` aborts. */
export function connectTcp({ host, port }: Pick<LegAddress, 'host' | 'port'>, signal: AbortSignal): Promise<Socket> {
  const shown = formatLegAddress({ scheme: 'tcp', host, port });
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(aborted(shown));
    // Without allowHalfOpen a FIN of one side would cut the other direction short.
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    const settle = () => {
      socket.off('connect', onConnect).off('error', onError);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error) => {
      settle();
      socket.on('error', () => undefined).destroy();
      reject(error);
    };
    const onConnect = () => {
      settle();
      resolve(socket);
    };
    const onError = (error: NodeJS.ErrnoException) => fail(new DialError(shown, error.code ?? 'ERR_LSTP_DIAL', `${shown}: ${error.message || error.code}`));
    const onAbort = () => fail(aborted(shown));
    socket.on('connect', onConnect).on('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function aborted(address: string): DialError {
  return new DialError(address, 'ERR_LSTP_DIAL_TIMEOUT', `${address}: called off, or no connection in time`);
}
