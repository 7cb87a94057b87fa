/** Chance that repeats: for simulations and test vectors. Hashes and signatures are the real ones. */
import { createHash } from 'node:crypto';
import { nodeCrypto, signerFromSeed } from '../io/node-crypto.js';
import type { Crypto, Signer } from '../protocol/crypto.js';

/** A Crypto whose random() gives the same bytes for the same seed and order of calls. */
export function seededCrypto(seed: string): Crypto {
  let drawn = 0;
  const block = () => createHash('sha256').update(`${seed}/${drawn++}`).digest();
  const random = (length: number) => {
    const out = Buffer.alloc(length);
    for (let at = 0; at < length; at += 32) block().copy(out, at);
    return out;
  };
  return { ...nodeCrypto, random };
}

const signers = new Map<string, Signer>();

/** The key of a name: the same name gives the same key in every run. Never for a node. */
export function namedSigner(name: string): Signer {
  const made = signers.get(name) ?? signerFromSeed(createHash('sha256').update(`lstp test key ${name}`).digest());
  signers.set(name, made);
  return made;
}
