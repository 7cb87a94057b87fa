import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { rawKey } from '../../src/protocol/index.js';
import { createKeyFile, generateIdentity, readIdentity } from '../../src/security/index.js';
import { skipBecause } from '../../src/testing/index.js';

describe('security/identity', () => {
  it('has a certificate that carries its key, signed by it', () => {
    const { publicKey, privateKey, certificate } = generateIdentity();
    const cert = new X509Certificate(certificate.cert);
    expect(cert.publicKey.asymmetricKeyType).to.equal('ed25519');
    expect(cert.verify(cert.publicKey)).to.equal(true);
    expect(cert.checkPrivateKey(privateKey)).to.equal(true);
    expect(Buffer.from(cert.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url')).to.deep.equal(rawKey(publicKey));
    expect(cert.subject).to.equal('CN=lstp');
    expect(cert.validTo).to.contain('9999');
  });

  it('has the key of its file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lstp-identity-'));
    try {
      const path = join(folder, 'desk.key');
      const made = createKeyFile(path);
      expect(readIdentity(path).privateKey.equals(made)).to.equal(true);
      expect(readIdentity(path).publicKey).to.equal(readIdentity(path).publicKey);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is accepted by openssl verify', function () {
    const folder = mkdtempSync(join(tmpdir(), 'lstp-identity-'));
    try {
      const path = join(folder, 'cert.pem');
      writeFileSync(path, generateIdentity().certificate.cert);
      const { status, stdout, error } = spawnSync('openssl', ['verify', '-x509_strict', '-CAfile', path, path], { encoding: 'utf8' });
      if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') skipBecause(this, 'openssl is not installed');
      expect(stdout).to.contain('OK');
      expect(status).to.equal(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('makes serial numbers that differ and are positive', () => {
    const serials = Array.from({ length: 50 }, () => new X509Certificate(generateIdentity().certificate.cert).serialNumber);
    expect(new Set(serials).size).to.equal(50);
    for (const serial of serials) expect(serial).to.match(/^[4-7][0-9A-F]{31}$/);
  });

  it('does not show the private key object where it is copied', () => {
    const identity = generateIdentity();
    expect(Object.keys(identity)).not.to.include('privateKey');
    expect(inspect({ ...identity, certificate: undefined })).not.to.contain('Private');
  });
});
