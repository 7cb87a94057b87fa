import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { ServiceStatus } from '@lstp/core';
import { waitForNode } from '../control/find-node.js';
import { UsageError } from '../exit-status.js';
import { loadChainOf } from '../load-chains.js';
import { displayOf, type X11ServiceOptions } from '../x11-service.js';

/** As env(1) and shells say it of a program. */
const NOT_FOUND = 127;
const NOT_STARTED = 126;
const BY_SIGNAL = 128;
/** What who starts us may send. A terminal sends the others to the program itself. */
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
const OF_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;

export interface X11RunOptions extends X11ServiceOptions {
  readonly as: string;
  /** Seconds. */
  readonly wait: number;
}

/** `lstp x11 run`: runs a program whose windows are at the other end. Its exit status is ours; 128 and the signal's number if one ended it. */
export async function x11Run(file: string, command: readonly string[], options: X11RunOptions): Promise<number> {
  const chain = await loadChainOf(file, options.as);
  const { status } = await waitForNode({ node: options.as, chain }, options.wait * 1000);
  const { environment } = displayOf(status, options);
  return run(command, environment);
}

async function run([program = '', ...args]: readonly string[], environment: NonNullable<ServiceStatus['environment']>): Promise<number> {
  if (program === '') throw new UsageError('which program? write it behind `--`: lstp x11 run chain.yaml --as desk -- xterm');
  // Toolkits would rather show their windows on the Wayland desktop here, if they knew of it.
  const { WAYLAND_DISPLAY: _wayland, ...env } = process.env;
  let child: ChildProcess | undefined;
  // Before there is anything to pass them on to: a signal in between would end us and leave the program behind.
  const stop = onSignals((signal) => void child?.kill(signal));
  try {
    child = spawn(program, args, { stdio: 'inherit', env: { ...env, ...environment } });
    return await statusOf(child);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    process.stderr.write(`lstp: ${program}: ${code === 'ENOENT' ? 'there is no such program' : (error as Error).message}\n`);
    return code === 'ENOENT' ? NOT_FOUND : NOT_STARTED;
  } finally {
    stop();
  }
}

function statusOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 0) : BY_SIGNAL + constants.signals[signal]));
  });
}

/** Gives what ends it. */
function onSignals(pass: (signal: NodeJS.Signals) => void): () => void {
  const stay = (): void => {};
  const ofTerminal = process.stdin.isTTY ? stay : pass;
  for (const signal of PASSED_ON) process.on(signal, pass);
  for (const signal of OF_TERMINAL) process.on(signal, ofTerminal);
  return () => {
    for (const signal of PASSED_ON) process.off(signal, pass);
    for (const signal of OF_TERMINAL) process.off(signal, ofTerminal);
  };
}
