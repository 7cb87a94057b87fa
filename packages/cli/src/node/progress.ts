/** What tunnels that are not established wait for, told in the log: each thing at once, and again, ever more rarely, while it lasts. */
import type { Logger } from 'pino';
import type { TunnelStatus } from '@lstp/core';
import type { ManagedNode } from './managed-node.js';

const LOOK_EVERY_MS = 500;
const REPEAT_AFTER_MS = 30_000;
const REPEAT_AT_LEAST_MS = 3_600_000;

/** When each text is told again, by node and tunnel. Retries go back and forth between a few texts. */
type Told = Map<string, Map<string, { readonly from: number; readonly waitMs: number }>>;

/** Begins; gives what ends it. */
export function tellProgress(nodes: readonly ManagedNode[], logger: Logger): () => void {
  const told: Told = new Map();
  const timer = setInterval(() => {
    for (const { name, running } of nodes) {
      for (const tunnel of running.status().tunnels) tell(told, name, { tunnel, logger });
    }
  }, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}

function tell(told: Told, node: string, { tunnel, logger }: { tunnel: TunnelStatus; logger: Logger }): void {
  const { name, state, progress } = tunnel;
  const key = `${node}/${name}`;
  if (state === 'established' || state === 'draining') return void told.delete(key);
  const text = progress === undefined || progress === '' ? state : progress;
  const texts: NonNullable<ReturnType<Told['get']>> = told.get(key) ?? new Map();
  const before = texts.get(text);
  const now = performance.now();
  if (before !== undefined && now < before.from) return;
  const waitMs = before === undefined ? REPEAT_AFTER_MS : Math.min(REPEAT_AT_LEAST_MS, before.waitMs * 2);
  told.set(key, texts.set(text, { from: now + waitMs, waitMs }));
  logger.info({ node, tunnel: name }, text);
}
