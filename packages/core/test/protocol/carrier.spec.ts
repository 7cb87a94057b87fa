import { expect } from 'chai';
import { Carrier } from '../../src/protocol/carrier.js';
import { decodeNumbers, encodeNumbers, type Frame } from '../../src/protocol/frame.js';
import { ANSWER_QUEUE_BYTES } from '../../src/protocol/limits.js';

function carrier(now = 1000): Carrier {
  const facts = { id: 'c', slot: 0, instance: 'a', peerInstance: 'b', peerEpoch: 1, pingMs: 500, rank: [], proof: '', checkProof: () => true };
  return new Carrier(facts, now);
}

/** A carrier with pingMs 500 that was pinged at 1000 and then, `rttMs` later than the answer to that, once more. */
function measured(rttMs: number): Carrier {
  const one = carrier();
  one.handleTimeout(1000);
  one.heard(1);
  one.handlePong(frame(encodeNumbers('PONG', 0, 1_000_000)), 1000 + rttMs);
  const next = Math.max(1500, 1000 + rttMs);
  one.handleTimeout(next);
  one.heard(1);
  return one;
}

function drain(from: Carrier): Buffer[] {
  const frames = [];
  for (let frame = from.peekControl(); frame !== undefined; frame = from.peekControl()) {
    frames.push(frame);
    from.shiftControl();
  }
  return frames;
}

function frame(bytes: Buffer): Frame {
  return { name: 'PONG', channel: 0, payload: bytes.subarray(8), offset: 0, last: true };
}

describe('protocol/carrier', () => {
  it('pings every pingMs', () => {
    const one = carrier();
    one.handleTimeout(1000);
    expect(drain(one)).to.have.length(1);
    one.handleTimeout(1499);
    expect(drain(one)).to.have.length(0);
    expect(one.deadline).to.equal(1500);
    one.heard(1);
    one.handleTimeout(1500);
    expect(drain(one)).to.have.length(1);
  });

  it('is dead when three pings went out and nothing came', () => {
    const one = carrier();
    const dead = [1000, 1500, 2000, 2500].map((now) => one.handleTimeout(now));
    expect(dead).to.deep.equal([false, false, false, true]);
  });

  it('asks twice as often while nothing comes, once it knows the line: dead within two and a half pingMs of the last byte', () => {
    const one = measured(10);
    const silentFrom = 1501;
    const asked = [];
    let now = one.deadline;
    for (; !one.handleTimeout(now); now = one.deadline) asked.push(now);
    expect(asked).to.deep.equal([2000, 2250, 2500]);
    expect(now - silentFrom).to.be.at.most(2.5 * 500);
  });

  it('waits for an answer as long as the line needs', () => {
    const one = measured(800);
    const asked = [];
    let now = one.deadline;
    for (; !one.handleTimeout(now); now = one.deadline) asked.push(now);
    expect([...asked, now]).to.deep.equal([2300, 3900, 5500, 7100]);
  });

  it('goes back to one PING every pingMs as soon as a byte comes', () => {
    const one = measured(10);
    one.handleTimeout(2000);
    one.handleTimeout(2250);
    expect(one.deadline).to.equal(2500);
    one.heard(1);
    expect(one.deadline).to.equal(2750);
  });

  it('asks once more when it looks much too late for the last time', () => {
    const one = measured(10);
    for (const now of [2000, 2250, 2500]) expect(one.handleTimeout(now)).to.equal(false);
    expect(one.handleTimeout(60_000)).to.equal(false);
    expect(one.handleTimeout(60_250)).to.equal(true);
  });

  it('lives on any byte', () => {
    const one = carrier();
    for (let now = 1000; now < 10_000; now += 500) {
      expect(one.handleTimeout(now)).to.equal(false);
      if (now % 1500 === 0) one.heard(1);
    }
  });

  it('does not take a stall of this process for the death of the peer', () => {
    const one = carrier();
    one.handleTimeout(1000);
    expect(one.handleTimeout(60_000)).to.equal(false);
    expect(one.deadline).to.equal(60_500);
  });

  it('measures the round trip by what comes back', () => {
    const one = carrier();
    one.handleTimeout(1000);
    const [stamp] = decodeNumbers('PING', (drain(one)[0] as Buffer).subarray(8)) as [number];
    one.handlePong(frame(encodeNumbers('PONG', 0, stamp)), 1040);
    expect(one.rttMs).to.equal(40);
    one.handlePong(frame(encodeNumbers('PONG', 0, stamp)), 1120);
    expect(one.rttMs).to.equal(50);
  });

  it('ignores an answer to a ping that never was', () => {
    const one = carrier();
    for (const stamp of [0, 2 ** 52]) one.handlePong(frame(encodeNumbers('PONG', 0, stamp)), 1e6);
    expect(one.rttMs).to.equal(undefined);
  });

  it('answers as long as the answers are read', () => {
    const one = carrier();
    for (let count = 0; count < ANSWER_QUEUE_BYTES / 8; count += 1) one.answer('SERVICE_FREE_RESPONSE', 1);
    expect(() => one.answer('SERVICE_FREE_RESPONSE', 1)).to.throw(/does not read them/);
    drain(one);
    expect(() => one.answer('SERVICE_FREE_RESPONSE', 1)).to.not.throw();
  });

  it('does not count what was not asked for', () => {
    const one = carrier();
    for (let count = 0; count < 100; count += 1) one.send(Buffer.alloc(ANSWER_QUEUE_BYTES));
    expect(() => one.answer('PONG', 0, Buffer.alloc(8))).to.not.throw();
  });

  it('says what waits before its farewell', () => {
    const one = carrier();
    one.send(Buffer.from('first '));
    expect(one.farewell(Buffer.from('last')).toString()).to.equal('first last');
    expect(one.hasControl).to.equal(false);
  });
});
