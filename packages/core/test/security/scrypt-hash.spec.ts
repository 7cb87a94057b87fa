import { expect } from 'chai';
import { formatScryptHash, hashPassword, isPasswordOf, parseScryptHash, type ScryptHash } from '../../src/security/index.js';

/** RFC 7914, section 12: the third vector. */
const RFC_7914 = {
  password: 'pleaseletmein',
  salt: Buffer.from('SodiumChloride'),
  hash: '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
};

describe('security/scrypt-hash', () => {
  it('is the scrypt of RFC 7914', async () => {
    const text = formatScryptHash({ ln: 14, r: 8, p: 1, salt: RFC_7914.salt, hash: Buffer.from(RFC_7914.hash, 'hex') });
    const known = parseScryptHash(text) as ScryptHash;
    expect(formatScryptHash(known)).to.equal(text);
    expect(await isPasswordOf(known, RFC_7914.password)).to.equal(true);
    expect(await isPasswordOf(known, 'pleaseletmeim')).to.equal(false);
    expect(await isPasswordOf(known, `${RFC_7914.password}\0`), 'one that only differs by NULs behind').to.equal(false);
  });

  it('makes another hash of the same password each time', async () => {
    const [one, two] = await Promise.all([hashPassword('ünïcode'), hashPassword('ünïcode')]);
    expect(one).to.match(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.to.equal(two);
    // The same letters in another normal form.
    expect(await isPasswordOf(parseScryptHash(one) as ScryptHash, 'u\u0308ni\u0308code')).to.equal(true);
  });

  it('refuses what is no hash, or would take too much memory or none', () => {
    const form = (cost: string) => `$scrypt$${cost}$c29kaXVtY2hsb3JpZGU$${'A'.repeat(43)}`;
    expect(parseScryptHash(form('ln=15,r=8,p=1'))).not.to.equal(undefined);
    expect(parseScryptHash(form('ln=18,r=8,p=1'))).not.to.equal(undefined);
    for (const wrong of ['ln=19,r=8,p=1', 'ln=9,r=8,p=1', 'ln=15,r=0,p=1', 'ln=15,r=8,p=0', 'ln=15,r=8,p=17', 'ln=15']) expect(parseScryptHash(form(wrong)), wrong).to.equal(undefined);
    for (const wrong of ['', 'secret', '$2b$10$abc', `${form('ln=15,r=8,p=1')}=`]) expect(parseScryptHash(wrong), wrong).to.equal(undefined);
  });

  it('turns away what would wait behind too many', async () => {
    const known = parseScryptHash(`$scrypt$ln=10,r=1,p=1$c29kaXVtY2hsb3JpZGU$${'A'.repeat(43)}`) as ScryptHash;
    const all = await Promise.allSettled(Array.from({ length: 67 }, () => isPasswordOf(known, 'x')));
    const refused = all.filter((one) => one.status === 'rejected');
    expect(refused.map(({ reason }) => (reason as NodeJS.ErrnoException).code)).to.deep.equal(['ERR_LSTP_USERS_BUSY']);
    expect(await isPasswordOf(known, 'x')).to.equal(false);
  });
});
