/** TLS where legs are taken: with the certificate that the file gives this node, or one of its own key. */
import type { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import type { Identity, LegAcceptRequest } from '@lstp/core';
import type { Socket } from 'node:net';
import { formatPlace, LegError } from './leg-error.js';
import { LEG_CODES, runHandshake } from './leg-handshake.js';

/** Contexts that are kept: a certificate that is replaced on disk makes a new one. */
const MOST_KEPT = 8;

export class SecureServer {
  readonly #identity: Identity;
  readonly #contexts = new Map<string, SecureContext>();

  constructor(identity: Identity) {
    this.#identity = identity;
  }

  /** Owns `raw`. Rejects with LegError ERR_LSTP_LEG_TLS where what connects does not speak TLS as a node does. */
  async secure(raw: Duplex, { address, certificate, signal }: LegAcceptRequest, alpn: readonly string[]): Promise<TLSSocket> {
    const place = formatPlace(address);
    return runHandshake(raw, { place: `who connected to ${place}`, signal, codes: LEG_CODES }, () => {
      const secured = new TLSSocket(raw as Socket, { isServer: true, secureContext: this.#contextOf(certificate ?? this.#identity.certificate), ALPNProtocols: [...alpn] });
      return new Promise<TLSSocket>((resolve, reject) => {
        const fail = (error: Error): void => {
          secured.on('error', () => {}).destroy();
          reject(error instanceof LegError ? error : new LegError('ERR_LSTP_LEG_TLS', `no TLS at ${place}: ${(error as { readonly reason?: string }).reason ?? error.message}`, { cause: error }));
        };
        // Half-open as its socket is, it does not take the end of the other side's bytes for its own.
        const onEnd = (): void => fail(new LegError('ERR_LSTP_LEG_CLOSED', `who connected to ${place} closed the connection in the middle of TLS`));
        secured.on('error', fail).on('end', onEnd).on('close', onEnd);
        secured.once('secure', () => {
          secured.off('error', fail).off('end', onEnd).off('close', onEnd);
          secured.pause();
          resolve(secured);
        });
      });
    });
  }

  #contextOf({ cert, key }: { readonly cert: string; readonly key: string }): SecureContext {
    const known = this.#contexts.get(cert);
    if (known !== undefined) return known;
    const made = createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
    if (this.#contexts.size >= MOST_KEPT) this.#contexts.clear();
    this.#contexts.set(cert, made);
    return made;
  }
}
