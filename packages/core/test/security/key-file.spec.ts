import { expect } from 'chai';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPublicKey } from '../../src/protocol/index.js';
import { KeyError, createKeyFile, keyFilePath, publicKeyOf, readKeyFile } from '../../src/security/index.js';

describe('security/key-file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-key-file-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes a key that is read back as the same', () => {
    const path = keyFilePath(join(folder, 'a/b'), 'desk');
    const made = createKeyFile(path);
    expect(readKeyFile(path).equals(made)).to.equal(true);
    expect(isPublicKey(publicKeyOf(made))).to.equal(true);
    expect(readFileSync(path, 'utf8')).to.match(/^-----BEGIN PRIVATE KEY-----\n/);
  });

  it('keeps file and directory to their owner, whatever the umask', () => {
    const path = keyFilePath(join(folder, 'keys'), 'desk');
    const before = process.umask(0);
    try {
      createKeyFile(path);
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(statSync(join(folder, 'keys')).mode & 0o777).to.equal(0o700);
  });

  it('never overwrites a file', () => {
    const path = keyFilePath(folder, 'desk');
    writeFileSync(path, 'precious');
    refuses(() => createKeyFile(path), 'ERR_LSTP_KEY_EXISTS', 'not overwritten');
    expect(readFileSync(path, 'utf8')).to.equal('precious');
  });

  it('says which command makes a missing key', () => {
    const path = keyFilePath(join(folder, "it's"), 'desk');
    refuses(() => readKeyFile(path), 'ERR_LSTP_KEY_MISSING', `lstp keygen desk --keys '${folder}/it'\\''s'`);
    expect(existsSync(path)).to.equal(false);
  });

  it('refuses a key that others can read, naming the chmod', () => {
    const path = keyFilePath(folder, 'desk');
    createKeyFile(path);
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(path, mode);
      refuses(() => readKeyFile(path), 'ERR_LSTP_KEY_EXPOSED', `(mode ${mode.toString(8)}); run \`chmod 600 ${path}\``);
    }
    chmodSync(path, 0o400);
    readKeyFile(path);
  });

  it('refuses what is no Ed25519 key, without quoting it', () => {
    const path = keyFilePath(folder, 'desk');
    writeFileSync(path, 'secret words', { mode: 0o600 });
    const error = refuses(() => readKeyFile(path), 'ERR_LSTP_KEY_CONTENT', 'no private key');
    expect(error.message).not.to.contain('secret');
    writeFileSync(path, generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
    refuses(() => readKeyFile(path), 'ERR_LSTP_KEY_CONTENT', 'type x25519');
  });

  it('refuses a folder in the place of the file', () => {
    mkdirSync(keyFilePath(folder, 'desk'));
    refuses(() => readKeyFile(keyFilePath(folder, 'desk')), 'ERR_LSTP_KEY_FILE', 'not a file');
  });
});

function refuses(action: () => unknown, code: string, words: string): KeyError {
  try {
    action();
  } catch (error) {
    expect(error).to.be.instanceOf(KeyError);
    expect((error as KeyError).code).to.equal(code);
    expect((error as KeyError).message).to.contain(words);
    return error as KeyError;
  }
  throw new Error(`expected ${code}`);
}
