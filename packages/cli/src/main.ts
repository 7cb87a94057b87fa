import { CommanderError } from 'commander';
import { EXIT, describeError, exitStatusOf } from './exit-status.js';
import { makeProgram } from './program.js';

/** Runs `lstp` with these arguments; resolves with the exit status. Prints what went wrong. */
export async function main(args: readonly string[]): Promise<number> {
  let status: number = EXIT.done;
  const program = makeProgram((result) => {
    status = result;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`${describeError(error)}\n`);
    return exitStatusOf(error);
  }
}
