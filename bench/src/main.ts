/** `npm run bench`: takes the figures, prints one table. See bench/README.md. */
import { writeFileSync } from 'node:fs';
import type { Adapter } from './adapters/adapter.js';
import { bulk } from './figures/bulk.js';
import { compression } from './figures/compression.js';
import { connections } from './figures/connections.js';
import { encryption } from './figures/encryption.js';
import type { Figure } from './figures/figure.js';
import { frontEnds } from './figures/front-ends.js';
import { idleChannels } from './figures/idle-channels.js';
import { loadedRoundTrip } from './figures/loaded-round-trip.js';
import { legs } from './figures/legs.js';
import { longLink } from './figures/long-link.js';
import { manyChannels } from './figures/many-channels.js';
import { monitor } from './figures/monitor.js';
import { parser } from './figures/parser.js';
import { passThrough } from './figures/pass-through.js';
import { reach } from './figures/reach.js';
import { recovery } from './figures/recovery.js';
import { roundTrip } from './figures/round-trip.js';
import { state } from './figures/state.js';
import { start } from './figures/start.js';
import { udp } from './figures/udp.js';
import { x11 } from './figures/x11.js';
import { x11Codec } from './figures/x11-codec.js';
import { x11Decoder } from './figures/x11-decoder.js';
import { x11Monitor } from './figures/x11-monitor.js';
import { parseOptions, USAGE, type Options } from './options.js';
import { missingOf } from './process/debian-packages.js';
import { Scope } from './process/scope.js';
import { Results } from './report/results.js';
import { renderTable } from './report/table.js';

const FIGURES: readonly Figure[] = [encryption, bulk, passThrough, connections, roundTrip, longLink, loadedRoundTrip, idleChannels, legs, manyChannels, udp, frontEnds, reach, x11, x11Monitor, x11Codec, compression, monitor, recovery, start, parser, state, x11Decoder];

process.exitCode = await main();

async function main(): Promise<number> {
  const options = optionsOrComplaint();
  if (options === undefined) return 2;
  if (options.help) {
    process.stdout.write(`${USAGE.replace('FIGURES', FIGURES.map(({ name }) => name).join(', '))}\n`);
    return 0;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void Scope.disposeAll().finally(() => process.exit(130)));
  const results = new Results();
  const failures = await runFigures(options, results);
  process.stdout.write(renderTable(results.all()));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ node: process.version, series: results.all() }, undefined, 1)}\n`);
  for (const failure of failures) say(failure);
  return failures.length === 0 ? 0 : 1;
}

/** A figure that fails is told, and the others are taken all the same. */
async function runFigures(options: Options, results: Results): Promise<string[]> {
  const failures: string[] = [];
  for (const figure of FIGURES.filter(({ name }) => options.only.length === 0 || options.only.includes(name))) {
    say(figure.name);
    const adapters = figure.adapters.filter((adapter) => isWanted(adapter, options));
    await figure.run({ results, adapters, rounds: options.rounds, quick: options.quick, say }).catch((error: unknown) => {
      failures.push(`${figure.name}: FAILED: ${error instanceof Error ? error.message : String(error)}`);
    });
  }
  return failures;
}

function isWanted(adapter: Adapter, options: Options): boolean {
  if (options.without.includes(adapter.name)) return false;
  const missing = missingOf(adapter.packages);
  if (missing.length > 0) say(`  ${adapter.name} is left out: apt-get install ${missing.join(' ')}`);
  return missing.length === 0;
}

function optionsOrComplaint(): Options | undefined {
  try {
    const options = parseOptions(process.argv.slice(2));
    const unknown = options.only.find((name) => !FIGURES.some((figure) => figure.name === name));
    if (unknown === undefined) return options;
    say(`--only ${unknown}: there is ${FIGURES.map(({ name }) => name).join(', ')}`);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
  return undefined;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
