/**
 * The TLS policy of carriers: the one file that says what is accepted. TLS 1.3 only, both sides show a certificate of
 * their Ed25519 node key, and the peer's key is compared with the pin before anything is read or written.
 * Node's own chain check says nothing about pins, so it is off and never asked. Specification: docs/spec.md, "Carriers".
 */
import { timingSafeEqual } from 'node:crypto';
import { constants } from 'node:crypto';
import { createSecureContext, type ConnectionOptions, type SecureContext, type TLSSocket, type TLSSocketOptions } from 'node:tls';
import { rawKey, type Identity, type PublicKey } from '@lstp/core';

export const CARRIER_ALPN = 'lstp-carrier/1';

/** DER of an Ed25519 SubjectPublicKeyInfo up to the 32 bytes of the key (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** One context for each role of a node; making one is the costly part of a handshake. */
export function carrierContext({ certificate }: Identity): SecureContext {
  return createSecureContext({
    key: certificate.key,
    cert: certificate.cert,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    // AES-128 first: fastest where the processor has AES, and it has everywhere we are measured.
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    sigalgs: 'ed25519',
    ecdhCurve: 'X25519',
    // A resumed session proves no key again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  });
}

/** Options of both roles. `rejectUnauthorized` is off because Node's check is about certificate authorities; checkPeer() is ours. */
export function carrierOptions(secureContext: SecureContext): TLSSocketOptions & ConnectionOptions {
  return { secureContext, requestCert: true, rejectUnauthorized: false, ALPNProtocols: [CARRIER_ALPN] };
}

/** Why this peer is refused, or undefined. To be called in the very event that ends the handshake. */
export function refusalOf(socket: TLSSocket, pin: PublicKey): string | undefined {
  if (socket.getProtocol() !== 'TLSv1.3') return `${socket.getProtocol() ?? 'no protocol'} instead of TLSv1.3`;
  if (socket.isSessionReused()) return 'a reused session proves no key';
  if (socket.alpnProtocol !== CARRIER_ALPN) return `protocol ${socket.alpnProtocol || 'none'} instead of ${CARRIER_ALPN}`;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return 'the peer shows no certificate';
  if (certificate.publicKey.asymmetricKeyType !== 'ed25519') return `the peer's key is ${certificate.publicKey.asymmetricKeyType ?? 'unknown'} instead of ed25519`;
  const shown = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const expected = Buffer.concat([SPKI_PREFIX, rawKey(pin)]);
  if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) return `the peer proved ${fileForm(shown)}, but ${pin} is pinned`;
  return undefined;
}

function fileForm(spki: Buffer): PublicKey {
  return `ed25519:${spki.subarray(SPKI_PREFIX.length).toString('base64url')}`;
}
