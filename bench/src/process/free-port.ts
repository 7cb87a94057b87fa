/** Ports for programs that cannot choose one themselves and say which. */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';

const given = new Set<number>();

/** A loopback TCP port that nothing listens on now, and that this run has not given out before. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  if (given.has(port)) return freePort();
  given.add(port);
  return port;
}
