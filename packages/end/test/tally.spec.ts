import { expect } from 'chai';
import { Tally } from '../src/service/tally.js';

describe('what plugins count', () => {
  it('adds up by event, and is nothing while nothing was counted', () => {
    const tally = new Tally();
    expect(tally.counts).to.equal(undefined);
    tally.count('names refused');
    tally.count('names refused', 2);
    tally.count('resets', 0);
    expect(tally.counts).to.deep.equal({ 'names refused': 3, resets: 0 });
  });

  it('refuses what is no name of an event, a 65th event, and less than nothing', () => {
    const tally = new Tally();
    for (const event of ['', 'Upper', '1st', 'a"b', 'x'.repeat(65)]) expect(() => tally.count(event)).to.throw('cannot be counted: the name of an event');
    for (const by of [-1, Number.NaN]) expect(() => tally.count('resets', by)).to.throw('counts only grow');
    for (let kind = 0; kind < 64; kind += 1) tally.count(`kind ${kind}`);
    expect(() => tally.count('one more')).to.throw('at most 64 kinds');
    tally.count('kind 3');
    expect(tally.counts?.['kind 3']).to.equal(2);
  });
});
