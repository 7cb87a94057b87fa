/**
 * HELLO: mutual authentication of two neighbours in one round trip.
 *
 *   HELLO_a  acceptor → dialer   JSON {versions, key, nonce}
 *   HELLO_d  dialer → acceptor   LP(JSON {version, key, nonce, use, started, node}) ‖ signature
 *   HELLO_p  acceptor → dialer   signature
 *
 * Pure functions over payloads; the order of events is leg.ts. Specification: docs/spec.md, "HELLO".
 */
import { lengthPrefixed, readLengthPrefixed } from './bytes.js';
import type { Crypto, PublicKey } from './crypto.js';
import { SIGNATURE_BYTES, legAcceptorMessage, legDialerMessage, type SigningCrypto } from './digest.js';
import { ProtocolError } from './error.js';
import { HELLO_ACCEPTOR, HELLO_DIALER } from './messages.js';
import { parseJson, type ShapeOf } from './shape.js';

/** Versions of the leg protocol that this implementation speaks. */
export const LEG_VERSIONS: readonly number[] = [1];

export type HelloAcceptor = ShapeOf<typeof HELLO_ACCEPTOR>;
export type HelloDialer = ShapeOf<typeof HELLO_DIALER>;
/** What a leg is for: set-up of one carrier, waiting to be used for one by its acceptor, or news between neighbours. */
export type LegUse = HelloDialer['use'];

export function makeHelloAcceptor({ crypto, signer }: SigningCrypto): Buffer {
  const hello: HelloAcceptor = { versions: [...LEG_VERSIONS], key: signer.publicKey, nonce: crypto.random(32).toString('base64url') };
  return Buffer.from(JSON.stringify(hello));
}

export function parseHelloAcceptor(payload: Buffer): HelloAcceptor {
  return parseJson(payload, HELLO_ACCEPTOR, 'HELLO of the acceptor');
}

/** HELLO_d in answer to `helloA`, whose key is `pinned`. */
export function makeHelloDialer(helloA: Buffer, body: Pick<HelloDialer, 'use' | 'started' | 'node'>, input: SigningCrypto & { readonly pinned: PublicKey }): Buffer {
  const { crypto, signer, pinned } = input;
  const version = Math.max(...LEG_VERSIONS);
  const hello: HelloDialer = { version, key: signer.publicKey, nonce: crypto.random(32).toString('base64url'), ...body };
  const json = Buffer.from(JSON.stringify(hello));
  return Buffer.concat([lengthPrefixed(json), signer.sign(legDialerMessage(crypto, helloA, { json, pinned }))]);
}

/** A parsed HELLO_d; nothing in it is verified. */
export interface ReceivedHello {
  readonly body: HelloDialer;
  readonly json: Buffer;
  readonly signature: Buffer;
}

export function parseHelloDialer(payload: Buffer): ReceivedHello {
  const { value: json, end } = readLengthPrefixed(payload, 0, 'HELLO of the dialer');
  const signature = payload.subarray(end);
  if (signature.length !== SIGNATURE_BYTES) throw new ProtocolError('PROTOCOL', `HELLO of the dialer: a signature of ${signature.length} bytes instead of ${SIGNATURE_BYTES}`);
  return { body: parseJson(json, HELLO_DIALER, 'HELLO of the dialer'), json, signature };
}

/** Whether the dialer holds the key it names and meant this acceptor (`own` key, `helloA` as sent). */
export function helloDialerVerifies({ body, json, signature }: ReceivedHello, helloA: Buffer, { crypto, own }: { crypto: Crypto; own: PublicKey }): boolean {
  return crypto.verify(body.key, legDialerMessage(crypto, helloA, { json, pinned: own }), signature);
}

/** HELLO_p: the acceptor's signature over both payloads. */
export function makeHelloProof(helloA: Buffer, helloD: Buffer, { crypto, signer }: SigningCrypto): Buffer {
  return signer.sign(legAcceptorMessage(crypto, helloA, helloD));
}

export function helloProofVerifies(proof: Buffer, hellos: { readonly a: Buffer; readonly d: Buffer }, { crypto, pinned }: { crypto: Crypto; pinned: PublicKey }): boolean {
  return crypto.verify(pinned, legAcceptorMessage(crypto, hellos.a, hellos.d), proof);
}
