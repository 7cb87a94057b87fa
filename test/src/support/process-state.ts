/** What a process holds, as Linux tells it (proc(5)). */
import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** Why this machine cannot tell; undefined where it can. */
export function whyNoProcessState(): string | undefined {
  return existsSync('/proc/self/smaps_rollup') ? undefined : 'there is no /proc/PID/smaps_rollup here';
}

export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Memory of its own and its part of what it shares, in MiB. */
export function memoryMiB(pid: number): number {
  const found = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
  return Math.round(Number(found?.[1]) / 1024);
}
