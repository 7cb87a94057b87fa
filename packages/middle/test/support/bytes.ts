/** Reading sockets in tests: exact amounts, to the end, or to the reset. */
import { once } from 'node:events';
import type { Socket } from 'node:net';

/** The next `length` bytes. */
export async function take(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes !== null) return bytes;
    if (socket.readableEnded || socket.destroyed) throw new Error(`the socket ended before ${length} bytes had come`);
    await Promise.race([once(socket, 'readable'), once(socket, 'end'), once(socket, 'close')]);
  }
}

/** Everything up to the end; the socket stays half open. */
export function takeAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('end', () => resolve(Buffer.concat(chunks)));
    socket.once('close', () => reject(new Error('the socket was closed before its end')));
    socket.resume();
  });
}

/** Resolves with how the socket ended: `end`, or the code of its error. */
export function ending(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('end')).once('close', () => resolve('closed'));
    socket.resume();
  });
}
