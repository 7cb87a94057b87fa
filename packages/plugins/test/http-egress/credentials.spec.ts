import { expect } from 'chai';
import { parseChallenges } from '../../src/http-egress/challenges.js';
import { answeringOf, isStale, type Asked } from '../../src/http-egress/credentials.js';

/** RFC 7616, section 3.9.1. */
const MUFASA: Asked = { method: 'GET', uri: '/dir/index.html', user: 'Mufasa', password: 'Circle of Life' };
const CNONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const PARAMETERS = 'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"';
const answer = (lines: readonly string[], asked = MUFASA): string => answeringOf(parseChallenges(lines), CNONCE)?.answer(asked) ?? 'none';
const responseOf = (text: string): string | undefined => /response="([0-9a-f]+)"/.exec(text)?.[1];

describe('answers to a challenge', () => {
  it('are those of the RFC for MD5 and for SHA-256', () => {
    expect(responseOf(answer([`Digest ${PARAMETERS}, algorithm=MD5`]))).to.equal('8ca523f5e9506fed4657c9700eebdbec');
    expect(responseOf(answer([`Digest ${PARAMETERS}, algorithm=SHA-256`]))).to.equal('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
    expect(answer([`Digest ${PARAMETERS}, algorithm=SHA-256`])).to.include('username="Mufasa"').and.to.include('qop=auth').and.to.include('nc=00000001').and.to.include('algorithm=SHA-256');
  });

  it('prefer SHA-256 to MD5, and Digest to Basic, in whatever order they come', () => {
    expect(answer(['Basic realm="x"', `Digest ${PARAMETERS}, algorithm=MD5`, `Digest ${PARAMETERS}, algorithm=SHA-256`])).to.include('algorithm=SHA-256');
    expect(answer([`Digest ${PARAMETERS}`, 'Basic realm="x"'])).to.match(/^Digest /);
  });

  it('are Basic where nothing else can be answered, with UTF-8', () => {
    expect(answer([`Digest ${PARAMETERS}, algorithm=SHA-512-256`, 'Basic realm="x"'], { ...MUFASA, user: 'test', password: '123£' })).to.equal('Basic dGVzdDoxMjPCow==');
    expect(answer(['Digest realm="x", qop="auth-int", nonce="n"', 'Basic realm="x"'])).to.match(/^Basic /);
    expect(answer(['NTLM', 'Negotiate'])).to.equal('none');
  });

  it('count their nonce, and do without qop where the proxy has none', () => {
    const answering = answeringOf(parseChallenges([`Digest ${PARAMETERS}`]), CNONCE);
    expect([1, 2, 16].map(() => /nc=(\d+)/.exec(answering?.answer(MUFASA) ?? '')?.[1])).to.deep.equal(['00000001', '00000002', '00000003']);
    expect(answer(['Digest realm="x", nonce="n"'])).not.to.match(/qop|nc=|cnonce/);
  });

  it('keep quotes of a user in quotes', () => {
    expect(answer(['Digest realm="x", nonce="n"'], { ...MUFASA, user: 'a"b\\c' })).to.include('username="a\\"b\\\\c"');
  });

  it('know a nonce that is only old', () => {
    expect(isStale(parseChallenges([`Digest ${PARAMETERS}, stale=TRUE`]))).to.equal(true);
    expect(isStale(parseChallenges([`Digest ${PARAMETERS}`]))).to.equal(false);
  });
});
