/**
 * TLS towards a proxy or a node, as browsers have it. A certificate is believed that an authority of the system, or of
 * the file that the chain names, vouches for under the name that is dialed; and one of a key that the chain file pins.
 * There is no switch that turns this off.
 */
import { timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { publicKeyObject, type LegDialRequest } from '@lstp/core';
import { believing } from './authorities.js';
import { LegError } from './leg-error.js';
import { runHandshake, type HandshakeFacts } from './leg-handshake.js';

export interface SecureClientOptions extends Pick<LegDialRequest, 'address' | 'pins' | 'signal' | 'onStep'> {
  readonly authorities: string | undefined;
  readonly place: string;
  /** Protocols to offer; the other side may leave the choice open. */
  readonly alpn: readonly string[];
  readonly codes: HandshakeFacts['codes'];
}

/** Owns `raw`. Rejects with LegError ERR_LSTP_LEG_TLS where there is no TLS, or no certificate that is believed. */
export async function secureClient(raw: Duplex, { address, pins = [], authorities, place, alpn, signal, codes, onStep }: SecureClientOptions): Promise<TLSSocket> {
  onStep?.('TLS');
  return runHandshake(raw, { place, signal, codes }, () => {
    const secured = connect({
      socket: raw,
      // Node's own checks know no pins: refusalOf() below does it all, the name included.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ALPNProtocols: [...alpn],
      ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
      secureContext: believing(authorities),
    });
    return new Promise<TLSSocket>((resolve, reject) => {
      const fail = (error: Error): void => {
        secured.on('error', () => {}).destroy();
        reject(error instanceof LegError ? error : new LegError('ERR_LSTP_LEG_TLS', `${place}: no TLS: ${reasonOf(error)}`, { cause: error }));
      };
      const onEnd = (): void => fail(new LegError(codes.closed, `${place} closed the connection in the middle of TLS`));
      secured.on('error', fail).on('end', onEnd).on('close', onEnd);
      secured.once('secureConnect', () => {
        const refusal = refusalOf(secured, { host: address.host, pins });
        if (refusal !== undefined) return fail(new LegError('ERR_LSTP_LEG_TLS', `${place}: its certificate is not believed: ${refusal}`));
        secured.off('error', fail).off('end', onEnd).off('close', onEnd);
        secured.pause();
        return resolve(secured);
      });
    });
  });
}

function refusalOf(secured: TLSSocket, { host, pins }: { readonly host: string; readonly pins: NonNullable<LegDialRequest['pins']> }): string | undefined {
  const leaf = secured.getPeerX509Certificate();
  if (leaf === undefined) return 'it shows none';
  const shown = leaf.publicKey.export({ type: 'spki', format: 'der' });
  for (const pin of pins) {
    const pinned = publicKeyObject(pin).export({ type: 'spki', format: 'der' });
    if (pinned.length === shown.length && timingSafeEqual(pinned, shown)) return undefined;
  }
  const isOfHost = (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined;
  if (!isOfHost) return `it is for ${leaf.subjectAltName ?? leaf.subject.replaceAll('\n', ', ')}, not for ${host}`;
  return secured.authorized ? undefined : chainReason(String(secured.authorizationError));
}

function chainReason(code: string): string {
  const known: Readonly<Record<string, string>> = {
    CERT_HAS_EXPIRED: 'it has expired',
    CERT_NOT_YET_VALID: 'it is not valid yet; is the clock of this machine right?',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'nobody vouches for it (self-signed), and its key is none of the chain file',
    SELF_SIGNED_CERT_IN_CHAIN: 'an authority vouches for it that this node does not know; name its certificate with `authorities`',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'an authority vouches for it that this node does not know; name its certificate with `authorities`',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'an authority vouches for it that this node does not know; name its certificate with `authorities`',
  };
  return known[code] ?? code;
}

/** OpenSSL's own words, without the numbers. */
function reasonOf(error: Error): string {
  const { code, reason } = error as NodeJS.ErrnoException & { readonly reason?: string };
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') return 'what answers does not speak TLS';
  return reason ?? error.message;
}
