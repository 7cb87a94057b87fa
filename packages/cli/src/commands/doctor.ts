import { createLogger } from '@lstp/core/observe';
import { examine } from '../doctor/examine.js';
import { neighboursOfReport, reached } from '../doctor/report.js';
import { summaryText, wayText } from '../doctor/report-text.js';
import { EXIT } from '../exit-status.js';
import { planOne } from '../node/plan.js';

export interface DoctorOptions {
  readonly as: string;
  readonly keys?: string;
  readonly json?: true;
}

/** `lstp doctor`: what this node reaches, step by step. 0: each neighbour that it dials, on one way at least; else 3. */
export async function doctor(file: string, options: DoctorOptions): Promise<number> {
  const logger = await createLogger({ level: 'silent' });
  const { name, identity, chains } = await planOne([file], options, logger);
  const report = await examine({ node: name, identity, chains, logger }, (way) => options.json || process.stdout.write(`${wayText(way)}\n`));
  process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : summaryText(report));
  return reached(report).size === neighboursOfReport(report).size ? EXIT.done : EXIT.unreachable;
}
