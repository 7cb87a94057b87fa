/** The memory that a leg costs a relay for many: parked, and paired with another. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@lstp/core';
import { lstp, makeKey, startNode } from '../adapters/lstp.js';
import type { Child } from '../process/child.js';
import { usageOf } from '../process/process-tree.js';
import { Scope } from '../process/scope.js';
import { Program } from '../traffic/traffic.js';
import { runFor, type Bench, type Figure } from './figure.js';

const LEGS = 8000;
const SETTLE_SECONDS = 2;

export const legs: Figure = {
  name: 'legs',
  adapters: [lstp],
  async run(bench) {
    if (bench.adapters.length === 0) return;
    const count = bench.quick ? LEGS / 10 : LEGS;
    await Scope.with((scope) => measure(bench, scope, { name: 'a parked leg', count, run: (program, relay) => program.call('park', { ...relay, count }) }));
    await Scope.with((scope) => measure(bench, scope, { name: 'a paired leg', count, run: (program, relay) => program.call('pair', { ...relay, count: count / 2 }) }));
  },
};

interface Case {
  readonly name: string;
  /** Legs. */
  readonly count: number;
  run(program: Program, relay: { port: number; key: string }): Promise<unknown>;
}

async function measure(bench: Bench, scope: Scope, { name, count, run }: Case): Promise<void> {
  bench.say(`  ${count} times ${name}`);
  const program = new Program('legs');
  scope.own({ dispose: () => program.stop(), abandon: () => program.kill() });
  const { child, ...relay } = await startRelay(scope, await program.call('legKeys', {}));
  const before = usageOf([child.pid]).residentBytes;
  await run(program, relay);
  await runFor(SETTLE_SECONDS);
  const bytes = usageOf([child.pid]).residentBytes - before;
  bench.results.add({ figure: 'legs', case: name, subject: 'lstp', unit: 'KiB' }, bytes / count / 1024);
}

/** A relay whose file has only itself; `keys` may use any tunnel. */
async function startRelay(scope: Scope, keys: readonly string[]): Promise<{ child: Child; port: number; key: string }> {
  const folder = scope.temporaryFolder();
  const [key, port] = [await makeKey(folder, 'relay'), await freePort()];
  const chainFile = join(folder, 'relay.yaml');
  await writeFile(join(folder, 'admitted.txt'), keys.map((admitted) => `${admitted} *\n`).join(''));
  await writeFile(chainFile, `lstp: 1\nnodes:\n  relay: { key: "${key}", listen: "127.0.0.1:${port}", admit: admitted.txt }\n`);
  return { child: await startNode(scope, { name: 'relay', chainFile, folder }), port, key };
}
