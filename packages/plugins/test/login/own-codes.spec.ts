import { expect } from 'chai';
import { totpCode } from '@lstp/core/security';
import { nextOwnCode } from '../../src/login/own-codes.js';

const STEP = 30_000;

describe('plugins/login: codes that a process makes for itself', () => {
  const codesOf = (secret: Buffer, startedMs: number) => (nowMs: number) => nextOwnCode(secret, { nowMs, startedMs });

  it('are the one of now, the next and the one before; then there is none until the next half minute', () => {
    const secret = Buffer.from('0-2345678901234567890');
    const next = codesOf(secret, 0);
    const codes = [next(100 * STEP), next(100 * STEP), next(100 * STEP)];
    expect(codes).to.deep.equal([100, 101, 99].map((step) => totpCode(secret, step * STEP)));
    expect(() => next(100 * STEP)).to.throw('every one-time code of now was used');
    expect(next(101 * STEP)).to.equal(totpCode(secret, 102 * STEP));
  });

  it('are none that the process before may have used, where there is another', () => {
    const secret = Buffer.from('1-2345678901234567890');
    const next = codesOf(secret, 100 * STEP + 10_000);
    expect([next(100 * STEP + 11_000), next(100 * STEP + 11_000)]).to.deep.equal([101, 100].map((step) => totpCode(secret, step * STEP)));
  });
});
