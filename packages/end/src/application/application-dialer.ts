/** Connects to real servers. The true cause of a failure becomes the channel's refusal. */
import { connect, type Socket } from 'node:net';
import { ChannelRefusal, formatHostPort, formatServiceAddress, type ChannelCode, type Dialer, type ServiceAddress } from '@lstp/core';
import { plainHost, socketTarget } from './socket-target.js';

/** A server that does not answer at all. */
const CONNECT_TIMEOUT_MS = 10_000;

const REASONS: Readonly<Record<string, ChannelCode>> = {
  ECONNREFUSED: 'refused',
  ENOENT: 'refused',
  ECONNRESET: 'refused',
  EACCES: 'refused',
  EPERM: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'timeout',
  ENOTFOUND: 'name-not-found',
  EAI_AGAIN: 'name-not-found',
  EMFILE: 'limit',
  ENFILE: 'limit',
};

export class ApplicationDialer implements Dialer {
  readonly #timeoutMs: number;

  constructor({ timeoutMs = CONNECT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}) {
    this.#timeoutMs = timeoutMs;
  }

  async connect(where: ServiceAddress | readonly ServiceAddress[], signal: AbortSignal): Promise<{ stream: Socket; bound: string }> {
    if (!isList(where)) return this.#connect(where, signal);
    let first: unknown;
    for (const address of where) {
      try {
        return await this.#connect(address, signal);
      } catch (error) {
        first ??= error;
        if (signal.aborted) break;
      }
    }
    throw first ?? new ChannelRefusal('unreachable', 'there is no address to connect to');
  }

  #connect(address: ServiceAddress, signal: AbortSignal): Promise<{ stream: Socket; bound: string }> {
    const text = formatServiceAddress(address);
    const stream = connect({ noDelay: true, allowHalfOpen: true, ...socketTarget(address) });
    return new Promise((resolve, reject) => {
      const give = (reason: ChannelCode, message: string): void => {
        finish();
        // The refusal says it all; what the dying socket adds has no reader.
        stream.on('error', () => {}).destroy();
        reject(new ChannelRefusal(reason, message));
      };
      const connected = (): void => {
        finish();
        resolve({ stream, bound: boundOf(stream, text) });
      };
      const failed = (error: NodeJS.ErrnoException): void => give(REASONS[causeOf(error)] ?? 'internal', `${text}: ${explain(error)}`);
      const aborted = (): void => give('reset', `${text}: the application has gone`);
      const timer = setTimeout(() => give('timeout', `${text}: no answer within ${this.#timeoutMs / 1000} s`), this.#timeoutMs);
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', aborted);
        stream.off('connect', connected).off('error', failed);
      };
      stream.once('connect', connected).once('error', failed);
      signal.addEventListener('abort', aborted);
      if (signal.aborted) aborted();
    });
  }
}

function isList(where: ServiceAddress | readonly ServiceAddress[]): where is readonly ServiceAddress[] {
  return Array.isArray(where);
}

/** Several addresses of one name were tried: the first failure counts. */
function causeOf(error: NodeJS.ErrnoException): string {
  const first = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  return first.code ?? '';
}

function explain(error: NodeJS.ErrnoException): string {
  const first = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  return first.message;
}

function boundOf({ localAddress, localPort }: Socket, text: string): string {
  return localAddress === undefined || localPort === undefined ? text : formatHostPort({ host: plainHost(localAddress), port: localPort });
}
