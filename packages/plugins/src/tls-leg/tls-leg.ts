/** Legs over TLS. It hides their set-up from those between two neighbours; who they are is still proved by their keys. */
import type { Duplex } from 'node:stream';
import { IDENTITY, type Identity, type LegAcceptRequest, type LegDialerRole, type LegDialRequest, type LegListenerRole } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import { formatPlace } from '../leg-handshake/leg-error.js';
import { LEG_CODES } from '../leg-handshake/leg-handshake.js';
import { secureClient } from '../leg-handshake/secure-client.js';
import { SecureServer } from '../leg-handshake/secure-server.js';

/** Another than carriers have: the two are never taken for each other. */
const ALPN = ['lstp-leg/1'];

export class TlsLegDialer implements LegDialerRole {
  dial(stream: Duplex, request: LegDialRequest): Promise<Duplex> {
    return secureClient(stream, { ...request, place: formatPlace(request.address), alpn: ALPN, codes: LEG_CODES, authorities: request.authorities });
  }
}

@injectable()
export class TlsLegListener implements LegListenerRole {
  readonly #server: SecureServer;

  constructor(@inject(IDENTITY) identity: Identity) {
    this.#server = new SecureServer(identity);
  }

  accept(stream: Duplex, request: LegAcceptRequest): Promise<Duplex> {
    return this.#server.secure(stream, request, ALPN);
  }
}
