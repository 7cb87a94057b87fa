/** What tunnels that are being built wait for, told in the log: at once when it changes, and again while it lasts. */
import type { Logger } from 'pino';
import type { TunnelStatus } from '@lstp/core';
import type { ManagedNode } from './managed-node.js';

const LOOK_EVERY_MS = 500;
const REPEAT_AFTER_MS = 30_000;

/** Begins; gives what ends it. */
export function reportProgress(nodes: readonly ManagedNode[], logger: Logger): () => void {
  const told = new Map<string, { text: string; at: number }>();
  const look = (): void => {
    for (const { name, running } of nodes) {
      for (const tunnel of running.status().tunnels) tell(told, tunnel, logger.child({ node: name, tunnel: tunnel.name }));
    }
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}

function tell(told: Map<string, { text: string; at: number }>, tunnel: TunnelStatus, logger: Logger): void {
  const key = `${logger.bindings()['node']}/${tunnel.name}`;
  if (tunnel.state === 'established' || tunnel.state === 'draining') return void told.delete(key);
  const text = tunnel.progress ?? tunnel.state;
  const before = told.get(key);
  const now = performance.now();
  if (before?.text === text && now - before.at < REPEAT_AFTER_MS) return;
  told.set(key, { text, at: now });
  logger.info(text);
}
