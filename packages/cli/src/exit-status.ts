/** Exit statuses of the command, and which error means which. */

export const EXIT = {
  done: 0,
  /** The user's input is wrong: a chain file, a key, an address that is taken. */
  input: 1,
  /** Wrong usage, or ambiguous; the message names the candidates. */
  usage: 2,
  /** Not running, or not reachable. */
  unreachable: 3,
} as const;

/** The command line is wrong, or leaves open what is meant. */
export class UsageError extends Error {
  readonly code = 'ERR_LSTP_USAGE';
  override readonly name = 'UsageError';
}

/** What the command should talk to does not run, or does not answer. */
export class UnreachableError extends Error {
  readonly code = 'ERR_LSTP_NOT_RUNNING';
  override readonly name = 'UnreachableError';
}

export function exitStatusOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof UnreachableError) return EXIT.unreachable;
  return EXIT.input;
}

/** What is printed of an error: its message where we made it, everything where it is a bug of ours. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describeError).join('\n');
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'ConfigError') return error.message;
  if (isExpected(error)) return prefixed(error.message);
  return prefixed(`internal error, please report it: ${error.stack ?? error.message}`);
}

/** Ours carry ERR_LSTP_ codes; the system's (ENOENT, EACCES) are the world's doing and name what they are about. */
function isExpected(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && (code.startsWith('ERR_LSTP_') || /^E[A-Z0-9]+$/.test(code));
}

function prefixed(text: string): string {
  return text.split('\n').map((line, index) => (index === 0 ? `lstp: ${line}` : line)).join('\n');
}
