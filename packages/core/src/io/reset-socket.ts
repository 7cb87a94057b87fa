/** A TCP reset at any time. Specification of what Node leaves out: libuv's uv_tcp_close_reset(). */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/**
 * Ends a TCP connection so that the other side sees a break, not an orderly end. Any moment will do, any number of times.
 *
 * While a FIN is on its way to the kernel libuv refuses to reset; Node then never closes the handle, 'close' never comes,
 * and the process spins at its exit. So that moment is waited for. What is no TCP socket itself, TLS or a WebSocket,
 * is destroyed: its other side misses the orderly end that belongs to it.
 */
export function resetSocket(socket: Duplex): void {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket) return void socket.destroy();
  const isEnding = socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished;
  if (isEnding && !socket.destroyed) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
