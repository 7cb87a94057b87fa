/**
 * Signatures for simulations: a digest of key and message. Nobody in a simulation forges one, and Ed25519 would be most of a
 * seed's time. Hashes are the real ones.
 */
import { createHash } from 'node:crypto';
import type { Crypto, PublicKey, Signer } from '../../src/protocol/crypto.js';
import { namedSigner, seededCrypto } from '../../src/testing/index.js';

export function quickCrypto(seed: string): Crypto {
  const crypto = seededCrypto(seed);
  return { ...crypto, verify: (key, message, signature) => crypto.equal(sign(key, message), signature) };
}

export function quickSigner(name: string): Signer {
  const { publicKey } = namedSigner(name);
  return { publicKey, sign: (message) => sign(publicKey, message) };
}

function sign(key: PublicKey, message: Uint8Array): Buffer {
  return createHash('sha512').update(key).update(message).digest();
}
