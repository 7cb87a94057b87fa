/** lstp with a udp service. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Child } from '../process/child.js';
import { ECHO } from '../traffic/wire.js';
import type { Adapter } from './adapter.js';
import { lstpWith } from './lstp.js';

const RETRY_MS = 50;
const DEADLINE_MS = 20_000;

export const lstpUdp: Adapter = lstpWith({ name: 'lstp', keys: 'plugin: udp', ready: untilDatagramsEcho });

async function untilDatagramsEcho(port: number, children: readonly Child[]): Promise<void> {
  const socket = createSocket('udp4');
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const ask = setInterval(() => socket.send(Buffer.of(ECHO)), RETRY_MS);
  // A refusal means that nobody listens yet.
  socket.on('error', () => {});
  try {
    const signal = AbortSignal.timeout(DEADLINE_MS);
    await new Promise<void>((resolve, reject) => {
      socket.once('message', () => resolve());
      signal.onabort = () => reject(new Error(`no datagram comes back on port ${port} (${children.map(({ name }) => name).join(', ')}) after ${DEADLINE_MS} ms`));
    });
  } finally {
    clearInterval(ask);
    socket.close();
  }
}
