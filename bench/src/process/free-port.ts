/** Ports for programs that cannot choose one themselves and say which. */
import { freePort as anyFreePort } from '@lstp/core';

const given = new Set<number>();

/** A loopback TCP port that nothing listens on now, and that this run has not given out before. */
export async function freePort(): Promise<number> {
  const port = await anyFreePort();
  if (given.has(port)) return freePort();
  given.add(port);
  return port;
}
