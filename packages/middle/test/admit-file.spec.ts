import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, PluginCatalogue, nodeCrypto, parseChain, rendezvousDigest } from '@lstp/core';
import { namedSigner } from '@lstp/core/testing';
import { readAdmissions } from '../src/admit-file.js';

const key = (name: string) => namedSigner(name).publicKey;
const digest = (common: string) => rendezvousDigest(nodeCrypto, common);

describe('middle/admit-file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-admit-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What a relay whose chain file lies beside this list admits. */
  const admissions = (list?: string) => {
    if (list !== undefined) writeFileSync(join(folder, 'keys.txt'), list);
    const text = `lstp: 1\nnodes:\n  relay: { key: "${key('relay')}", listen: "127.0.0.1:7070", admit: keys.txt }\n`;
    return readAdmissions([parseChain(text, join(folder, 'relay.yaml'), new PluginCatalogue([]))], 'relay', nodeCrypto);
  };

  /** The problems without the path in front. */
  const problems = (list?: string) => {
    try {
      admissions(list);
      return [];
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return (error as Error).message.split('\n').map((line) => line.replace(join(folder, 'keys.txt'), 'keys.txt'));
    }
  };

  it('reads keys and the common names each may use', () => {
    const found = admissions(`# our customers\n\n${key('desk')} acme-globex second\n  ${key('lab')}\tacme-globex # the laboratory\n${key('any')} *\r\n${key('desk')} third\n`);
    expect([...found.keys()]).to.deep.equal([key('desk'), key('lab'), key('any')]);
    expect(found.get(key('desk'))).to.deep.equal({ any: false, commons: new Set(['acme-globex', 'second', 'third'].map(digest)) });
    expect(found.get(key('lab'))).to.deep.equal({ any: false, commons: new Set([digest('acme-globex')]) });
    expect(found.get(key('any'))).to.deep.equal({ any: true, commons: new Set() });
  });

  it('takes every name that `common` of a chain file may be', () => {
    const found = admissions(`${key('desk')} Acme/Globex "Acme Globex #1, \\"both\\"" # the largest\n`);
    expect(found.get(key('desk'))).to.deep.equal({ any: false, commons: new Set(['Acme/Globex', 'Acme Globex #1, "both"'].map(digest)) });
  });

  it('says all that is wrong, with line and column, and what would be right', () => {
    expect(problems(`ed25519:short acme\n${key('desk')}\n${key('lab')} acme, ok ""\n`)).to.deep.equal([
      'keys.txt:1:1: a line begins with a public key: ed25519: and 43 characters of base64url, as `lstp keygen NODE` prints it',
      'keys.txt:2:52: which common names may it use? write them behind the key, or * for any',
      'keys.txt:3:53: acme, is no common name: a word without commas and quotes, or any text in double quotes, of at most 255 characters',
      'keys.txt:3:62: "" is no common name: a word without commas and quotes, or any text in double quotes, of at most 255 characters',
    ]);
  });

  it('says when there is no such file', () => {
    expect(problems()[0]).to.match(/^keys\.txt:1:1: the list of admitted keys cannot be read: ENOENT/);
  });
});
