import { expect } from 'chai';
import { medianOf, quantileOf, ratioOf } from '../src/report/statistics.js';

describe('statistics', () => {
  it('gives the whole range as interval of six values, the fewest that reach 95 %', () => {
    expect(medianOf([6, 1, 5, 2, 4, 3])).to.deep.equal({ median: 3.5, low: 1, high: 6 });
  });

  it('leaves out an extreme at each end from nine values on', () => {
    expect(medianOf([1, 2, 3, 4, 5, 6, 7, 8])).to.include({ low: 1, high: 8 });
    expect(medianOf([1, 2, 3, 4, 5, 6, 7, 8, 9])).to.include({ low: 2, high: 8 });
  });

  it('leaves out five at each end of twenty values', () => {
    expect(medianOf(Array.from({ length: 20 }, (_, index) => index + 1))).to.include({ low: 6, high: 15 });
  });

  it('takes ratios pair by pair, so that what slowed down both sides of a pair cancels', () => {
    expect(ratioOf([10, 1, 100], [5, 0.5, 50])).to.deep.equal({ median: 2, low: 2, high: 2 });
  });

  it('interpolates between neighbours', () => {
    expect(quantileOf([10, 20, 30], 0.75)).to.equal(25);
  });

  it('refuses to take a median of nothing', () => {
    expect(() => medianOf([])).to.throw('no values');
  });
});
