/**
 * What the protocol needs of cryptography and chance, handed in from outside
 * (io/node-crypto.ts in a node, a seeded one in tests).
 */

/** A public key in its file form: `ed25519:` and 43 characters of base64url. */
export type PublicKey = string;

export interface Crypto {
  /** SHA-256 of the parts, one after the other. 32 bytes. */
  hash(...parts: Uint8Array[]): Buffer;
  /** HMAC-SHA-256. 32 bytes. */
  hmac(key: Uint8Array, ...parts: Uint8Array[]): Buffer;
  /** Ed25519 (RFC 8032). False, never a throw, for a malformed key or signature. */
  verify(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean;
  /** Fresh random bytes. */
  random(length: number): Buffer;
  /** Constant-time comparison; false where the lengths differ. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}

/** A node's own key. The private half never leaves whoever implements this. */
export interface Signer {
  readonly publicKey: PublicKey;
  /** Ed25519 signature of `message`, 64 bytes. */
  sign(message: Uint8Array): Buffer;
}

/** The 32 raw bytes of a key in file form, as they enter digests. The form is checked where keys are parsed (shape.ts). */
export function rawKey(key: PublicKey): Buffer {
  return Buffer.from(key.slice('ed25519:'.length), 'base64url');
}
