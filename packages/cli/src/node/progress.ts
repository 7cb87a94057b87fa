/** Tunnels that are not established yet, told in the log again and again: each change is told by the end itself, once. */
import type { Logger } from 'pino';
import type { ManagedNode } from './managed-node.js';

const REPEAT_EVERY_MS = 30_000;

/** Begins; gives what ends it. */
export function repeatProgress(nodes: readonly ManagedNode[], logger: Logger): () => void {
  const timer = setInterval(() => tell(nodes, logger), REPEAT_EVERY_MS).unref();
  return () => clearInterval(timer);
}

function tell(nodes: readonly ManagedNode[], logger: Logger): void {
  for (const { name: node, running } of nodes) {
    for (const { name: tunnel, state, progress } of running.status().tunnels) {
      if (state === 'connecting' || state === 'interrupted') logger.info({ node, tunnel }, `not established: ${progress ?? state}`);
    }
  }
}
