import { expect } from 'chai';
import { WayMemory } from '../../src/io/way-memory.js';

const WAYS = ['tcp', 'tls', 'wss'];

describe('io/way-memory', () => {
  let memory: WayMemory;
  beforeEach(() => {
    memory = new WayMemory();
  });

  it('keeps the order of preference while nothing is known', () => {
    expect(memory.order(WAYS, 0)).to.deep.equal(WAYS);
  });

  it('begins with what passed, and after ten minutes with the preferred one again', () => {
    memory.pass('wss', WAYS, 0);
    expect(memory.order(WAYS, 599_999)).to.deep.equal(['wss', 'tcp', 'tls']);
    memory.pass('wss', WAYS, 599_999);
    expect(memory.order(WAYS, 600_000)).to.deep.equal(WAYS);
    memory.pass('wss', WAYS, 600_000);
    expect(memory.order(WAYS, 700_000)).to.deep.equal(['wss', 'tcp', 'tls']);
  });

  it('forgets what passed once the preferred one did, or it fails itself', () => {
    memory.pass('wss', WAYS, 0);
    memory.pass('tcp', WAYS, 1);
    expect(memory.order(WAYS, 2)).to.deep.equal(WAYS);
    memory.pass('tls', WAYS, 3);
    memory.fail('tls');
    expect(memory.order(WAYS, 4)).to.deep.equal(WAYS);
  });

  it('tries a way that led to no neighbour last, for a minute', () => {
    memory.avoid('tcp', 0);
    expect(memory.order(WAYS, 59_999)).to.deep.equal(['tls', 'wss', 'tcp']);
    expect(memory.order(WAYS, 60_000)).to.deep.equal(WAYS);
  });

  it('knows nothing of ways that are no longer there', () => {
    memory.pass('wss', WAYS, 0);
    expect(memory.order(['tcp'], 1)).to.deep.equal(['tcp']);
  });
});
