/**
 * A self-signed certificate of an Ed25519 key, made by hand: TLS wants a certificate, lstp pins the key inside it.
 * Nothing in it is ever believed but the key, so it says as little as X.509 lets it (RFC 5280, RFC 8410).
 */
import { createPublicKey, randomBytes, sign, type KeyObject } from 'node:crypto';

const VERSION_3 = hex('a003020102');
/** AlgorithmIdentifier of Ed25519, 1.3.101.112; it has no parameters. */
const ED25519 = hex('300506032b6570');
const COMMON_NAME = hex('0603550403');
const NAME = sequence(set(sequence(COMMON_NAME, der(0x0c, Buffer.from('lstp')))));
/** From 2020 to the end of time (RFC 5280, 4.1.2.5): pinned keys are withdrawn, they do not expire. */
const VALIDITY = sequence(der(0x17, Buffer.from('200101000000Z')), der(0x18, Buffer.from('99991231235959Z')));

/** A new certificate of `privateKey` as PEM. It is kept in memory: made afresh it is another, as good as this. */
export function selfSignedCertificate(privateKey: KeyObject): string {
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const toBeSigned = sequence(VERSION_3, serialNumber(), ED25519, NAME, VALIDITY, NAME, publicKey);
  const signature = der(0x03, Buffer.concat([Buffer.of(0), sign(null, toBeSigned, privateKey)]));
  const lines = sequence(toBeSigned, ED25519, signature).toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** 16 random bytes, positive and without a leading zero. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return der(0x02, bytes);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function set(...parts: Buffer[]): Buffer {
  return der(0x31, Buffer.concat(parts));
}

/** Tag, length, value. A certificate of ours stays under 256 bytes, so a length takes at most two. */
function der(tag: number, value: Buffer): Buffer {
  const length = value.length < 0x80 ? [value.length] : [0x81, value.length];
  return Buffer.concat([Buffer.of(tag, ...length), value]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
