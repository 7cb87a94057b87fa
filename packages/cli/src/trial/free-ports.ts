import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Below those that any system gives to outgoing connections (Linux from 32768, others from 49152): one of these would be
 * somebody's before it is listened on.
 */
const PORTS = { from: 20_000, to: 32_768 } as const;
/** Taken ones in a row, as good as all of them. */
const MOST_TRIES = 1000;

/** `count` different ports of loopback that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>();
  for (let tries = 0; servers.size < count; tries += 1) {
    if (tries > MOST_TRIES + count) throw new Error(`no port of loopback is free between ${PORTS.from} and ${PORTS.to}`);
    const port = randomInt(PORTS.from, PORTS.to);
    const server = servers.has(port) ? undefined : await listenOn(port).catch(() => undefined);
    if (server !== undefined) servers.set(port, server);
  }
  await Promise.all([...servers.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...servers.keys()];
}

/** Rejects with a message that names the remedy when `port` of loopback is taken or not ours to take. */
export async function checkFree(port: number): Promise<void> {
  try {
    const server = await listenOn(port);
    await new Promise((resolve) => server.close(resolve));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code === 'EADDRINUSE' ? 'another program listens there' : code === 'EACCES' ? 'this user may not listen there' : message;
    const other = `--port ${port === 8081 ? 8082 : 8081}`;
    const command = process.env['npm_lifecycle_event'] === 'start' ? `npm start -- ${other}` : `lstp trial ${other}`;
    throw Object.assign(new Error(`127.0.0.1:${port}: ${what}; choose another port: \`${command}\``), { code: 'ERR_LSTP_ADDRESS_IN_USE' });
  }
}

function listenOn(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
