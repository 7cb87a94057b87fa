/** All results as one table for people: lstp beside each of its peers. */
import type { Series } from './results.js';
import { medianOf, ratioOf, type Estimate } from './statistics.js';
import { targetOf, verdictOf } from './targets.js';

const HEAD = ['figure', 'case', 'unit', 'lstp', 'peer', '', 'lstp : peer', '95 %', 'aim', ''];
/** Columns of words; the others hold numbers and stand right. */
const LEFT = new Set([0, 1, 2, 4, 9]);

/** Where a peer was measured, one row a peer; without a peer, lstp alone; without lstp, the peers alone. */
export function renderTable(all: readonly Series[]): string {
  const rows = all.flatMap((series) => rowsOf(series, all));
  const widths = HEAD.map((_, column) => Math.max(...[HEAD, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string => row.map((cell, column) => (LEFT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ').trimEnd();
  return `${[HEAD, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n')}\n`;
}

function rowsOf(series: Series, all: readonly Series[]): string[][] {
  const same = all.filter((other) => other.figure === series.figure && other.case === series.case);
  const lstp = same.find(({ subject }) => subject === 'lstp');
  if (lstp === undefined) return [[...label(series), '', series.subject, number(medianOf(series.values).median), '', '', '', '']];
  if (series !== lstp) return [];
  const peers = same.filter((other) => other !== lstp);
  const absolute = targetOf(lstp, undefined);
  const alone = absolute === undefined && peers.length > 0 ? [] : [aloneRow(lstp)];
  return [...alone, ...peers.map((peer) => pairRow(lstp, peer))];
}

function aloneRow(lstp: Series): string[] {
  const estimate = medianOf(lstp.values);
  return [...label(lstp), number(estimate.median), '', '', '', interval(estimate), ...judge(lstp, undefined, estimate.median)];
}

function pairRow(lstp: Series, peer: Series): string[] {
  // Too little to be measured at the peer: no ratio says anything.
  if (peer.values.includes(0)) return [...label(lstp), number(medianOf(lstp.values).median), peer.subject, number(medianOf(peer.values).median), '', '', '', ''];
  const ratio = ratioOf(lstp.values, peer.values);
  const [own, theirs] = [medianOf(lstp.values), medianOf(peer.values)];
  return [...label(lstp), number(own.median), peer.subject, number(theirs.median), `${ratio.median.toFixed(2)} x`, interval(ratio), ...judge(lstp, peer.subject, ratio.median)];
}

function label({ figure, case: name, unit }: Series): string[] {
  return [figure, name, unit];
}

function judge(lstp: Series, against: string | undefined, value: number): [string, string] {
  const target = targetOf(lstp, against);
  if (target === undefined) return ['', ''];
  return [`${target.bound === 'at least' ? '>=' : '<='} ${target.aim}`, verdictOf(target, value)];
}

function interval({ low, high }: Estimate): string {
  return `${number(low)} .. ${number(high)}`;
}

/** Three significant digits, no exponent. */
function number(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
