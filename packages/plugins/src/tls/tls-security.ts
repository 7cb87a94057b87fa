/** Secures a carrier with TLS 1.3 between two pinned node keys. What is accepted stands in policy.ts. */
import { Socket } from 'node:net';
import { connect, TLSSocket, type SecureContext } from 'node:tls';
import { IDENTITY, lendReads, type Identity, type SecuredCarrier, type Security, type SecurityRequest } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import { carrierContext, carrierOptions, refusalOf } from './policy.js';
import { makeHeapRoomy } from './roomy-heap.js';

const EXPORTED_BYTES = 32;

@injectable()
export class TlsSecurity implements Security {
  readonly #context: SecureContext;

  constructor(@inject(IDENTITY) identity: Identity) {
    this.#context = carrierContext(identity);
  }

  /** Rejects with a plain Error that says why; the socket is destroyed then. */
  secure({ socket, master, pin, timeoutMs }: SecurityRequest): Promise<SecuredCarrier> {
    const options = carrierOptions(this.#context);
    const secured = master ? connect({ ...options, socket }) : new TLSSocket(socket, { ...options, isServer: true });
    if (!(socket instanceof Socket)) {
      lendReads(socket);
      makeHeapRoomy();
    }
    return new Promise((resolve, reject) => {
      const settle = (refusal: string | undefined): void => {
        clearTimeout(timer);
        secured.off('error', fail).off('close', close).off('end', close);
        // Late errors of a socket that is being destroyed have no other reader.
        secured.on('error', ignore);
        if (refusal === undefined) {
          secured.off('error', ignore);
          resolve({ stream: secured, exporter: (label) => secured.exportKeyingMaterial(EXPORTED_BYTES, label, Buffer.alloc(0)) });
          return;
        }
        secured.destroy();
        socket.destroy();
        reject(Object.assign(new Error(`TLS: ${refusal}`), { code: 'ERR_LSTP_TLS_REFUSED' }));
      };
      const fail = (error: Error): void => settle(error.message);
      const close = (): void => settle('the connection was closed during the handshake');
      const timer = setTimeout(() => settle(`no handshake within ${timeoutMs} ms`), timeoutMs);
      secured.once(master ? 'secureConnect' : 'secure', () => settle(refusalOf(secured, pin)));
      // Half-open as its socket is, a server does not take the end of the client's bytes for the end of the handshake.
      secured.on('error', fail).on('close', close).on('end', close);
    });
  }
}

function ignore(): void {}
