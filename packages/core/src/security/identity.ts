/**
 * A node's identity: its Ed25519 key, and what TLS needs of it.
 *
 *   readIdentity(path)    from a key file (key-file.ts), as `lstp up` does
 *   generateIdentity()    in memory only, for trials
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { publicKeyOf } from '../io/node-crypto.js';
import type { Identity } from '../plugin/contract.js';
import { selfSignedCertificate } from './certificate.js';
import { readKeyFile } from './key-file.js';

export { publicKeyOf };

/** The private key is here for whoever makes the node's Signer; it is never logged, printed or sent. */
export interface NodeIdentity extends Identity {
  readonly privateKey: KeyObject;
}

/** Throws KeyError, which says what to do. */
export function readIdentity(path: string): NodeIdentity {
  return identityOf(readKeyFile(path));
}

export function generateIdentity(): NodeIdentity {
  return identityOf(generateKeyPairSync('ed25519').privateKey);
}

function identityOf(privateKey: KeyObject): NodeIdentity {
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const identity = { publicKey: publicKeyOf(privateKey), certificate: { key, cert: selfSignedCertificate(privateKey) } };
  // Not enumerable: whoever logs or copies an identity leaves the key behind.
  return Object.defineProperty(identity, 'privateKey', { value: privateKey }) as NodeIdentity;
}
