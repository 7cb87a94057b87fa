/** The life of `lstp up` and `lstp trial`: start, ready, work until a signal, drain. */
import type { Logger } from 'pino';
import { EXIT } from '../exit-status.js';
import type { ManagedNode } from './managed-node.js';
import { tellProgress } from './progress.js';
import { nextSignal, onHangUp } from './signals.js';

export interface RunOptions {
  readonly logger: Logger;
  readonly drainMs: number;
  /** Called when every listener accepts. */
  readonly onReady: () => void;
  /** Called when every tunnel is established. */
  readonly onEstablished: () => void;
}

/** Resolves with the exit status after a signal. Rejects, with everything stopped, when a node cannot start. */
export async function runNodes(nodes: readonly ManagedNode[], { logger, drainMs, onReady, onEstablished }: RunOptions): Promise<number> {
  const signal = nextSignal();
  const endHangUp = onHangUp(() => void Promise.allSettled(nodes.map((node) => node.reload())));
  try {
    await startAll(nodes);
    onReady();
    const endProgress = tellProgress(nodes, logger);
    void Promise.all(nodes.map(({ running }) => running.established())).then(onEstablished, () => {});
    logger.info({ signal: await signal }, `draining for up to ${drainMs / 1000} s; a second signal ends at once`);
    endProgress();
    return await drainAll(nodes, drainMs);
  } finally {
    endHangUp();
  }
}

/** All or none; rejects with what is wrong with each. */
async function startAll(nodes: readonly ManagedNode[]): Promise<void> {
  const results = await Promise.allSettled(nodes.map((node) => node.start()));
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
  if (reasons.length === 0) return;
  await Promise.allSettled(nodes.map((node) => node.stop()));
  throw reasons.length === 1 ? reasons[0] : new AggregateError(reasons, reasons.map(({ message }) => message).join('\n'));
}

/** 0 when drained; 128 and the signal's number, as shells count, when a second one cut it short. */
async function drainAll(nodes: readonly ManagedNode[], drainMs: number): Promise<number> {
  const second = nextSignal();
  const drained = Promise.all(nodes.map((node) => node.drain(drainMs)));
  const cut = await Promise.race([drained.then(() => undefined), second]);
  if (cut === undefined) return EXIT.done;
  drained.catch(() => {});
  await Promise.allSettled(nodes.map((node) => node.stop()));
  return cut === 'SIGINT' ? 130 : 143;
}
