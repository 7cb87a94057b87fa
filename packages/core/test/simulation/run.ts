/**
 * Replays seeds: `npm run simulate -- --seeds 1000 --from 0`, and one with everything that happens in it:
 * `npm run simulate -- --from 4711 --trace`.
 */
import { parseArgs } from 'node:util';
import { explain } from './explain.js';
import { simulate } from './simulate.js';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '1' }, from: { type: 'string', default: '0' }, trace: { type: 'boolean', default: false }, all: { type: 'boolean', default: false } } });
const [from, count] = [Number(values.from), Number(values.seeds)];
const started = process.hrtime.bigint();
let steps = 0;
let failed = 0;
for (let seed = from; seed < from + count; seed += 1) {
  const outcome = simulate(seed, values.trace ? (line) => process.stdout.write(`${line}\n`) : undefined);
  steps += outcome.steps;
  if (outcome.failure === undefined) continue;
  failed += 1;
  process.stdout.write(`${values.trace ? `seed ${seed}: ${outcome.failure}` : explain(seed)}\n`);
  if (!values.all) break;
}
const seconds = Number(process.hrtime.bigint() - started) / 1e9;
process.stdout.write(`${failed} failed, ${steps} steps in ${seconds.toFixed(1)} s\n`);
process.exitCode = failed === 0 ? 0 : 1;
