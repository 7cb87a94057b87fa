/**
 * What /proc says of a process and everything below it. Linux only.
 *
 * Programs that fork (sshd, ssh -J) are counted with their children; CPU time of children that have ended
 * and been reaped is in their parent's account, so a tree's total never goes back.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  /** User and system time so far. */
  readonly cpuSeconds: number;
  /** Memory that is in RAM now. */
  readonly residentBytes: number;
}

/** A process as `/proc/PID/stat` shows it. `startedTicks` tells it from a later one of the same number. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly startedTicks: number;
  readonly cpuTicks: number;
  readonly residentPages: number;
  readonly zombie: boolean;
}

/** USER_HZ and the page size are fixed by the Linux ABI on the machines Node runs on. */
const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4096;

/** `pid` and all its descendants that live now, parents first. Empty when `pid` is gone. */
export function processTree(pid: number): ProcessEntry[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (readEntry(Number(name)) ?? []) : []));
  const tree = all.filter((entry) => entry.pid === pid);
  for (const parent of tree) tree.push(...all.filter((entry) => entry.parent === parent.pid));
  return tree;
}

/** The sum over the trees below `pids`. */
export function usageOf(pids: readonly number[]): Usage {
  const entries = pids.flatMap((pid) => processTree(pid));
  return {
    cpuSeconds: entries.reduce((sum, entry) => sum + entry.cpuTicks, 0) / TICKS_A_SECOND,
    residentBytes: entries.reduce((sum, entry) => sum + entry.residentPages, 0) * PAGE_BYTES,
  };
}

/** Whether this very process (not a later one with its number) still runs. */
export function isAlive(entry: ProcessEntry): boolean {
  const now = readEntry(entry.pid);
  return now !== undefined && now.startedTicks === entry.startedTicks && !now.zombie;
}

/** Fields by their number in proc(5): after the name, which may hold blanks and brackets, comes field 3. */
function readEntry(pid: number): ProcessEntry | undefined {
  const text = readStat(pid);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    startedTicks: field(22),
    cpuTicks: field(14) + field(15) + field(16) + field(17),
    residentPages: field(24),
    zombie: fields[0] === 'Z',
  };
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined; // ended between the listing and the reading
  }
}
