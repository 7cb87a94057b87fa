import type { NodeStatus } from '@lstp/core';
import { createLogger, type LogFormat, type LogLevel } from '@lstp/core/observe';
import { UsageError } from '../exit-status.js';
import { ManagedNode } from '../node/managed-node.js';
import { planAll, planOne } from '../node/plan.js';
import { runNodes } from '../node/run-nodes.js';
import { shellWord } from '../shell-word.js';

export interface UpOptions {
  readonly as?: string;
  readonly all?: true;
  readonly keys?: string;
  readonly direct?: true;
  /** Seconds. */
  readonly drain: number;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
}

/** `lstp up`: this process is the node (or, with --all, all of them) until a signal. */
export async function up(files: readonly string[], options: UpOptions): Promise<number> {
  checkUsage(options);
  const logger = await createLogger({ level: options.logLevel, ...(options.logFormat === undefined ? {} : { format: options.logFormat }) });
  const plans = options.as === undefined ? await planAll(files, options, logger) : [await planOne(files, { ...options, as: options.as }, logger)];
  const nodes = await Promise.all(plans.map((plan) => ManagedNode.make(plan)));
  return runNodes(nodes, {
    logger,
    drainMs: options.drain * 1000,
    onReady: () => {
      for (const { name, running } of nodes) process.stdout.write(`lstp: ${name} ready\n${environmentLines(running.status())}`);
    },
    onEstablished: () => {
      if (options.all) process.stdout.write('lstp: all ready\n');
    },
  });
}

/** What people set for programs that are to use a service: `lstp: desk: x: DISPLAY=:10 XAUTHORITY=~/.Xauthority`. */
function environmentLines({ node, tunnels }: NodeStatus): string {
  const all = tunnels.flatMap(({ services }) => services).filter(({ environment }) => environment !== undefined);
  return all.map(({ name, environment = {} }) => `lstp: ${node}: ${name}: ${Object.entries(environment).map(([key, value]) => `${key}=${shellWord(value)}`).join(' ')}\n`).join('');
}

function checkUsage({ as, all, direct }: UpOptions): void {
  if (as !== undefined && all) throw new UsageError('--as runs one node, --all runs every node: use one of them');
  if (as === undefined && !all) throw new UsageError('which node? `--as NODE` runs one, `--all` runs every node of the file on this machine');
  if (direct && !all) throw new UsageError('--direct is for --all only; what a node uses to get out stands in its `egress`');
}
