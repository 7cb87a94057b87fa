/** One thing that a plugin must do, for any test runner: `for (const { title, run } of checks) it(title, run)`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handlesSince, openHandles, until } from '@lstp/core/testing';
import type { Place } from './sample.js';

export interface Check {
  /** What the plugin does: `front end: frees its address when it stops`. */
  readonly title: string;
  /** Resolves when it does. Rejects with what it does instead. */
  run(): Promise<void>;
}

/** For whatever a plugin is awaited. */
const DEADLINE_MS = 15_000;

/** Checks of one role; each has a folder of its own, and leaves neither a file nor a handle behind. */
export function checksOf(role: string, runs: Readonly<Record<string, (place: Place) => Promise<void>>>): Check[] {
  return Object.entries(runs).map(([title, run]) => ({ title: `${role}: ${title}`, run: () => inPlace(run) }));
}

/** Rejects when `promise` has not settled in time. */
export async function within<T>(what: string, promise: Promise<T>, deadlineMs = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${deadlineMs / 1000} s: ${what}`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function inPlace(run: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'lstp-conformance-'));
  const before = openHandles();
  try {
    await run({ folder, listen: '127.0.0.1:0', to: '127.0.0.1:9' });
    await until('nothing is left open', () => handlesSince(before).length === 0).catch(() => {
      throw new Error(`left open: ${handlesSince(before).join(', ')}`);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
