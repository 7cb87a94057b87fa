/** A client's connection to a chain's entrance. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { askProxy } from './proxy-handshake.js';
import type { Proxy } from './wire.js';

/** Resolves when connected, behind a proxy to what it was asked for; half-open, without delay. */
export async function dial(port: number, proxy?: Proxy): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  await once(socket, 'connect');
  // An error closes the socket; untilClosed() tells it.
  socket.on('error', () => undefined);
  if (proxy !== undefined) await askProxy(socket, proxy);
  return socket;
}

/** Resolves when the socket has closed; rejects when it closed by an error. */
export async function untilClosed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, 'close');
  if (socket.errored) throw socket.errored;
}
