import { expect } from 'chai';
import { socketPair } from '@lstp/core/testing';
import { Pipe, PipeBudget } from '../src/index.js';
import { takeAll } from './support/bytes.js';

describe('a pipe', () => {
  it('goes on after the memory of the node was used up, however little of it was its own', async () => {
    const budget = new PipeBudget(1, 262_144);
    const [from, near] = await socketPair();
    const [far, to] = await socketPair();
    const pipe = new Pipe([near.pause(), far.pause()], budget, () => {});
    let sent = 0;
    // Each is read by itself, so that the receiver's kernel is full long before any high-water mark of a stream.
    for (const part = Buffer.alloc(4000, 'x'); budget.held === 0; sent += part.length) {
      from.write(part);
      while (near.bytesRead === sent) await new Promise(setImmediate);
    }
    from.end('the end');
    const taken = await takeAll(to);
    expect(taken.length).to.equal(sent + 'the end'.length);
    expect(pipe.bytes).to.equal(taken.length);
    expect(budget.held).to.equal(0);
    for (const socket of [from, near, far, to]) socket.destroy();
  });
});
