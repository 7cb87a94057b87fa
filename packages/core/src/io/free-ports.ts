import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Below those that any system gives to outgoing connections (Linux from 32768, others from 49152): one of these would be
 * somebody's before it is listened on.
 */
const PORTS = { from: 20_000, to: 32_768 } as const;
/** Taken ones in a row, as good as all of them. */
const MOST_TRIES = 1000;

/** Those that this process was given may not be listened on yet, or for a while. */
const given = new Set<number>();

/** `count` different ports of loopback that nobody listens on now, for programs that must be told theirs. Seldom one that was given before. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>();
  if (given.size > (PORTS.to - PORTS.from) / 2) given.clear();
  for (let tries = 0; servers.size < count; tries += 1) {
    if (tries > MOST_TRIES + count) throw new Error(`no port of loopback is free between ${PORTS.from} and ${PORTS.to}`);
    const port = randomInt(PORTS.from, PORTS.to);
    const server = given.has(port) ? undefined : await listenAtLoopback(port).catch(() => undefined);
    if (server === undefined) continue;
    servers.set(port, server);
    given.add(port);
  }
  await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...servers.keys()];
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** Rejects with the system's error where `port` of loopback is taken, or not this user's to take. */
export async function checkPortFree(port: number): Promise<void> {
  const server = await listenAtLoopback(port);
  await new Promise((resolve) => server.close(resolve));
}

function listenAtLoopback(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
