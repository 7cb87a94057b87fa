/** What an application says to a SOCKS 5 server (RFC 1928) or an HTTP proxy (RFC 9110, CONNECT) before its own bytes. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Proxy } from './wire.js';

export interface Exchange {
  readonly say: Buffer;
  /** Length of the answer with which `heard` begins; undefined while it is not whole. Throws when the answer is no. */
  answerLength(heard: Buffer): number | undefined;
}

const LOOPBACK = Buffer.of(127, 0, 0, 1);
/** Of a SOCKS address, by its type: behind version, reply, reserved byte and type; the port follows. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 4: 16 };

/** One after the other: each waits for the answer to the one before. */
export function exchangesOf({ speaks, target }: Proxy): readonly Exchange[] {
  return speaks === 'socks' ? [{ say: Buffer.of(5, 1, 0), answerLength: methodLength }, { say: socksConnect(target), answerLength: replyLength }] : [{ say: httpConnect(target), answerLength: headLength }];
}

/** Resolves when the proxy has connected. Rejects when it refuses, closes, or sends what nobody has asked for. */
export async function askProxy(socket: Socket, proxy: Proxy): Promise<void> {
  for (const { say, answerLength } of exchangesOf(proxy)) {
    socket.write(say);
    let heard = await hear(socket, proxy);
    let length = answerLength(heard);
    while (length === undefined) {
      heard = Buffer.concat([heard, await hear(socket, proxy)]);
      length = answerLength(heard);
    }
    // The server behind it never speaks first.
    if (heard.length > length) throw new Error(`${proxy.speaks}: ${heard.length - length} bytes behind the answer`);
  }
}

async function hear(socket: Socket, { speaks }: Proxy): Promise<Buffer> {
  const lost = (): void => {
    socket.destroy(new Error(`${speaks}: closed before it answered`));
  };
  socket.once('end', lost);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.off('end', lost);
  return chunk;
}

function socksConnect(target: number): Buffer {
  const port = Buffer.alloc(2);
  port.writeUInt16BE(target);
  return Buffer.concat([Buffer.of(5, 1, 0, 1), LOOPBACK, port]);
}

function methodLength(heard: Buffer): number | undefined {
  if (heard.length < 2) return undefined;
  if (heard[0] !== 5 || heard[1] !== 0) throw new Error(`socks: version ${heard[0]}, method ${heard[1]} instead of 5 and 0`);
  return 2;
}

function replyLength(heard: Buffer): number | undefined {
  if (heard.length < 4) return undefined;
  if (heard[0] !== 5 || heard[1] !== 0) throw new Error(`socks: version ${heard[0]}, reply ${heard[1]} instead of 5 and 0`);
  const address = ADDRESS_BYTES[heard[3] ?? 0];
  if (address === undefined) throw new Error(`socks: reply with an address of type ${heard[3]} instead of 1 or 4`);
  const length = 4 + address + 2;
  return heard.length < length ? undefined : length;
}

function httpConnect(target: number): Buffer {
  return Buffer.from(`CONNECT 127.0.0.1:${target} HTTP/1.1\r\nHost: 127.0.0.1:${target}\r\n\r\n`);
}

function headLength(heard: Buffer): number | undefined {
  const end = heard.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const statusLine = heard.toString('latin1', 0, heard.indexOf('\r\n'));
  if (!/^HTTP\/1\.1 2\d\d /.test(statusLine)) throw new Error(`http-proxy: '${statusLine}' instead of a 2xx`);
  return end + 4;
}
