import { MAX_EPOCH } from '@lstp/core';
import { expect } from 'chai';
import { EpochSource } from '../src/carrier/epoch-source.js';

describe('end/epoch-source', () => {
  it('gives each instance a greater one, also when the clock goes back', () => {
    let now = 1000;
    const epochs = new EpochSource(() => now);
    now = 500;
    expect([epochs.current, epochs.advance(), epochs.advance()]).to.deep.equal([1000, 1001, 1002]);
    now = 5000;
    expect(epochs.advance()).to.equal(5000);
  });

  it('outruns a process that began in the future: the clock was set back', () => {
    const epochs = new EpochSource(() => 1000);
    expect([epochs.outrun(8000), epochs.current]).to.deep.equal([true, 8001]);
    expect([epochs.outrun(MAX_EPOCH), epochs.current]).to.deep.equal([true, MAX_EPOCH]);
  });

  it('gives way to one that began after this one did, and before now', () => {
    let now = 1000;
    const epochs = new EpochSource(() => now);
    now = 9000;
    expect([epochs.outrun(8000), epochs.current]).to.deep.equal([false, 1000]);
  });
});
