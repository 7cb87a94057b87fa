import { table } from '../text/table.js';
import { neighboursOfReport, reached, type DoctorReport, type WayReport } from './report.js';

/** One way as people read it; ends with a line feed. */
export function wayText({ neighbour, address, through, steps, failure }: WayReport): string {
  const head = [`${neighbour} at ${address}`, ...through.map((proxy) => `through ${proxy}`)].join(' ');
  const rows = steps.map(({ step, place, ms }, index) => [failure !== undefined && index === steps.length - 1 ? 'FAILED' : 'ok', step, place, `${ms} ms`]);
  const lines = [head, ...(rows.length === 0 ? [] : [table(rows, '  ')])];
  if (failure !== undefined) lines.push(`  came back: ${failure.message} (${failure.code})`);
  if (failure?.likely !== undefined) lines.push(`  likely:    ${failure.likely.cause}`, `  remedy:    ${failure.likely.remedy}`);
  return `${lines.join('\n')}\n`;
}

/** The last line. */
export function summaryText(report: DoctorReport): string {
  const all = [...neighboursOfReport(report)];
  const there = reached(report);
  if (all.length === 0) return `${report.node} dials nobody: its neighbours dial it. Run the doctor there.\n`;
  const away = all.filter((neighbour) => !there.has(neighbour));
  if (away.length === 0) return `${report.node} reaches ${all.length === 1 ? 'its neighbour' : `all ${all.length} neighbours`} that it dials: ${all.join(', ')}\n`;
  return `${report.node} does not reach ${away.join(', ')}${there.size === 0 ? '' : `; it reaches ${[...there].join(', ')}`}\n`;
}
