import { expect } from 'chai';
import { Stretches } from '../src/flow/stretches.js';

describe('stretches', () => {
  it('gives a stretch out again when it is sealed and nothing in it is held', () => {
    const stretches = new Stretches();
    const memory = stretches.take();
    stretches.seal(memory);
    expect(stretches.take()).to.equal(memory);
  });

  it('keeps a stretch from being used while anything in it is held', () => {
    const stretches = new Stretches();
    const memory = stretches.take();
    stretches.hold(memory.subarray(0, 10));
    stretches.hold(memory.subarray(10, 30));
    stretches.seal(memory);
    stretches.release(memory.subarray(0, 10));
    expect(stretches.take()).not.to.equal(memory);
    stretches.release(memory.subarray(10, 30));
    expect(stretches.take()).to.equal(memory);
  });

  it('does not give out a stretch that is still being read into', () => {
    const stretches = new Stretches();
    const memory = stretches.take();
    stretches.hold(memory.subarray(0, 10));
    stretches.release(memory.subarray(0, 10));
    expect(stretches.take()).not.to.equal(memory);
  });

  it('counts neighbours that were joined into one write', () => {
    const stretches = new Stretches();
    const memory = stretches.take();
    for (let at = 0; at < 40; at += 10) stretches.hold(memory.subarray(at, at + 10));
    stretches.seal(memory);
    stretches.release(memory.subarray(0, 40));
    expect(stretches.take()).to.equal(memory);
  });

  it('leaves memory of others alone', () => {
    const stretches = new Stretches();
    const foreign = Buffer.alloc(10);
    stretches.hold(foreign);
    stretches.release(foreign);
    stretches.seal(foreign);
    expect(stretches.take()).not.to.equal(foreign);
  });
});
