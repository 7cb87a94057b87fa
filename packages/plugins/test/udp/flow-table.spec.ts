import { expect } from 'chai';
import { array, assert, constantFrom, nat, property, record } from 'fast-check';
import { FlowTable } from '../../src/udp/flow-table.js';

describe('udp/flow-table', () => {
  it('knows a flow by its client, until it is idle', () => {
    const table = new FlowTable<string>({ idleMs: 100, most: 10 });
    expect(table.touch('a', 0)).to.equal(undefined);
    expect(table.deadline).to.equal(Infinity);
    table.add('a', 'flow a', 0);
    expect(table.touch('a', 60)).to.equal('flow a');
    expect(table.deadline).to.equal(160);
    expect(table.expire(159)).to.deep.equal([]);
    expect(table.expire(160)).to.deep.equal(['flow a']);
    expect([table.size, table.touch('a', 161)]).to.deep.equal([0, undefined]);
  });

  it('puts out the idlest when one more comes than there may be', () => {
    const table = new FlowTable<string>({ idleMs: 100, most: 3 });
    for (const [at, name] of ['a', 'b', 'c'].entries()) {
      expect(table.makeRoom()).to.equal(undefined);
      table.add(name, name, at);
    }
    table.touch('a', 3);
    expect(table.makeRoom()).to.equal('b');
    table.add('d', 'd', 4);
    expect(table.makeRoom()).to.equal('c');
    table.add('e', 'e', 5);
    expect([table.size, table.touch('a', 6)]).to.deep.equal([3, 'a']);
  });

  it('forgets a flow that ended otherwise, and not the one that came after it', () => {
    const table = new FlowTable<object>({ idleMs: 100, most: 3 });
    const [first, second] = [{}, {}];
    table.add('a', first, 0);
    table.remove('a', first);
    table.add('a', second, 1);
    table.remove('a', first);
    expect(table.touch('a', 2)).to.equal(second);
    expect(table.clear()).to.deep.equal([second]);
    expect(table.size).to.equal(0);
  });

  it('does what a list sorted by last use would, whatever happens', () => {
    const operation = record({ client: constantFrom('a', 'b', 'c', 'd', 'e'), passMs: nat(40), kind: constantFrom('use', 'end', 'expire') });
    assert(
      property(array(operation, { maxLength: 100 }), (operations) => {
        const table = new FlowTable<string>({ idleMs: 100, most: 3 });
        let model: { client: string; at: number }[] = [];
        let now = 0;
        for (const { client, passMs, kind } of operations) {
          now += passMs;
          const known = model.find((one) => one.client === client);
          if (kind === 'expire') {
            expect(table.expire(now)).to.deep.equal(model.filter(({ at }) => at + 100 <= now).map((one) => one.client));
            model = model.filter(({ at }) => at + 100 > now);
          } else if (kind === 'end') {
            table.remove(client, client);
            model = model.filter((one) => one !== known);
          } else {
            expect(table.touch(client, now)).to.equal(known?.client);
            if (known === undefined) {
              expect(table.makeRoom()).to.equal(model.length === 3 ? model.shift()?.client : undefined);
              table.add(client, client, now);
            }
            // Of two in the same moment neither is the idler one.
            if (known?.at !== now) model = [...model.filter((one) => one !== known), { client, at: now }];
          }
          expect(table.size).to.equal(model.length);
          expect(table.deadline).to.equal(model[0] === undefined ? Infinity : model[0].at + 100);
        }
      }),
    );
  });
});
