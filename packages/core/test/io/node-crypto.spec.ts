import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { nodeCrypto, publicKeyOf, signerFromSeed, signerOf } from '../../src/io/node-crypto.js';
import { rawKey } from '../../src/protocol/crypto.js';
import { namedSigner, seededCrypto } from '../../src/testing/index.js';

describe('io/node-crypto', () => {
  // RFC 8032, 7.1, test 2
  const seed = Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex');
  const raw = '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c';
  const signature =
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';

  it('makes the public key and signature of RFC 8032', () => {
    const signer = signerFromSeed(seed);
    expect(rawKey(signer.publicKey).toString('hex')).to.equal(raw);
    expect(signer.sign(Buffer.from([0x72])).toString('hex')).to.equal(signature);
  });

  it('verifies what was signed and nothing else', () => {
    const signer = namedSigner('desk');
    const message = Buffer.from('hello');
    const made = signer.sign(message);
    expect(nodeCrypto.verify(signer.publicKey, message, made)).to.equal(true);
    expect(nodeCrypto.verify(signer.publicKey, Buffer.from('hallo'), made)).to.equal(false);
    expect(nodeCrypto.verify(namedSigner('lab').publicKey, message, made)).to.equal(false);
  });

  it('answers false, not an exception, to malformed keys and signatures', () => {
    const message = Buffer.alloc(3);
    const { publicKey } = namedSigner('desk');
    expect(nodeCrypto.verify('ed25519:short', message, Buffer.alloc(64))).to.equal(false);
    expect(nodeCrypto.verify('rsa', message, Buffer.alloc(64))).to.equal(false);
    expect(nodeCrypto.verify(publicKey, message, Buffer.alloc(63))).to.equal(false);
    expect(nodeCrypto.verify(`ed25519:${Buffer.alloc(32, 0xff).toString('base64url')}`, message, Buffer.alloc(64))).to.equal(false);
  });

  it('compares without caring where the difference is, and tells lengths apart', () => {
    expect(nodeCrypto.equal(Buffer.from('ab'), Buffer.from('ab'))).to.equal(true);
    expect(nodeCrypto.equal(Buffer.from('ab'), Buffer.from('ac'))).to.equal(false);
    expect(nodeCrypto.equal(Buffer.from('ab'), Buffer.from('a'))).to.equal(false);
  });

  it('hashes parts as their concatenation', () => {
    expect(nodeCrypto.hash(Buffer.from('a'), Buffer.from('bc')).toString('hex')).to.equal(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('refuses keys of another kind', () => {
    const { privateKey } = generateKeyPairSync('x25519');
    expect(() => signerOf(privateKey)).to.throw(TypeError, 'Ed25519');
    expect(() => signerFromSeed(Buffer.alloc(31))).to.throw(TypeError, '32 bytes');
  });

  it('gives one file form for both halves of a key', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    expect(publicKeyOf(privateKey)).to.equal(publicKeyOf(publicKey));
  });

  it('repeats its chance for one seed and not for another', () => {
    const first = seededCrypto('a');
    const again = seededCrypto('a');
    expect(first.random(40)).to.deep.equal(again.random(40));
    expect(first.random(8)).to.deep.equal(again.random(8));
    expect(seededCrypto('b').random(40)).to.not.deep.equal(seededCrypto('a').random(40));
  });
});
