import { expect } from 'chai';
import { Carrier } from '../../src/protocol/carrier.js';
import { decodeNumbers, encodeNumbers, type Frame } from '../../src/protocol/frame.js';
import { ANSWER_QUEUE_BYTES } from '../../src/protocol/limits.js';

function carrier(now = 1000): Carrier {
  const facts = { id: 'c', slot: 0, instance: 'a', peerInstance: 'b', peerEpoch: 1, pingMs: 500, rank: [], proof: '', checkProof: () => true };
  return new Carrier(facts, now);
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
