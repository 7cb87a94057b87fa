/** A self-signed certificate of any kind of key, made by hand (RFC 5280): what a peer may show that is not an lstp node. */
import { createPublicKey, sign, type KeyObject } from 'node:crypto';

const ALGORITHMS: Readonly<Record<string, { readonly identifier: string; readonly hash: string | null }>> = {
  ed25519: { identifier: '300506032b6570', hash: null },
  ec: { identifier: '300a06082a8648ce3d040302', hash: 'sha256' },
  rsa: { identifier: '300d06092a864886f70d01010b0500', hash: 'sha256' },
};

/** PEM of the private key and of a certificate that names `commonName`. */
export function certificateOf(privateKey: KeyObject, commonName: string): { readonly key: string; readonly cert: string } {
  const { identifier, hash } = ALGORITHMS[privateKey.asymmetricKeyType ?? ''] ?? failKind(privateKey);
  const algorithm = Buffer.from(identifier, 'hex');
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(commonName)))));
  const validity = der(0x30, der(0x17, Buffer.from('200101000000Z')), der(0x18, Buffer.from('99991231235959Z')));
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const body = der(0x30, Buffer.from('a003020102', 'hex'), der(0x02, Buffer.from([0x41])), algorithm, name, validity, name, publicKey);
  const certificate = der(0x30, body, algorithm, der(0x03, Buffer.of(0), sign(hash, body, privateKey)));
  const lines = certificate.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  };
}

/** Tag, length, value; lengths up to 65 535. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const prefix = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...prefix), value]);
}

function failKind({ asymmetricKeyType }: KeyObject): never {
  throw new TypeError(`no certificate is made of a key of kind ${asymmetricKeyType}`);
}
