/** Loads of single bytes: connections by the second, round trips, connections that are held. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { dial, untilClosed } from './dial.js';
import { ECHO, type Calls, type Mark, type Proxy } from './wire.js';

/** Opens under way at once while connections are being held. */
const OPENING_AT_ONCE = 32;

/** Connect, a byte each way, close; `concurrency` at once, for `seconds`. Counts what closed in order. */
export async function makeConnections({ port, concurrency, seconds }: Calls['connections']['parameters']): Promise<Mark> {
  const started = performance.now();
  let bytes = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - started < seconds * 1000) {
      const socket = await dialEcho(port);
      socket.end();
      await untilClosed(socket);
      bytes += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { bytes, seconds: (performance.now() - started) / 1000 };
}

/** From connect() to the first byte that came back, `count` times, one connection after the other. Microseconds each. */
export async function measureOpenings({ port, count, proxy }: Calls['openings']['parameters']): Promise<number[]> {
  const microseconds: number[] = [];
  while (microseconds.length < count) {
    const started = performance.now();
    const socket = await dialEcho(port, proxy);
    microseconds.push((performance.now() - started) * 1000);
    socket.end();
    await untilClosed(socket);
  }
  return microseconds;
}

/** One byte there and back, one after the other on one connection: `count` times, or until `seconds` are over. Microseconds each. */
export async function measureRoundTrips({ port, count, seconds }: Calls['roundTrips']['parameters']): Promise<number[]> {
  const socket = await dialEcho(port);
  const byte = Buffer.of(ECHO);
  const microseconds: number[] = [];
  const until = performance.now() + seconds * 1000;
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    const ping = (): void => {
      sent = performance.now();
      socket.write(byte);
    };
    socket.on('data', () => {
      microseconds.push((performance.now() - sent) * 1000);
      if (microseconds.length === count || performance.now() > until) resolve();
      else ping();
    });
    socket.once('close', () => reject(new Error(`closed after ${microseconds.length} of ${count} round trips`)));
    ping();
  });
  socket.end();
  await untilClosed(socket);
  return microseconds;
}

/** A byte there and back, over and over, on each of `count` connections at once. Counts what came back within `seconds`. */
export async function measureEchoes({ port, count, seconds }: Calls['echoes']['parameters']): Promise<Mark> {
  const sockets = await Promise.all(Array.from({ length: count }, () => dialEcho(port)));
  const byte = Buffer.of(ECHO);
  const started = performance.now();
  let bytes = 0;
  for (const socket of sockets) {
    socket.on('data', () => {
      bytes += 1;
      socket.write(byte);
    });
    socket.write(byte);
  }
  await pause(seconds * 1000);
  const mark = { bytes, seconds: (performance.now() - started) / 1000 };
  await Promise.all(
    sockets.map((socket) => {
      socket.removeAllListeners('data').resume().end();
      return untilClosed(socket);
    }),
  );
  return mark;
}

/** Opens `count` connections that have carried a byte each way. Gives what closes them all. */
export async function holdConnections({ port, count }: Calls['hold']['parameters']): Promise<() => Promise<void>> {
  const held: Socket[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      held.push(await dialEcho(port));
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, worker));
  return async () => {
    await Promise.all(
      held.map((socket) => {
        socket.end();
        return untilClosed(socket);
      }),
    );
  };
}

/** A connection on which the first byte has come back; it reads on. */
async function dialEcho(port: number, proxy?: Proxy): Promise<Socket> {
  const socket = await dial(port, proxy);
  socket.on('end', () => socket.end());
  socket.write(Buffer.of(ECHO));
  const lost = (): void => {
    socket.destroy(new Error('closed before the first byte came back'));
  };
  socket.once('end', lost);
  await once(socket, 'data');
  socket.off('end', lost);
  return socket;
}
