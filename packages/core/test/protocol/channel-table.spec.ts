import { expect } from 'chai';
import { ChannelTable } from '../../src/protocol/channel-table.js';
import { Channel } from '../../src/protocol/channel.js';
import { BURIED_IDS } from '../../src/protocol/limits.js';
import { Pool } from '../../src/protocol/pool.js';

const REQUEST = { service: 's', kind: 'stream', carrier: 'shared', window: 20_000 } as const;

function channel(id: number, opener: boolean): Channel {
  return new Channel({ id, opener, request: REQUEST, pool: new Pool(0), ledger: { retained: 0, stashed: 0 }, sendLimit: 0, receiveWindow: 20_000, now: 0 });
}

function allocate(table: ChannelTable): Channel {
  const made = channel(table.allocate(), true);
  table.add(made);
  return made;
}

/** Its request goes out. */
function send({ out }: Channel): void {
  out.pushControl('CONNECTION_REQUEST', REQUEST);
  out.advance();
}

describe('protocol/channel-table', () => {
  it('gives the master odd ids, the other even ones, ascending', () => {
    const [master, other] = [new ChannelTable('master'), new ChannelTable('other')];
    expect([allocate(master).id, allocate(master).id, allocate(other).id, allocate(other).id]).to.deep.equal([1, 3, 2, 4]);
  });

  it('wraps, skips id 0 and ids in use', () => {
    const table = new ChannelTable('other');
    const first = allocate(table);
    table.startAt(0xffff_fffc);
    expect([first.id, allocate(table).id, allocate(table).id, allocate(table).id]).to.deep.equal([2, 0xffff_fffc, 0xffff_fffe, 4]);
  });

  it('takes the ids of the peer in order, across the wrap', () => {
    const table = new ChannelTable('other');
    for (const id of [0xffff_fffd, 0xffff_ffff, 1, 3]) {
      expect(table.isNew(id), String(id)).to.equal(true);
      table.add(channel(id, false));
      expect(table.isNew(id), `${id} again`).to.equal(false);
    }
    expect(table.isNew(0xffff_ffff)).to.equal(false);
  });

  it('refuses ids that the peer must not open', () => {
    const table = new ChannelTable('other');
    expect(() => table.isNew(2)).to.throw(/not the peer's to open/);
    expect(() => table.isNew(0)).to.throw(/not the peer's to open/);
  });

  it('knows ids that were opened, up to the highest', () => {
    const table = new ChannelTable('master');
    const own = allocate(table);
    table.release(own);
    table.add(channel(6, false));
    for (const id of [1, 2, 4, 6]) expect(() => table.checkKnown(id, 'X')).to.not.throw();
    for (const id of [0, 3, 8]) expect(() => table.checkKnown(id, 'X')).to.throw(/never opened/);
  });

  it('remembers a release that came before its request', () => {
    const table = new ChannelTable('master');
    table.bury(4);
    expect(table.isNew(4)).to.equal(false);
    expect(() => table.checkKnown(4, 'SERVICE_DATA')).to.not.throw();
    expect(table.isNew(2)).to.equal(true);
    expect(table.isNew(6)).to.equal(true);
  });

  it('need not remember it once a later one was opened', () => {
    const table = new ChannelTable('master');
    table.bury(4);
    table.add(channel(6, false));
    expect(table.isNew(4)).to.equal(false);
    expect(() => table.checkKnown(4, 'SERVICE_DATA')).to.not.throw();
  });

  it('remembers BURIED_IDS, and forgets the oldest of one more', () => {
    const table = new ChannelTable('master');
    for (let count = 1; count <= BURIED_IDS; count += 1) table.bury(2 * count);
    expect(table.isNew(2)).to.equal(false);
    table.bury(2 * (BURIED_IDS + 1));
    expect(table.isNew(2)).to.equal(true);
    expect(table.isNew(4)).to.equal(false);
  });

  it('starts afresh after clear()', () => {
    const table = new ChannelTable('master');
    send(allocate(table));
    table.add(channel(6, false));
    table.bury(8);
    expect(table.clear().map(({ id }) => id)).to.deep.equal([1, 6]);
    expect(table.allocate()).to.equal(1);
    expect([table.size, table.isNew(2), table.isNew(8)]).to.deep.equal([0, true, true]);
  });

  it('keeps under its id, after clear(), what no peer can have heard of', () => {
    const table = new ChannelTable('master');
    send(allocate(table));
    const unheard = allocate(table);
    expect(table.clear().map(({ id }) => id)).to.deep.equal([1]);
    expect([table.lookup(3), table.allocate()]).to.deep.equal([unheard, 5]);
  });
});
