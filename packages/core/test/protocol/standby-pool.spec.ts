import { expect } from 'chai';
import { StandbyPool } from '../../src/protocol/standby-pool.js';
import { standbySides } from '../../src/protocol/relay-rules.js';

describe('protocol/standby-pool', () => {
  it('gives the oldest idle leg of any key of a neighbour', () => {
    const pool = new StandbyPool<string, string>();
    pool.arrive('key1', 'a', 1);
    pool.arrive('key2', 'b', 1);
    pool.arrive('key2', 'c', 1);
    expect(pool.want(['key2', 'key1'], 'w')).to.equal('b');
    expect(pool.want(['key2'], 'w')).to.equal('c');
    expect(pool.want(['key2'], 'w')).to.equal(undefined);
    expect(pool.idleCount).to.equal(1);
  });

  it('gives an arriving leg to the oldest want for its key', () => {
    const pool = new StandbyPool<string, string>();
    for (const [want, key] of [['first', 'other'], ['second', 'key'], ['third', 'key']] as const) pool.want([key], want);
    expect(pool.arrive('key', 'a', 1).taken).to.equal('second');
    pool.unwant('third');
    expect(pool.arrive('key', 'b', 1).taken).to.equal(undefined);
    expect(pool.want(['key'], 'fourth')).to.equal('b');
  });

  it('lets a newer process take the place of an older one, and not the other way round', () => {
    const pool = new StandbyPool<string, string>();
    pool.arrive('key', 'old', 1);
    expect(pool.arrive('key', 'new', 2).surplus).to.deep.equal(['old']);
    expect(pool.arrive('key', 'older', 1).surplus).to.deep.equal(['older']);
    expect(pool.want(['key'], 'w')).to.equal('new');
  });

  it('keeps eight of one key, the newest', () => {
    const pool = new StandbyPool<number, string>();
    const surplus = Array.from({ length: 10 }, (_, leg) => pool.arrive('key', leg, 1).surplus).flat();
    expect(surplus).to.deep.equal([0, 1]);
    expect(pool.idleCount).to.equal(8);
  });

  it('forgets legs that are gone', () => {
    const pool = new StandbyPool<string, string>();
    pool.arrive('key', 'a', 1);
    pool.lose('key', 'a');
    pool.lose('key', 'a');
    expect(pool.want(['key'], 'w')).to.equal(undefined);
  });
});

describe('standbySides', () => {
  const sides = (drawing: string, at: number) => standbySides([...drawing].map((arrow) => (arrow === '>' ? 'left' : 'right')), at);

  it('has both neighbours of a middle that dials both', () => {
    expect(sides('<>', 1)).to.deep.equal(['left', 'right']);
    expect(sides('><><', 2)).to.deep.equal(['left', 'right']);
  });

  it('has nothing where somebody else can begin', () => {
    for (const [drawing, at] of [['><', 1], ['>>', 1], ['<<', 1], ['>><', 1], ['<<<', 2]] as const) expect(sides(drawing, at), drawing).to.deep.equal([]);
  });

  it('has every neighbour that a middle dials where both ends are dialed', () => {
    expect(sides('<<>>', 1)).to.deep.equal(['left']);
    expect(sides('<<>>', 2)).to.deep.equal(['left', 'right']);
    expect(sides('<<>>', 3)).to.deep.equal(['right']);
    expect(sides('<><>', 2)).to.deep.equal([]);
  });
});
