/** What keeps this process alive (sockets, servers, timers), for tests that nothing of theirs is left. */
export type OpenHandles = ReadonlyMap<string, number>;

/** How many there are now, by kind; one timer at least, the test runner's, which it sets only once a test has begun. */
export function openHandles(): OpenHandles {
  const counts = count();
  return counts.set('Timeout', Math.max(1, counts.get('Timeout') ?? 0));
}

/**
 * The kinds of which there are more than `before`, each with how many more. The whole process is looked at: one that
 * was there before, of an earlier test, may go away meanwhile, which is nothing to complain of.
 */
export function handlesSince(before: OpenHandles): string[] {
  const more = [...count()].map(([kind, now]) => [kind, now - (before.get(kind) ?? 0)] as const);
  return more.filter(([, by]) => by > 0).map(([kind, by]) => `${by} ${kind}`);
}

function count(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
