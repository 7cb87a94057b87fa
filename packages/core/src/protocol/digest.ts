/**
 * Every digest and signed message of the protocol, each under its own label, so that a signature made for one
 * purpose is worth nothing for another. Specification: docs/spec.md, "Notation" and where each label is named.
 */
import { lengthPrefixed } from './bytes.js';
import { rawKey, type Crypto, type PublicKey, type Signer } from './crypto.js';

/** Bytes of an Ed25519 signature. */
export const SIGNATURE_BYTES = 64;
/** The label under which both ends take 32 bytes out of the TLS session (RFC 5705) for the proofs in PROPERTY_EXCHANGE. */
export const CARRIER_EXPORTER = 'EXPORTER-lstp-carrier';

const LEG_DIALER = label('leg dialer');
const LEG_ACCEPTOR = label('leg acceptor');
const END_ENTRY = label('end entry');
const MIDDLE_ENTRY = label('middle entry');
const RENDEZVOUS = label('rendezvous');
const CARRIER = label('carrier');

export interface SigningCrypto {
  readonly crypto: Crypto;
  readonly signer: Signer;
}

/** What the dialer of a leg signs. `hello` is HELLO_a's payload, `json` that of HELLO_d without its LP, `pinned` the acceptor's key. */
export function legDialerMessage(crypto: Crypto, hello: Uint8Array, { json, pinned }: { json: Uint8Array; pinned: PublicKey }): Buffer {
  return Buffer.concat([LEG_DIALER, crypto.hash(lengthPrefixed(hello), lengthPrefixed(json), rawKey(pinned))]);
}

/** What the acceptor of a leg signs: the payloads of HELLO_a and HELLO_d. */
export function legAcceptorMessage(crypto: Crypto, helloA: Uint8Array, helloD: Uint8Array): Buffer {
  return Buffer.concat([LEG_ACCEPTOR, crypto.hash(lengthPrefixed(helloA), lengthPrefixed(helloD))]);
}

/** What an end signs: its COMMONUNIQUE_INFO and the body of its topology entry. */
export function endEntryMessage(crypto: Crypto, cu: Uint8Array, body: Uint8Array): Buffer {
  return Buffer.concat([END_ENTRY, crypto.hash(lengthPrefixed(cu), lengthPrefixed(body))]);
}

/** What a middle signs: all that came before its entry (each entry with its signature), and the body of its own. */
export function middleEntryMessage(crypto: Crypto, cu: Uint8Array, { before, body }: { before: readonly Uint8Array[]; body: Uint8Array }): Buffer {
  const soFar = crypto.hash(lengthPrefixed(cu), ...before.map(lengthPrefixed));
  return Buffer.concat([MIDDLE_ENTRY, soFar, lengthPrefixed(body)]);
}

/** `common` of COMMONUNIQUE_INFO: a middle pairs by it and need not know the tunnel's name. base64url. */
export function rendezvousDigest(crypto: Crypto, commonName: string): string {
  return crypto.hash(RENDEZVOUS, lengthPrefixed(Buffer.from(commonName))).toString('base64url');
}

/** T: one digest of all that both ends said and received of set-up. Parts: CU_L, entry₀_L, CU_R, entry₀_R, list received by R, by L. */
export function carrierTranscript(crypto: Crypto, parts: readonly Uint8Array[]): Buffer {
  return crypto.hash(CARRIER, ...parts.map(lengthPrefixed));
}

function label(purpose: string): Buffer {
  return Buffer.from(`lstp/1 ${purpose}\0`);
}
