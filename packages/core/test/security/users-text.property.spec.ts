import { expect } from 'chai';
import { array, assert, constantFrom, oneof, property, string, uint8Array } from 'fast-check';
import { ConfigError } from '../../src/config/config-error.js';
import { formatBase32, parseBase32, parseUsers } from '../../src/security/index.js';

const HASH = `$scrypt$ln=15,r=8,p=1$c29kaXVtY2hsb3JpZGU$${'A'.repeat(43)}`;

describe('security/users-text, any text', () => {
  it('is users, or a ConfigError that tells lines of it', () => {
    const pieces = constantFrom('ann', ':', HASH, '$scrypt$', ',', '@', '#', '\n', '\r\n', ' ', 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', '\0', '\uFEFF');
    assert(
      property(oneof(string({ unit: 'binary' }), array(pieces).map((some) => some.join(''))), (text) => {
        try {
          for (const { name, password, totp } of parseUsers('users', text).values()) expect([name, password ?? totp]).not.to.include(undefined);
        } catch (error) {
          expect(error).to.be.instanceOf(ConfigError);
          for (const { place } of (error as ConfigError).problems) expect(place.line).to.be.within(1, text.split('\n').length);
        }
      }),
    );
  });

  it('in base32 is the bytes it was made of', () => {
    assert(property(uint8Array(), (bytes) => parseBase32(formatBase32(bytes))?.equals(bytes) === true));
  });
});
