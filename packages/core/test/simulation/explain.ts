/** What a person wants to read of a seed that failed: what is wrong, the end of its story, and how to see all of it. */
import { simulate } from './simulate.js';

const LAST_LINES = 40;

export function explain(seed: number): string {
  const lines: string[] = [];
  const { failure } = simulate(seed, (line) => lines.push(line));
  const left = lines.length > LAST_LINES ? [`... ${lines.length - LAST_LINES} lines before`] : [];
  return [`seed ${seed}: ${failure}`, ...left, ...lines.slice(-LAST_LINES), `all of it: npm run simulate -- --from ${seed} --trace`].join('\n');
}
