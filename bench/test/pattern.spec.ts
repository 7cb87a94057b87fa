import { expect } from 'chai';
import { isPattern, patternAt, WRITE_BYTES } from '../src/traffic/pattern.js';

describe('pattern', () => {
  const stream = Buffer.concat([0, 1, 2, 3, 4].map((piece) => patternAt(piece * WRITE_BYTES, WRITE_BYTES)));

  it('is recognised at its place, whatever the chunk size', () => {
    expect(isPattern(stream, 0)).to.equal(true);
    expect(isPattern(stream.subarray(777_777, 777_780), 777_777)).to.equal(true);
  });

  it('is not recognised with one bit wrong', () => {
    const wrong = Buffer.from(stream);
    wrong[600_001] = (wrong[600_001] ?? 0) ^ 1;
    expect(isPattern(wrong, 0)).to.equal(false);
  });

  it('shows a lost piece of any power of two', () => {
    for (let lost = 1; lost <= 1 << 20; lost *= 2) expect(isPattern(stream.subarray(0, 4096), lost)).to.equal(false);
  });
});
