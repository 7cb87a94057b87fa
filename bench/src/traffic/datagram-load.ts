/** The client's side of datagrams: so many a second, each numbered, its pattern beginning at its number. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { patternAt } from './pattern.js';
import type { DatagramLoad } from './wire.js';

const BUFFER_BYTES = 4 * 1024 * 1024;
/** What is overdue after a pause of the machine does not all come at once: that would measure the pause. */
const MOST_AT_ONCE = 256;

/** Resolves with the number sent, when the time is over. */
export async function sendDatagrams({ port, rate, seconds, bytes }: DatagramLoad): Promise<number> {
  // A literal address needs no look-up, which would cost a turn of the loop for each datagram.
  const socket = createSocket({ type: 'udp4', lookup: (address, _options, callback) => callback(null, address, 4) });
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.setSendBufferSize(BUFFER_BYTES);
  try {
    return await sendFor(socket, { port, rate, seconds, bytes });
  } finally {
    socket.close();
  }
}

function sendFor(socket: Socket, { rate, seconds, bytes }: DatagramLoad): Promise<number> {
  return new Promise((resolve) => {
    const started = performance.now();
    let [sent, skipped] = [0, 0];
    const go = (): void => {
      const elapsed = (performance.now() - started) / 1000;
      if (elapsed >= seconds) return resolve(sent);
      const due = Math.floor(elapsed * rate) - sent - skipped;
      skipped += Math.max(0, due - MOST_AT_ONCE);
      for (let count = Math.min(due, MOST_AT_ONCE); count > 0; count -= 1) {
        const datagram = Buffer.allocUnsafe(bytes);
        datagram.writeUInt32BE(sent, 0);
        patternAt(sent, bytes - 4).copy(datagram, 4);
        socket.send(datagram);
        sent += 1;
      }
      setImmediate(go);
    };
    go();
  });
}
