/** `npm run soak`: 500 connections for half an hour over relays that something happens to every two seconds. See bench/README.md. */
import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { RelayedChain } from '../adapters/relayed-chain.js';
import { Scope } from '../process/scope.js';
import { startEcho, Talkers } from '../traffic/talkers.js';
import { Faults } from './faults.js';
import { parseSoakOptions, USAGE, type SoakOptions } from './options.js';
import { renderPlot, type Panel } from './plot.js';
import { ENDS, slopeAnHour, takeSample, type End, type Sample } from './samples.js';

const ROUTE = 'desk > (west | south) < lab';
const SAMPLES_A_RUN = 180;
const COLORS: Readonly<Record<End, string>> = { desk: '#1668b8', lab: '#c0561c' };
/** From the last fault until nothing may be missing any more. */
const SETTLING_MS = 8000;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = parseSoakOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void Scope.disposeAll().finally(() => process.exit(130)));
  return Scope.with((scope) => soak(scope, options));
}

async function soak(scope: Scope, options: SoakOptions): Promise<number> {
  const chain = await RelayedChain.start(scope, { route: ROUTE, options: ['carriers: 2', 'spread: true'], target: await startEcho(scope) });
  const talkers = new Talkers({ port: chain.entrance, count: options.connections, paceMs: 1000, bytes: 100, bulkBytes: 65_536 });
  await talkers.nextEcho(0);
  const faults = new Faults(chain);
  const samples = await harass(chain, { talkers, faults, options });
  await faults.end();
  await pause(SETTLING_MS);
  const { echoes, bytes } = talkers;
  await talkers.stop();
  if (options.svg !== undefined) writeFileSync(options.svg, plotOf(samples, options));
  process.stdout.write(`${report({ options, samples, faults, talkers, echoes, bytes }).join('\n')}\n`);
  return talkers.faults.length === 0 ? 0 : 1;
}

async function harass(chain: RelayedChain, { talkers, faults, options }: { talkers: Talkers; faults: Faults; options: SoakOptions }): Promise<Sample[]> {
  const samples: Sample[] = [];
  const [started, lastsMs] = [performance.now(), options.minutes * 60_000];
  for (let nextFault = 0, nextSample = 0; ; ) {
    const elapsed = performance.now() - started;
    if (elapsed >= lastsMs) return samples;
    if (elapsed >= nextSample) {
      samples.push(takeSample(chain, { minutes: elapsed / 60_000, longestMs: talkers.takeLongest() }));
      nextSample += lastsMs / SAMPLES_A_RUN;
    }
    if (elapsed >= nextFault) {
      faults.begin();
      nextFault += options.every * 1000;
    }
    await pause(Math.max(1, Math.min(nextFault, nextSample, lastsMs) - (performance.now() - started)));
  }
}

interface Outcome {
  readonly options: SoakOptions;
  readonly samples: readonly Sample[];
  readonly faults: Faults;
  readonly talkers: Talkers;
  readonly echoes: number;
  readonly bytes: number;
}

function report({ options, samples, faults, talkers, echoes, bytes }: Outcome): string[] {
  const waits = samples.map(({ longestMs }) => longestMs).toSorted((a, b) => a - b);
  const lines = [
    `${options.minutes} minutes, ${options.connections} connections, ${[...faults.counts].map(([fault, count]) => `${count} x ${fault}`).join(', ')}`,
    `${echoes} echoes, ${(bytes / 1e6).toFixed(0)} MB each way; broken, lost, doubled or wrong: ${talkers.faults.length}`,
    `the longest that any connection waited: ${Math.round(waits.at(-1) ?? 0)} ms; half of the time none waited longer than ${Math.round(waits[Math.floor(waits.length / 2)] ?? 0)} ms`,
  ];
  for (const end of ENDS) {
    const [first, last] = [samples[Math.floor(samples.length / 5)], samples.at(-1)];
    if (first === undefined || last === undefined) continue;
    const slope = (read: (sample: Sample) => number): string => slopeAnHour(samples, read).toFixed(1);
    lines.push(`${end}: memory ${first.memoryMiB[end].toFixed(1)} -> ${last.memoryMiB[end].toFixed(1)} MiB (${slope((one) => one.memoryMiB[end])} MiB an hour), descriptors ${first.descriptors[end]} -> ${last.descriptors[end]} (${slope((one) => one.descriptors[end])} an hour)`);
  }
  return [...lines, ...talkers.faults.slice(0, 20)];
}

function plotOf(samples: readonly Sample[], { connections }: SoakOptions): string {
  const lines = (read: (sample: Sample, end: End) => number): Panel['lines'] => ENDS.map((end) => ({ name: end, color: COLORS[end], points: samples.map((sample) => [sample.minutes, read(sample, end)] as const) }));
  return renderPlot({
    xTitle: `minutes, ${connections} connections, something happens to a relay every few seconds`,
    panels: [
      { title: 'resident memory, MiB', lines: lines(({ memoryMiB }, end) => memoryMiB[end]) },
      { title: 'open descriptors', lines: lines(({ descriptors }, end) => descriptors[end]) },
      { title: 'longest wait of a connection, ms', lines: [{ name: '', color: '#666', points: samples.map(({ minutes, longestMs }) => [minutes, longestMs] as const) }] },
    ],
  });
}
