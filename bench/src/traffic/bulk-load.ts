/** Streams of pattern through a chain, as many and in the direction that is asked for. */
import type { Socket } from 'node:net';
import { dial, untilClosed } from './dial.js';
import type { Meter } from './meter.js';
import { pump } from './pump.js';
import { BULK_HEADER_BYTES, DOWNLOAD, STOP, UPLOAD, type Calls, type Direction } from './wire.js';

interface Stream {
  stop(): void;
  readonly closed: Promise<void>;
}

/** Streams start at different places of the pattern, so that bytes of one in another show. */
const START_STEP = 65_537;

export class BulkLoad {
  readonly #meter: Meter;
  #streams: readonly Stream[] = [];

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  async start({ port, streams, direction, proxy }: Calls['startBulk']['parameters']): Promise<void> {
    const sockets = await Promise.all(Array.from({ length: streams }, () => dial(port, proxy)));
    this.#streams = sockets.map((socket, index) => this.#startStream(socket, START_STEP * index, direction));
  }

  /** Ends every stream in order and waits until the far end has ended too. */
  async finish(): Promise<void> {
    for (const stream of this.#streams) stream.stop();
    await Promise.all(this.#streams.map(({ closed }) => closed));
    this.#streams = [];
  }

  #startStream(socket: Socket, start: number, direction: Direction): Stream {
    const closed = untilClosed(socket);
    // finish() reports it; until then nobody waits.
    closed.catch(() => undefined);
    socket.on('end', () => socket.end());
    const header = Buffer.alloc(BULK_HEADER_BYTES);
    header.writeUInt8(direction === 'up' ? UPLOAD : DOWNLOAD);
    header.writeUInt32BE(start, 1);
    socket.write(header);
    const stop = direction === 'up' ? this.#send(socket, start) : this.#receive(socket, start);
    return { stop, closed };
  }

  #send(socket: Socket, start: number): () => void {
    socket.resume();
    pump(socket, start, this.#meter);
    return () => socket.end();
  }

  #receive(socket: Socket, start: number): () => void {
    let position = start;
    socket.on('data', (chunk: Buffer) => {
      this.#meter.receive(chunk, position);
      position += chunk.length;
    });
    return () => socket.write(Buffer.of(STOP));
  }
}
