/** The command line of the bench. */
import { parseArgs } from 'node:util';

export interface Options {
  /** Names of figures; all if empty. */
  readonly only: readonly string[];
  /** Names of adapters not to run. */
  readonly without: readonly string[];
  readonly rounds: number;
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly help: boolean;
}

export const USAGE = `npm run bench -- [--only FIGURE,...] [--without ADAPTER,...] [--rounds N] [--quick] [--json FILE]

  --only      only these figures: FIGURES
  --without   leave these out: lstp, stunnel chain, OpenSSH -J, HAProxy, direct
  --rounds    how often each thing is measured (6, the fewest that give a 95 % interval; with --quick 2)
  --quick     short runs, to see that the bench works; not for figures
  --json      also write every single value to FILE`;

/** Throws a TypeError that says what is wrong. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', default: '' },
      without: { type: 'string', default: '' },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 6));
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new TypeError(`--rounds ${values.rounds}: a whole number from 1 to 100 is wanted`);
  return { only: words(values.only), without: words(values.without), rounds, quick: values.quick, json: values.json, help: values.help };
}

function words(list: string): string[] {
  return list.split(',').map((word) => word.trim()).filter((word) => word !== '');
}
