import { expect } from 'chai';
import { formatBase32, matchTotp, otpauthUrl, parseBase32, totpCode } from '../../src/security/index.js';

const SECRET = Buffer.from('12345678901234567890');
/** RFC 6238, appendix B, for SHA-1: seconds since 1970, and the last six of eight digits. */
const RFC_6238 = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
] as const;

describe('security/totp', () => {
  it('gives the codes of RFC 6238', () => {
    for (const [seconds, code] of RFC_6238) expect(totpCode(SECRET, seconds * 1000)).to.equal(code);
  });

  it('takes the code of the step before and of the one after, and no other', () => {
    const code = totpCode(SECRET, 10 * 30_000);
    const matches = [8, 9, 10, 11, 12].map((step) => matchTotp(SECRET, code, step * 30_000));
    expect(matches).to.deep.equal([undefined, 10, 10, 10, undefined]);
    for (const wrong of ['', '12345', `${code}0`, 'abcdef', '１２３４５６']) expect(matchTotp(SECRET, wrong, 300_000), wrong).to.equal(undefined);
  });

  it('writes secrets as RFC 4648 does and reads them as people type them', () => {
    const pairs = [['', ''], ['f', 'MY'], ['fo', 'MZXQ'], ['foo', 'MZXW6'], ['foob', 'MZXW6YQ'], ['fooba', 'MZXW6YTB'], ['foobar', 'MZXW6YTBOI']] as const;
    for (const [text, base32] of pairs) {
      expect(formatBase32(Buffer.from(text))).to.equal(base32);
      expect(parseBase32(base32)?.toString()).to.equal(text);
    }
    expect(parseBase32('mzxw 6ytb-OI======')?.toString()).to.equal('foobar');
    expect(parseBase32('MZXW1')).to.equal(undefined);
  });

  it('names the user and the secret for authenticator programs', () => {
    expect(otpauthUrl('ann@x', SECRET)).to.equal('otpauth://totp/lstp:ann%40x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=lstp&algorithm=SHA1&digits=6&period=30');
  });
});
