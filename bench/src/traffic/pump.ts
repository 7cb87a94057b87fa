/** Writes the pattern into a socket as fast as it takes it, until somebody ends the socket. */
import type { Socket } from 'node:net';
import type { Meter } from './meter.js';
import { patternAt, WRITE_BYTES } from './pattern.js';

/** Starts at `start` of the pattern. `socket.end()` stops it behind what was written. */
export function pump(socket: Socket, start: number, meter: Meter): void {
  let position = start;
  const fill = (): void => {
    while (socket.writable && !socket.writableNeedDrain) {
      socket.write(patternAt(position, WRITE_BYTES));
      position += WRITE_BYTES;
      meter.sent += WRITE_BYTES;
    }
  };
  socket.on('drain', fill);
  fill();
}
