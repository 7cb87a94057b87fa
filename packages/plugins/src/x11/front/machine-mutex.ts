/**
 * One at a time on this machine: a name of Linux's abstract namespace, which the kernel frees with the process, so that
 * nothing can be left behind. Elsewhere there is none, and whoever comes does the work.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Resolves with `busy` at once where somebody else, or this process, is at it. Rejects with what `work` rejects with. */
export async function oneAtATime<T>(name: string, work: () => Promise<T>): Promise<T | 'busy'> {
  if (process.platform !== 'linux') return work();
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen({ path: `\0lstp ${name}` });
    await once(server, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return 'busy';
    throw error;
  }
  try {
    return await work();
  } finally {
    server.close();
  }
}
