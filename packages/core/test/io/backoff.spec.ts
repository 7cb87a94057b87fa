import { expect } from 'chai';
import { Backoff, type Why } from '../../src/io/backoff.js';

describe('io/backoff', () => {
  /** The waits of a node that fails for `forMs`. */
  function waits(random: number, forMs: number, why?: Why): { at: number; wait: number }[] {
    const backoff = new Backoff(() => random);
    const all: { at: number; wait: number }[] = [];
    for (let at = 0; at < forMs; ) {
      const wait = backoff.next(at, why);
      all.push({ at, wait });
      at += Math.max(1, wait);
    }
    return all;
  }

  it('begins with 0 to 50 ms', () => {
    expect(waits(0, 1)[0]?.wait).to.equal(0);
    expect(waits(0.999, 1)[0]?.wait).to.be.within(49, 50);
  });

  it('doubles to 2 s in the first minute, then to 30 s', () => {
    for (const random of [0, 0.5, 0.999]) {
      for (const { at, wait } of waits(random, 600_000)) expect(wait, `${at}`).to.be.at.most(at < 60_000 ? 2000 : 30_000);
      expect(waits(random, 600_000).at(-1)?.wait).to.be.at.least(15_000);
    }
  });

  it('asks at least four times a second in the first 15 s where nothing listens, twice where a relay further on finds nothing', () => {
    for (const [why, most] of [['absent', 250], ['behind', 500]] as const) {
      for (const { at, wait } of waits(0.999, 600_000, why)) expect(wait, `${why} at ${at}`).to.be.at.most(at < 15_000 ? most : at < 60_000 ? 2000 : 30_000);
      expect(waits(0.999, 600_000, why).at(-1)?.wait, why).to.be.at.least(15_000);
    }
  });

  it('never comes to the long waits as long as it works now and then', () => {
    const backoff = new Backoff(() => 0.999);
    for (let at = 0; at < 600_000; at += 1000) {
      backoff.ease();
      for (const why of ['behind', 'absent', 'behind'] as const) expect(backoff.next(at, why)).to.be.at.most(500);
    }
  });

  it('begins anew when it has worked', () => {
    const backoff = new Backoff(() => 0.999);
    for (let at = 0; at < 100_000; at += 1000) backoff.next(at);
    backoff.reset();
    expect(backoff.next(100_000)).to.be.at.most(50);
  });
});
