import { expect } from 'chai';
import { Incoming } from '../../src/protocol/incoming.js';
import { ACK_BYTES, CONTROL_SLACK, MAX_WINDOW, MIN_WINDOW } from '../../src/protocol/limits.js';
import { Pool } from '../../src/protocol/pool.js';

function incoming(window = MIN_WINDOW, pool = new Pool(64 * 1024 * 1024)): Incoming {
  return new Incoming(pool, window, { retained: 0, stashed: 0 });
}

/** `periods` round trips of 10 ms in each of which `bytes` arrive and are taken. */
function flow(to: Incoming, bytes: number, periods: number): void {
  for (let period = 0; period < periods; period += 1) {
    to.arrive(bytes);
    to.take(bytes, 1000 + 10 * period, 10);
  }
}

describe('protocol/incoming', () => {
  it('takes data up to the limit, control and END up to the slack behind it', () => {
    const to = incoming(20_000);
    expect(to.place(19_000, 1000, 'data')).to.equal(0);
    expect(() => to.place(19_000, 1001, 'data')).to.throw(/position 20001 goes beyond the granted 20000/);
    expect(to.place(20_000 + CONTROL_SLACK - 1, 1, 'control')).to.equal(0);
    expect(() => to.place(20_000 + CONTROL_SLACK, 1, 'control')).to.throw(/goes beyond/);
  });

  it('tells how much of a piece has arrived before', () => {
    const to = incoming();
    to.arrive(100);
    expect([to.place(0, 50, 'data'), to.place(50, 100, 'data'), to.place(100, 10, 'data'), to.place(200, 10, 'data')]).to.deep.equal([50, 50, 0, 0]);
  });

  it('grants when the local socket takes, not when bytes arrive', () => {
    const to = incoming(20_000);
    to.arrive(10_000);
    expect(to.restate()).to.deep.equal({ received: 10_000, limit: 20_000 });
    to.take(6000, 0, 0);
    expect(to.restate()).to.deep.equal({ received: 10_000, limit: 26_000 });
  });

  it('has news for the peer every 64 KiB', () => {
    const to = incoming(1_000_000);
    to.arrive(ACK_BYTES - 1);
    expect(to.newsworthy).to.equal(false);
    to.arrive(1);
    expect(to.newsworthy).to.equal(true);
    to.restate();
    expect(to.newsworthy).to.equal(false);
  });

  it('has news when a quarter of the window can be granted', () => {
    const to = incoming(20_000);
    to.arrive(5000);
    to.restate();
    to.take(4999, 0, 0);
    expect(to.newsworthy).to.equal(false);
    to.take(1, 0, 0);
    expect(to.newsworthy).to.equal(true);
  });

  it('has news when the peer has little left and 1024 can be granted', () => {
    const to = incoming(20_000);
    to.arrive(16_000);
    to.restate();
    to.take(1023, 0, 0);
    expect(to.newsworthy).to.equal(false);
    to.take(1, 0, 0);
    expect(to.newsworthy).to.equal(true);
  });

  it('widens the window to twice what is taken in a round trip', () => {
    const to = incoming();
    flow(to, 100_000, 4);
    expect(to.window).to.equal(200_000);
  });

  it('widens it to MAX_WINDOW at most', () => {
    const to = incoming(MIN_WINDOW, new Pool(1024 * 1024 * 1024));
    flow(to, 2 * MAX_WINDOW, 4);
    expect(to.window).to.equal(MAX_WINDOW);
  });

  it('leaves others their part of the pool', () => {
    const pool = new Pool(1_000_000);
    const to = incoming(MIN_WINDOW, pool);
    flow(to, 10_000_000, 2);
    expect(pool.lent).to.equal(250_000);
  });

  it('does not take a reader that stood still for a fast one', () => {
    const to = incoming();
    to.arrive(1000);
    to.take(1000, 1000, 10);
    to.arrive(90_000);
    to.take(90_000, 2000, 10);
    expect(to.window).to.equal(MIN_WINDOW);
  });

  it('pauses when more than MIN_WINDOW waits and the pool is empty, once', () => {
    const pool = new Pool(0);
    const to = incoming(100_000, pool);
    to.arrive(MIN_WINDOW);
    expect(to.pauseUnderPressure()).to.equal(false);
    to.arrive(1);
    expect(to.pauseUnderPressure()).to.equal(true);
    expect(to.pauseUnderPressure()).to.equal(false);
  });

  it('does not pause while the pool has something', () => {
    const to = incoming(100_000, new Pool(1));
    to.arrive(100_000);
    expect(to.pauseUnderPressure()).to.equal(false);
  });

  it('keeps the limit while paused, acknowledges, and lifts the pause when all is taken', () => {
    const to = incoming(100_000, new Pool(0));
    to.arrive(50_000);
    to.pauseUnderPressure();
    to.take(49_999, 0, 0);
    expect(to.restate()).to.deep.equal({ received: 50_000, limit: 100_000 });
    expect(to.newsworthy).to.equal(false);
    to.take(1, 0, 0);
    expect(to.newsworthy).to.equal(true);
    expect(to.restate()).to.deep.equal({ received: 50_000, limit: 150_000 });
  });

  it('lifts a pause by one at least', () => {
    const to = incoming(MIN_WINDOW + 2, new Pool(0));
    to.arrive(MIN_WINDOW + 1);
    to.pauseUnderPressure();
    to.destroy();
    expect(to.restate().limit).to.be.above(MIN_WINDOW + 2);
  });

  it('gives the pool back when all is taken, and borrows no more', () => {
    const pool = new Pool(1_000_000);
    const to = incoming(MIN_WINDOW, pool);
    flow(to, 50_000, 4);
    to.arrive(50_000);
    to.close();
    expect(pool.lent).to.be.above(0);
    to.take(49_999, 1040, 10);
    expect(pool.lent).to.be.above(0);
    to.take(1, 1050, 10);
    expect(pool.lent).to.equal(0);
  });

  it('gives it back at once when nobody will take the rest', () => {
    const pool = new Pool(1_000_000);
    const to = incoming(MIN_WINDOW, pool);
    flow(to, 50_000, 4);
    to.arrive(50_000);
    to.close();
    to.destroy();
    to.destroy();
    expect(pool.lent).to.equal(0);
  });
});
