import { expect } from 'chai';
import { Worth } from '../../src/compression/worth.js';

/** What passes as it is until the next try, in pieces of `bytes`. */
function restOf(worth: Worth, bytes = 65_536): number {
  let rest = 0;
  while (!worth.isWorth(bytes)) rest += bytes;
  return rest;
}

describe('compression/worth', () => {
  it('lets small pieces pass: a keystroke does not shrink', () => {
    const worth = new Worth();
    expect([worth.isWorth(63), worth.isWorth(64)]).to.deep.equal([false, true]);
  });

  it('goes on while it pays', () => {
    const worth = new Worth();
    for (let count = 0; count < 100; count += 1) worth.learn(65_536, 62_000);
    expect(worth.isWorth(65_536)).to.equal(true);
  });

  it('judges no earlier than after 16 KiB', () => {
    const worth = new Worth();
    worth.learn(16_000, 17_000);
    expect(worth.isWorth(1000)).to.equal(true);
    worth.learn(384, 400);
    expect(worth.isWorth(1000)).to.equal(false);
  });

  it('rests twice as long each time it does not pay, up to 16 MiB, and anew after it paid', () => {
    const worth = new Worth();
    const rests = Array.from({ length: 8 }, () => {
      worth.learn(65_536, 65_600);
      return restOf(worth) / 1_048_576;
    });
    expect(rests).to.deep.equal([0.5, 1, 2, 4, 8, 16, 16, 16]);
    worth.learn(65_536, 10_000);
    worth.learn(65_536, 65_600);
    expect(restOf(worth)).to.equal(524_288);
  });
});
