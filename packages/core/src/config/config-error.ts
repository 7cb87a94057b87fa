/** The operator is wrong: what, where in which file, and what would be right. */
import type { Place } from './chain.js';

export interface ConfigProblem {
  readonly place: Place;
  /** What is wrong, and what would be right. No file, no line: those are in front when it is printed. */
  readonly message: string;
}

export class ConfigError extends Error {
  readonly code = 'ERR_LSTP_CONFIG';

  /** `problems` in the order of the file; at least one. */
  constructor(
    readonly file: string,
    readonly problems: readonly ConfigProblem[],
  ) {
    super(problems.map(({ place, message }) => `${file}:${place.line}:${place.column}: ${message}`).join('\n'));
    this.name = 'ConfigError';
  }
}
