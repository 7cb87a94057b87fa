/** The server's side of datagrams: counts the different ones of a run, and compares every byte. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isPattern } from './pattern.js';
import { ECHO } from './wire.js';

const BUFFER_BYTES = 4 * 1024 * 1024;

export class DatagramCounter {
  #seen = new Set<number>();
  #isWrong = false;

  /** The port. */
  async listen(): Promise<number> {
    const socket = createSocket('udp4');
    socket.on('message', (datagram, { port, address }) => {
      if (datagram.length === 1 && datagram[0] === ECHO) socket.send(datagram, port, address);
      else this.#count(datagram);
    });
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.setRecvBufferSize(BUFFER_BYTES);
    return socket.address().port;
  }

  /** Throws when any datagram was not what was sent. */
  take(): number {
    if (this.#isWrong) throw new Error('a datagram had wrong bytes, or came twice');
    const count = this.#seen.size;
    this.#seen = new Set();
    return count;
  }

  #count(datagram: Buffer): void {
    const number = datagram.readUInt32BE(0);
    if (this.#seen.has(number) || !isPattern(datagram.subarray(4), number)) this.#isWrong = true;
    this.#seen.add(number);
  }
}
