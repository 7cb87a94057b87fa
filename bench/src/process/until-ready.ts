/** Readiness of other people's programs, found out by connecting: they announce nothing. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from './child.js';

const RETRY_MS = 20;
const DEADLINE_MS = 20_000;

export interface Probe {
  readonly port: number;
  /** Written after connecting; nothing if empty. */
  readonly say: string;
  /** How many bytes must come. */
  readonly hear: number;
}

/** Resolves when the probe succeeds. Rejects when one of `children` ends, or after 20 s. */
export async function untilReady(probe: Probe, children: readonly Child[]): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await attempt(probe))) {
    const dead = children.find(({ obituary }) => obituary !== undefined);
    if (dead !== undefined) throw new Error(`nothing answers on port ${probe.port}: ${dead.obituary}`);
    if (performance.now() > deadline) throw new Error(`nothing answers on port ${probe.port} (${children.map(({ name }) => name).join(', ')}) after ${DEADLINE_MS} ms`);
    await pause(RETRY_MS);
  }
}

function attempt({ port, say, hear }: Probe): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    let heard = 0;
    const settle = (success: boolean): void => {
      socket.destroy();
      resolve(success);
    };
    socket.on('connect', () => {
      if (hear === 0) settle(true);
      else if (say !== '') socket.write(say);
    });
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.length;
      if (heard >= hear) settle(true);
    });
    socket.setTimeout(DEADLINE_MS, () => settle(false));
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
  });
}
