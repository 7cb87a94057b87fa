/**
 * The protocol's Crypto and Signer, made with node:crypto.
 *
 *   nodeCrypto                 hashes, signature checks, chance
 *   signerOf(key)              a Signer from an Ed25519 private KeyObject (of a key file)
 *   signerFromSeed(seed)       the same from its 32-byte seed (RFC 8032), and for tests
 *   publicKeyOf(key)           a KeyObject's public half in file form
 */
import { createHash, createHmac, createPrivateKey, createPublicKey, randomBytes, sign, timingSafeEqual, verify, type KeyObject } from 'node:crypto';
import type { Crypto, PublicKey, Signer } from '../protocol/crypto.js';
import { isPublicKey } from '../protocol/shape.js';

/** DER of SubjectPublicKeyInfo and PKCS #8 for Ed25519 (RFC 8410), up to the 32 bytes of the key. */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Keys of topology entries come from outside, so the cache must not grow with what strangers send. */
const CACHED_KEYS = 1024;
const keys = new Map<PublicKey, KeyObject>();

export const nodeCrypto: Crypto = {
  hash(...parts) {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  },
  hmac(key, ...parts) {
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  },
  verify(key, message, signature) {
    if (!isPublicKey(key) || signature.length !== 64) return false;
    try {
      return verify(null, message, publicKeyObject(key), signature);
    } catch {
      return false;
    }
  },
  random: (length) => randomBytes(length),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

/** Signs with `key`, an Ed25519 private key. Throws for any other kind. */
export function signerOf(key: KeyObject): Signer {
  if (key.type !== 'private' || key.asymmetricKeyType !== 'ed25519') {
    throw new TypeError(`an Ed25519 private key is needed, not a ${key.type} ${key.asymmetricKeyType ?? 'key'}`);
  }
  return { publicKey: publicKeyOf(key), sign: (message) => sign(null, message, key) };
}

/** Signs with the key of this 32-byte seed. */
export function signerFromSeed(seed: Uint8Array): Signer {
  return signerOf(privateKeyFromSeed(seed));
}

/** The private key of a 32-byte seed. */
export function privateKeyFromSeed(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw new TypeError(`the seed of an Ed25519 key has 32 bytes, not ${seed.length}`);
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' });
}

/** The public half of an Ed25519 key, in file form. */
export function publicKeyOf(key: KeyObject): PublicKey {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' });
  return `ed25519:${spki.subarray(SPKI_HEAD.length).toString('base64url')}`;
}

/** A KeyObject of a public key in file form. Throws where the 32 bytes are no point that OpenSSL takes. */
export function publicKeyObject(key: PublicKey): KeyObject {
  const known = keys.get(key);
  if (known !== undefined) return known;
  const der = Buffer.concat([SPKI_HEAD, Buffer.from(key.slice('ed25519:'.length), 'base64url')]);
  const made = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (keys.size >= CACHED_KEYS) keys.clear();
  keys.set(key, made);
  return made;
}
