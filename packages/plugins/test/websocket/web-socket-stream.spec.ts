import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { MESSAGE_BYTES, OPTIONS, SUBPROTOCOL } from '../../src/websocket/policy.js';
import { WebSocketStream } from '../../src/websocket/web-socket-stream.js';

describe('a WebSocket as a stream', () => {
  let server: Server;
  let upgrades: WebSocketServer;
  let raw: WebSocket;
  let stream: WebSocketStream;

  /** `raw` is the other side, a plain WebSocket of the test. */
  beforeEach(async () => {
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    upgrades = new WebSocketServer({ ...OPTIONS, server });
    const accepted = once(upgrades, 'connection') as Promise<[WebSocket]>;
    raw = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`, [SUBPROTOCOL], { perMessageDeflate: false });
    const [socket] = await accepted;
    await (raw.readyState === WebSocket.OPEN ? undefined : once(raw, 'open'));
    stream = new WebSocketStream(socket);
  });
  afterEach(async () => {
    stream.on('error', () => {}).destroy();
    raw.on('error', () => {}).terminate();
    upgrades.close();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  const failure = async (): Promise<Error> => ((await once(stream.resume(), 'error').catch((error: unknown) => [error])) as [Error])[0];

  it('sends binary messages of bounded size, and an empty one as its end', async () => {
    const lengths: number[] = [];
    raw.on('message', (data: Buffer, isBinary: boolean) => lengths.push(isBinary ? data.length : -1));
    stream.end(Buffer.alloc(MESSAGE_BYTES * 2 + 1));
    while (lengths.at(-1) !== 0) await once(raw, 'message');
    expect(lengths).to.deep.equal([MESSAGE_BYTES, MESSAGE_BYTES, 1, 0]);
  });

  it('reads on after its own end, and closes when both have ended', async () => {
    stream.end('mine');
    raw.send(Buffer.from('yours'));
    raw.send(Buffer.alloc(0));
    const closed = once(raw, 'close');
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).to.equal('yours');
    const [code] = (await closed) as [number];
    expect(code).to.equal(1000);
  });

  it('takes a WebSocket that is closed before its end for a break', async () => {
    const failing = failure();
    raw.close();
    expect(await failing).to.include({ code: 'ECONNRESET', message: 'the WebSocket was closed' });
  });

  it('refuses a text message, one behind the end, and one that is too long', async () => {
    const failing = failure();
    raw.send('text');
    expect(await failing).to.include({ code: 'ERR_LSTP_LEG_WEBSOCKET' });
  });

  it('refuses a message behind the end', async () => {
    const failing = failure();
    raw.send(Buffer.alloc(0));
    raw.send(Buffer.alloc(0));
    expect((await failing).message).to.include('a message came behind the end');
  });

  it('refuses a message that is too long', async () => {
    const failing = failure();
    raw.send(Buffer.alloc(MESSAGE_BYTES + 1));
    expect((await failing).message).to.include('Max payload size exceeded');
  });

  it('lets the other side wait while nobody reads', async () => {
    const most = 64 * MESSAGE_BYTES;
    let sent = 0;
    while (raw.bufferedAmount === 0 && sent < most * 10) {
      raw.send(Buffer.alloc(MESSAGE_BYTES));
      sent += MESSAGE_BYTES;
      await new Promise(setImmediate);
    }
    expect(stream.readableLength).to.be.lessThan(most);
    raw.send(Buffer.alloc(0));
    let received = 0;
    for await (const chunk of stream as AsyncIterable<Buffer>) received += chunk.length;
    expect(received).to.equal(sent);
  });

  it('answers pings', async () => {
    stream.resume();
    raw.ping('are you there');
    const [data] = (await once(raw, 'pong')) as [Buffer];
    expect(data.toString()).to.equal('are you there');
  });
});
