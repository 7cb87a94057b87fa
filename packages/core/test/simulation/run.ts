/**
 * Replays seeds, on all cores: `npm run simulate -- --seeds 1000 --from 0`; one with everything that happens in it:
 * `npm run simulate -- --from 4711 --trace`.
 */
import { parseArgs } from 'node:util';
import { explain } from './explain.js';
import { SeedCrew } from './seed-crew.js';
import { simulate } from './simulate.js';

/** Between two looks at what has failed. */
const AT_ONCE = 10_000;

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '1' }, from: { type: 'string', default: '0' }, trace: { type: 'boolean', default: false }, all: { type: 'boolean', default: false } } });
const [first, count] = [Number(values.from), Number(values.seeds)];
const started = process.hrtime.bigint();
const { steps, failed } = values.trace ? trace() : await run();
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
process.stdout.write(`${failed} failed, ${steps} steps in ${seconds.toFixed(1)} s\n`);
process.exitCode = failed === 0 ? 0 : 1;

function trace(): { steps: number; failed: number } {
  let [steps, failed] = [0, 0];
  for (let seed = first; seed < first + count; seed += 1) {
    const outcome = simulate(seed, (line) => process.stdout.write(`${line}\n`));
    steps += outcome.steps;
    if (outcome.failure === undefined) continue;
    failed += 1;
    process.stdout.write(`seed ${seed}: ${outcome.failure}\n`);
    if (!values.all) break;
  }
  return { steps, failed };
}

async function run(): Promise<{ steps: number; failed: number }> {
  const crew = new SeedCrew();
  let [steps, failed] = [0, 0];
  for (let from = first; from < first + count && (values.all || failed === 0); from += AT_ONCE) {
    const outcome = await crew.run({ from, count: Math.min(AT_ONCE, first + count - from), mostFailures: values.all ? Infinity : 1 });
    const told = values.all ? outcome.failed : outcome.failed.slice(0, 1);
    for (const seed of told) process.stdout.write(`${explain(seed)}\n`);
    steps += outcome.steps;
    failed += told.length;
  }
  await crew.stop();
  return { steps, failed };
}
