/** The command line of the soak. */
import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly minutes: number;
  readonly connections: number;
  /** Between two faults, seconds. */
  readonly every: number;
  readonly svg: string | undefined;
  readonly help: boolean;
}

export const USAGE = `npm run soak -- [--minutes N] [--connections N] [--every SECONDS] [--svg FILE]

Connections talk through desk > (west | south) < lab with two carriers, while a relay is killed, stopped, restarted or replaced every
few seconds. Every echo is checked. At the end: what was lost, memory and descriptors over time, on stdout and as a plot.

  --minutes      how long (30)
  --connections  how many (500)
  --every        seconds between faults (2)
  --svg          where the plot goes`;

/** Throws a TypeError that says what is wrong. */
export function parseSoakOptions(args: readonly string[]): SoakOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '30' },
      connections: { type: 'string', default: '500' },
      every: { type: 'string', default: '2' },
      svg: { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  const { svg, help } = values;
  return { minutes: number('minutes', values.minutes, 0.1), connections: number('connections', values.connections, 1), every: number('every', values.every, 0.5), svg, help };
}

function number(name: string, text: string, least: number): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value < least) throw new TypeError(`--${name} ${text}: a number of at least ${least} is wanted`);
  return value;
}
