/**
 * How a connection to a neighbour comes about: the one seam for egress proxies and for legs over tls and WebSocket.
 * Whoever implements it makes no protocol decision; it gives back a connected socket.
 */
import { connect, type Socket } from 'node:net';
import { formatLegAddress, type LegAddress, type LegPath } from './neighbour.js';

export interface LegTarget {
  readonly neighbour: string;
  readonly address: LegAddress;
  readonly path: LegPath;
}

export interface LegDialer {
  /**
   * Resolves with a connected socket that allows half-open and has no delay, nothing read, no listeners.
   * Rejects with an Error that has a `code`; when `signal` aborts, with nothing left behind.
   */
  dial(target: LegTarget, signal: AbortSignal): Promise<Socket>;
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
  dial({ neighbour, address, path }, signal) {
    const shown = formatLegAddress(address);
    if (address.scheme !== 'tcp') {
      return Promise.reject(new DialError(shown, 'ERR_LSTP_SCHEME', `${neighbour} at ${shown}: this version of lstp dials legs over tcp only, not ${address.scheme}`));
    }
    if (path.through.length > 0) {
      return Promise.reject(new DialError(shown, 'ERR_LSTP_EGRESS', `${neighbour} at ${shown}: this version of lstp has no egress through proxies, only \`direct\``));
    }
    return connectTcp(address, signal);
  },
};

function connectTcp(address: LegAddress, signal: AbortSignal): Promise<Socket> {
  const { host, port } = address;
  const shown = formatLegAddress(address);
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
