import { expect } from 'chai';
import * as fc from 'fast-check';
import { parseChallenges } from '../../src/http-egress/challenges.js';

const plain = (lines: readonly string[]): unknown[] => parseChallenges(lines).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('challenges of a proxy', () => {
  it('are a scheme and its parameters, quoted or not', () => {
    expect(plain(['Basic realm="Squid proxy-caching web server"'])).to.deep.equal([['basic', { realm: 'Squid proxy-caching web server' }]]);
    expect(plain(['Digest realm="a \\"b\\", c", nonce="xyz==", qop="auth,auth-int", stale=false, algorithm=SHA-256'])).to.deep.equal([['digest', { realm: 'a "b", c', nonce: 'xyz==', qop: 'auth,auth-int', stale: 'false', algorithm: 'SHA-256' }]]);
  });

  it('are several in one line, or in several', () => {
    expect(plain(['Negotiate, NTLM, Basic realm="x", Digest realm="y", nonce="n"'])).to.deep.equal([['negotiate', {}], ['ntlm', {}], ['basic', { realm: 'x' }], ['digest', { realm: 'y', nonce: 'n' }]]);
    expect(plain(['Negotiate', 'Basic realm="x"'])).to.deep.equal([['negotiate', {}], ['basic', { realm: 'x' }]]);
  });

  it('may have a token in place of parameters', () => {
    expect(plain(['NTLM TlRMTVNTUAACAAAA==', 'Basic realm=x'])).to.deep.equal([['ntlm', {}], ['basic', { realm: 'x' }]]);
  });

  it('are read as far as they are any, whatever comes', () => {
    expect(plain(['', '"', ',,,', 'realm="x"', 'Basic realm="not closed'])).to.be.an('array');
    fc.assert(fc.property(fc.array(fc.string({ maxLength: 200 }), { maxLength: 3 }), (lines) => Array.isArray(parseChallenges(lines))));
    expect(parseChallenges([`Digest ${'a=b, '.repeat(100_000)}`])[0]?.parameters.size).to.equal(1);
  });
});
