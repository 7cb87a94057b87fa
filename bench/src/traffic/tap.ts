/** A listener on the way that passes everything and looks for the marker: it sees what a middle sees. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { pipeline, Transform } from 'node:stream';
import type { Scope } from '../process/scope.js';
import { MARKER } from './pattern.js';

export interface Tap {
  /** To be dialed instead of the tapped port. */
  readonly port: number;
  readonly bytes: () => number;
  readonly sawMarker: () => boolean;
}

export async function startTap(scope: Scope, target: number): Promise<Tap> {
  const seen = { bytes: 0, marker: false };
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    for (const socket of [near, far]) sockets.add(socket.on('close', () => sockets.delete(socket)));
    for (const [from, to] of [[near, far], [far, near]] as const) pipeline(from, watch(seen), to, () => to.destroySoon());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  scope.own({ dispose: async () => close(), abandon: close });
  return { port: (server.address() as AddressInfo).port, bytes: () => seen.bytes, sawMarker: () => seen.marker };
}

/** Passes chunks on; a marker may lie across two of them. */
function watch(seen: { bytes: number; marker: boolean }): Transform {
  let tail = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const both = Buffer.concat([tail, chunk]);
      seen.bytes += chunk.length;
      seen.marker ||= both.includes(MARKER);
      tail = both.subarray(Math.max(0, both.length - MARKER.length + 1));
      done(null, chunk);
    },
  });
}
