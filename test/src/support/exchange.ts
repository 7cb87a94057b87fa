import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** To `host:port` or `unix:/path`. */
export function connectTo(address: string): Socket {
  if (address.startsWith('unix:')) return connect({ path: address.slice('unix:'.length), allowHalfOpen: true });
  const colon = address.lastIndexOf(':');
  return connect({ host: address.slice(0, colon), port: Number(address.slice(colon + 1)), allowHalfOpen: true });
}

export interface Exchanged {
  /** SHA-256, hex. */
  readonly sent: string;
  readonly received: string;
}

/** Sends `length` random bytes and the end, and reads to the end. */
export async function exchange(address: string, length: number): Promise<Exchanged> {
  const socket = connectTo(address);
  const bytes = randomBytes(length);
  socket.end(bytes);
  const hash = createHash('sha256');
  for await (const chunk of socket as AsyncIterable<Buffer>) hash.update(chunk);
  return { sent: createHash('sha256').update(bytes).digest('hex'), received: hash.digest('hex') };
}
