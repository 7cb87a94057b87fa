/**
 * Program: the real server behind a chain. The first byte of a connection says what it does (wire.ts).
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { DatagramCounter } from './datagram-counter.js';
import { Meter } from './meter.js';
import { pump } from './pump.js';
import { serveCalls } from './serve-calls.js';
import { BULK_HEADER_BYTES, DOWNLOAD, ECHO, UPLOAD } from './wire.js';

const meter = new Meter();
const datagrams = new DatagramCounter();
const server = createServer({ noDelay: true, allowHalfOpen: true }, serve);

serveCalls({
  listen: async () => {
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  listenDatagrams: () => datagrams.listen(),
  countDatagrams: () => datagrams.take(),
  mark: () => meter.mark(),
  totals: () => meter.takeTotals(),
});

function serve(socket: Socket): void {
  socket.on('error', () => socket.destroy());
  let head: Buffer = Buffer.alloc(0);
  const begin = (chunk: Buffer): void => {
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    if (head[0] !== ECHO && head.length < BULK_HEADER_BYTES) return;
    socket.off('data', begin);
    serveKind(socket, head);
  };
  socket.on('data', begin);
  socket.on('end', () => socket.end());
}

function serveKind(socket: Socket, head: Buffer): void {
  if (head[0] === ECHO) return serveEcho(socket, head);
  const start = head.readUInt32BE(1);
  if (head[0] === UPLOAD) return serveUpload(socket, start, head.subarray(BULK_HEADER_BYTES));
  if (head[0] === DOWNLOAD) return serveDownload(socket, start);
  socket.destroy();
}

function serveEcho(socket: Socket, first: Buffer): void {
  socket.on('data', (chunk: Buffer) => socket.write(chunk));
  socket.write(first);
}

function serveUpload(socket: Socket, start: number, first: Buffer): void {
  let position = start;
  const take = (chunk: Buffer): void => {
    meter.receive(chunk, position);
    position += chunk.length;
  };
  socket.on('data', take);
  take(first);
}

/** Any further byte is STOP. */
function serveDownload(socket: Socket, start: number): void {
  pump(socket, start, meter);
  socket.once('data', () => socket.end());
}
