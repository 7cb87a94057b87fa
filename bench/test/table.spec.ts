import { expect } from 'chai';
import { Results } from '../src/report/results.js';
import { renderTable } from '../src/report/table.js';

function tableOf(series: Record<string, number[]>, label: { figure: string; case: string; unit: string }): string[] {
  const results = new Results();
  for (const [subject, values] of Object.entries(series)) for (const value of values) results.add({ ...label, subject }, value);
  return renderTable(results.all()).trim().split('\n').slice(2).map((line) => line.replace(/ +/g, ' ').trim());
}

describe('table', () => {
  const bulk = { figure: 'bulk', case: '1 stream up', unit: 'Gbit/s' };

  it('sets lstp beside each peer, with ratio, interval, aim and verdict', () => {
    expect(tableOf({ lstp: [3, 3], 'stunnel chain': [2, 2.5], direct: [30, 30] }, bulk)).to.deep.equal([
      'bulk 1 stream up Gbit/s 3 stunnel chain 2.25 1.35 x 1.2 .. 1.5 >= 1.25 reached',
      'bulk 1 stream up Gbit/s 3 direct 30 0.10 x 0.1 .. 0.1',
    ]);
  });

  it('tells what misses its aim and keeps what it must from what misses both', () => {
    expect(tableOf({ lstp: [1.1], 'stunnel chain': [1] }, bulk)[0]).to.match(/must only$/);
    expect(tableOf({ lstp: [0.9], 'stunnel chain': [1] }, bulk)[0]).to.match(/missed$/);
  });

  it('judges no CPU time', () => {
    expect(tableOf({ lstp: [9], 'stunnel chain': [1] }, { ...bulk, case: '1 stream up, CPU at desk' })[0]).to.match(/9 .. 9$/);
  });

  it('shows peers alone when lstp was not measured', () => {
    expect(tableOf({ direct: [30] }, bulk)).to.deep.equal(['bulk 1 stream up Gbit/s direct 30']);
  });

  it('shows a figure with an aim of its own alone', () => {
    expect(tableOf({ lstp: [300] }, { figure: 'start', case: 'a node, until ready', unit: 'ms' })).to.deep.equal(['start a node, until ready ms 300 300 .. 300 <= 400 reached']);
  });
});
