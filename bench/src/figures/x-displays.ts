/** What the figures of X programs have in common: displays through several chains, and programs that use them. */
import { spawn } from 'node:child_process';
import type { Hop } from '../adapters/adapter.js';
import { startXServer, type DisplayChain, type DisplaySetting } from '../adapters/displays.js';
import { missingOf } from '../process/debian-packages.js';
import { Scope } from '../process/scope.js';
import type { Bench } from './figure.js';

/** Of the terminal of printLines(). */
export const LINES = 100_000;

/** Whether what X programs need is here; says what is not. */
export function hasXPrograms({ say }: Bench): boolean {
  const missing = missingOf(['xvfb', 'x11-apps', 'xterm', 'xauth']);
  if (missing.length > 0) say(`  left out: apt-get install ${missing.join(' ')}`);
  return missing.length === 0;
}

/** Each of those that can run here, all up at once; they end with `work`. */
export function withDisplays(hopOf: (scope: Scope) => Hop, starts: readonly ((setting: DisplaySetting) => Promise<DisplayChain>)[], work: (chains: readonly DisplayChain[]) => Promise<void>): Promise<void> {
  return Scope.with(async (scope) => {
    const server = await startXServer(scope);
    const chains: DisplayChain[] = [];
    for (const start of starts) chains.push(await start({ scope, server, hop: hopOf(scope) }));
    await work(chains);
  });
}

/** As interleave() does it. */
export async function inTurns(bench: Bench, chains: readonly DisplayChain[], measure: (chain: DisplayChain) => Promise<void>): Promise<void> {
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.say(`  round ${round + 1} of ${bench.rounds}`);
    for (const chain of round % 2 === 0 ? chains : [...chains].reverse()) await measure(chain);
  }
}

/** Seconds, the start of the terminal and its end included. */
export async function printLines(chain: DisplayChain): Promise<number> {
  return (await run(chain, 'xterm', ['-e', 'seq', String(LINES)])).seconds;
}

/** Resolves when the program has ended well. */
export function run({ environment, name }: DisplayChain, program: string, args: readonly string[]): Promise<{ readonly stdout: string; readonly seconds: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (status === 0) resolve({ stdout, seconds: (performance.now() - start) / 1000 });
      else reject(new Error(`${program} ${args.join(' ')} through ${name} ended with ${signal ?? status}: ${stderr}`));
    });
  });
}
