interface Reasoned {
  skipReason?: string;
  type?: string;
  parent?: Reasoned;
}

/** Skips the running test (or, in a `before`, all of its suite) and says why; tools/reporter.cjs prints it. */
export function skipBecause(context: Mocha.Context, reason: string): never {
  const runnable = context.test as Reasoned | undefined;
  const skipped = runnable?.type === 'hook' ? runnable.parent : runnable;
  if (skipped !== undefined) skipped.skipReason = reason;
  context.skip();
}
