/**
 * Runs one handshake on a stream that it owns: what fails, ends or takes too long destroys the stream, and says why.
 * What comes out is paused, with nothing read and no listener.
 */
import type { Duplex } from 'node:stream';
import { LegError, type LegErrorCode } from './leg-error.js';

export interface HandshakeFacts {
  /** Who is at the other side, for messages. */
  readonly place: string;
  readonly signal: AbortSignal;
  readonly codes: { readonly closed: LegErrorCode; readonly timeout: LegErrorCode };
}

export const PROXY_CODES = { closed: 'ERR_LSTP_PROXY_CLOSED', timeout: 'ERR_LSTP_PROXY_TIMEOUT' } as const;
export const LEG_CODES = { closed: 'ERR_LSTP_LEG_CLOSED', timeout: 'ERR_LSTP_LEG_TIMEOUT' } as const;

/** Rejects with a LegError: of `run`, or of the end of the stream or the signal, whichever came first. */
export async function runHandshake<T>(stream: Duplex, { place, signal, codes }: HandshakeFacts, run: () => Promise<T>): Promise<T> {
  let giveUp: (error: LegError) => void = () => {};
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  const onAbort = (): void => giveUp(new LegError(codes.timeout, `${place} did not answer in time`));
  const onEnd = (): void => giveUp(new LegError(codes.closed, `${place} closed the connection in the middle of the handshake`));
  const onError = (error: Error): void => giveUp(new LegError(codes.closed, `${place} broke the connection in the middle of the handshake: ${error.message}`, { cause: error }));
  stream.on('end', onEnd).on('close', onEnd).on('error', onError);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  else if (stream.destroyed) onEnd();
  try {
    const made = await Promise.race([run(), givenUp]);
    stream.off('error', onError);
    return made;
  } catch (error) {
    stream.destroy();
    throw error;
  } finally {
    stream.off('end', onEnd).off('close', onEnd);
    signal.removeEventListener('abort', onAbort);
  }
}
