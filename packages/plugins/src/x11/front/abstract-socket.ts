/**
 * Whether a socket in Linux's abstract namespace has the name that X clients look for. Older Node.js fills the name up to
 * the length of sun_path with NULs, which is another name.
 */
import { readFile } from 'node:fs/promises';

/** Of a socket that this process has just opened; `path` begins with `@`. */
export async function isFoundByClients(path: string): Promise<boolean> {
  const table = await readFile('/proc/net/unix', 'latin1').catch(() => undefined);
  return table === undefined || table.split('\n').some((line) => line.endsWith(` ${path}`));
}
