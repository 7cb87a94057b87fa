import { expect } from 'chai';
import * as fc from 'fast-check';
import { STASHED_PIECES } from '../../src/protocol/limits.js';
import type { Ledger } from '../../src/protocol/outgoing.js';
import { Stash } from '../../src/protocol/stash.js';

const WHOLE = Buffer.from(Array.from({ length: 64 }, (_, at) => at));

function stash(stashed = 0): { stash: Stash; ledger: Ledger } {
  const ledger = { retained: 0, stashed };
  return { stash: new Stash(ledger), ledger };
}

function add(to: Stash, from: number, end: number): boolean {
  return to.add({ name: 'SERVICE_DATA', position: from, units: end - from, payload: WHOLE.subarray(from, end) });
}

describe('protocol/stash', () => {
  it('gives a piece out when its turn has come, not before', () => {
    const { stash: kept } = stash();
    add(kept, 10, 20);
    expect(kept.take(9)).to.equal(undefined);
    expect(kept.take(10)?.payload).to.deep.equal(WHOLE.subarray(10, 20));
    expect(kept.take(20)).to.equal(undefined);
  });

  it('forgets what has arrived otherwise', () => {
    const { stash: kept, ledger } = stash();
    add(kept, 10, 20);
    expect(kept.take(20)).to.equal(undefined);
    expect(ledger.stashed).to.equal(0);
  });

  it('keeps the bytes, not the views: the chunk is used again', () => {
    const { stash: kept } = stash();
    const chunk = Buffer.from('early');
    kept.add({ name: 'SERVICE_DATA', position: 3, units: 5, payload: chunk });
    chunk.fill(0);
    expect(kept.take(3)?.payload.toString()).to.equal('early');
  });

  it('makes one piece of neighbours, so that frames of a byte cost no object each', () => {
    const { stash: kept, ledger } = stash();
    for (let at = 10; at < 60; at += 1) add(kept, at, at + 1);
    expect(ledger.stashed).to.be.at.most(7);
  });

  it('keeps control, data and END apart', () => {
    const { stash: kept } = stash();
    kept.add({ name: 'SERVICE_DATA', position: 5, units: 1, payload: Buffer.alloc(0) });
    add(kept, 3, 5);
    kept.add({ name: 'SERVICE_BEGIN_ACK', position: 2, units: 1, payload: Buffer.from('{}') });
    expect([kept.take(2), kept.take(3), kept.take(5)].map((piece) => [piece?.name, piece?.units, piece?.payload.length])).to.deep.equal([
      ['SERVICE_BEGIN_ACK', 1, 2],
      ['SERVICE_DATA', 2, 2],
      ['SERVICE_DATA', 1, 0],
    ]);
  });

  it('takes STASHED_PIECES in a tunnel, and one more only where it joins another', () => {
    const { stash: kept } = stash(STASHED_PIECES - 1);
    expect(add(kept, 10, 14)).to.equal(true);
    expect(add(kept, 20, 24)).to.equal(false);
    expect(add(kept, 11, 13)).to.equal(true, 'it is there already');
  });

  it('gives out every byte once and in order, however pieces came and overlapped', () => {
    const piece = fc.tuple(fc.nat(63), fc.integer({ min: 1, max: 20 })).map(([from, length]) => [from, Math.min(64, from + length)] as const);
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const { stash: kept, ledger } = stash();
        for (const [from, end] of pieces) add(kept, from, end);
        const covered = new Set(pieces.flatMap(([from, end]) => Array.from({ length: end - from }, (_, at) => from + at)));
        const seen: number[] = [];
        for (let received = 0; received < 64; received += 1) {
          for (let next = kept.take(received); next !== undefined; next = kept.take(received)) {
            const rest = next.payload.subarray(received - next.position);
            seen.push(...rest);
            received += rest.length;
          }
        }
        expect(seen).to.deep.equal([...covered].sort((a, b) => a - b));
        expect(ledger.stashed).to.equal(0);
      }),
    );
  });
});
