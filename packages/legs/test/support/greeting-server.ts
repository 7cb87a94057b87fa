/** A server that speaks first, as a node does, and then gives back what it gets. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export const GREETING = Buffer.from('HELLO_a of a node, which speaks first');

export interface GreetingServer {
  readonly port: number;
  /** Connections so far. */
  readonly count: number;
  stop(): Promise<void>;
}

/** On IPv4 and IPv6 of this machine: proxies take either for `localhost`. */
export async function greetingServer(): Promise<GreetingServer> {
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    count += 1;
    open.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    socket.write(GREETING);
    socket.pipe(socket);
  });
  server.listen(0);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get count() {
      return count;
    },
    stop: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
