import 'reflect-metadata';
import { expect } from 'chai';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { readInto, type Identity } from '@lstp/core';
import { socketPair } from '@lstp/core/testing';
import { WebSocket, WebSocketServer } from 'ws';
import { frameOf } from '../../src/websocket/frame-writer.js';
import { MESSAGE_BYTES, OPCODES, SUBPROTOCOL } from '../../src/websocket/policy.js';
import { WebSocketLegDialer } from '../../src/websocket/web-socket-dialer.js';
import { WebSocketLegListener } from '../../src/websocket/web-socket-listener.js';
import { WebSocketStream } from '../../src/websocket/web-socket-stream.js';

const signal = new AbortController().signal;

/** The other side is of the package `ws`: that it understands us says that others do. */
for (const role of ['dialer', 'listener'] as const) {
  describe(`a WebSocket as a stream, at its ${role}`, () => {
    let server: Server;
    let raw: WebSocket;
    let stream: Duplex;
    const sockets: Socket[] = [];

    async function listen(onSocket: (socket: Socket) => void): Promise<number> {
      server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: false }, (socket) => onSocket(socket.on('error', () => {}))).listen(0, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    }

    async function dialWs(): Promise<void> {
      const upgrades = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL });
      const http = (await import('node:http')).createServer().on('upgrade', (request, socket, head) => upgrades.handleUpgrade(request, socket, head, (made) => upgrades.emit('connection', made)));
      const port = await listen((socket) => http.emit('connection', socket));
      const accepted = once(upgrades, 'connection') as Promise<[WebSocket]>;
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
      sockets.push(socket);
      await once(socket, 'connect');
      stream = await new WebSocketLegDialer().dial(socket, { address: { scheme: 'ws', host: '127.0.0.1', port }, signal });
      [raw] = await accepted;
    }

    async function takeWs(): Promise<void> {
      // Without `wss` nobody asks who it is.
      const listener = new WebSocketLegListener({} as Identity);
      const taken = new Promise<Duplex>((resolve, reject) => {
        void listen((socket) => listener.accept(socket, { address: { scheme: 'ws', host: '127.0.0.1', port: 0 }, signal }).then(resolve, reject)).then((port) => {
          raw = new WebSocket(`ws://127.0.0.1:${port}`, [SUBPROTOCOL], { perMessageDeflate: false });
        });
      });
      stream = await taken;
      if (raw.readyState !== WebSocket.OPEN) await once(raw, 'open');
    }

    beforeEach(() => (role === 'dialer' ? dialWs() : takeWs()));
    afterEach(async () => {
      stream.on('error', () => {}).destroy();
      raw.on('error', () => {}).terminate();
      for (const socket of sockets.splice(0)) socket.destroy();
      server.close();
      await once(server, 'close');
    });

    const failure = async (): Promise<Error> => ((await once(stream.resume(), 'error').catch((error: unknown) => [error])) as [Error])[0];

    async function everything(): Promise<Buffer> {
      const chunks: Buffer[] = [];
      for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks);
    }

    it('sends binary messages of bounded size, and an empty one as its end', async () => {
      const lengths: number[] = [];
      const bytes: Buffer[] = [];
      raw.on('message', (data: Buffer, isBinary: boolean) => {
        lengths.push(isBinary ? data.length : -1);
        bytes.push(data);
      });
      const sent = Buffer.from(Array.from({ length: MESSAGE_BYTES * 2 + 1 }, (_, i) => i % 251));
      stream.end(sent);
      while (lengths.at(-1) !== 0) await once(raw, 'message');
      expect(lengths).to.deep.equal([MESSAGE_BYTES, MESSAGE_BYTES, 1, 0]);
      expect(Buffer.concat(bytes).equals(sent)).to.equal(true);
    });

    it('sends messages of every length of header', async () => {
      const lengths = [1, 125, 126, 4096, 4097, 65_535, 65_536];
      const got: number[] = [];
      raw.on('message', (data: Buffer) => got.push(data.length));
      for (const length of lengths) {
        stream.write(Buffer.alloc(length));
        while (got.length === 0 || got.at(-1) !== length) await once(raw, 'message');
      }
      expect(got).to.deep.equal(lengths);
    });

    it('makes one message of what waits together', async () => {
      stream.cork();
      for (const word of ['one ', 'two ', 'three']) stream.write(word);
      stream.uncork();
      const [data] = (await once(raw, 'message')) as [Buffer];
      expect(data.toString()).to.equal('one two three');
    });

    it('reads on after its own end, and closes when both have ended', async () => {
      stream.end('mine');
      raw.send(Buffer.from('yours'));
      raw.send(Buffer.alloc(0));
      const closed = once(raw, 'close');
      expect((await everything()).toString()).to.equal('yours');
      const [code] = (await closed) as [number];
      expect(code).to.equal(1000);
    });

    it('keeps what was not read when the other side has closed behind its end', async () => {
      stream.read(0);
      await new Promise<void>((resolve) => stream.end(resolve));
      raw.send(Buffer.from('yours'));
      raw.send(Buffer.alloc(0));
      raw.close();
      await once(raw, 'close');
      expect((await everything()).toString()).to.equal('yours');
    });

    it('takes a message in pieces, masked by any key, and pings between them', async () => {
      raw.send(Buffer.from('first '), { fin: false });
      raw.ping();
      raw.send(Buffer.alloc(0), { fin: false });
      raw.send(Buffer.from('second'), { fin: true });
      raw.send(Buffer.alloc(0));
      expect((await everything()).toString()).to.equal('first second');
    });

    it('reads into the memory of whoever has some, and ends', async () => {
      const memory = Buffer.alloc(1000);
      const got: Buffer[] = [];
      expect(readInto(stream, { buffer: () => memory, handleRead: (length) => got.push(Buffer.from(memory.subarray(0, length))) })).to.equal(true);
      stream.resume();
      const sent = Buffer.from(Array.from({ length: 50_000 }, (_, i) => i % 241));
      for (let at = 0; at < sent.length; at += 7001) {
        raw.send(sent.subarray(at, at + 7001));
        raw.ping();
      }
      raw.send(Buffer.alloc(0));
      await once(stream, 'end');
      expect(Buffer.concat(got).equals(sent)).to.equal(true);
    });

    it('takes a WebSocket that is closed before its end for a break', async () => {
      const failing = failure();
      raw.close();
      expect(await failing).to.include({ code: 'ECONNRESET', message: 'the WebSocket was closed' });
    });

    it('takes a connection that ends without a word for a break', async () => {
      const failing = failure();
      raw.terminate();
      expect(await failing).to.include({ code: 'ECONNRESET' });
    });

    it('refuses a text message', async () => {
      const failing = failure();
      raw.send('text');
      expect(await failing).to.include({ code: 'ERR_LSTP_LEG_WEBSOCKET' });
      expect((await once(raw, 'close'))[0]).to.equal(1003);
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
      expect((await failing).message).to.include('a message of 131073 bytes came, where one has at most 131072');
      expect((await once(raw, 'close'))[0]).to.equal(1009);
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
}

describe('a WebSocket that reads into memory of its reader', () => {
  it('is closed only when nothing is read into it any more', async () => {
    const [near, far] = await socketPair();
    const stream = new WebSocketStream(near.pause(), { head: Buffer.alloc(0), isDialer: true });
    const memory = Buffer.alloc(1000);
    expect(readInto(stream, { buffer: () => memory, handleRead: () => {} })).to.equal(true);
    // What its reader does with it from here on is the reader's: a relay reads other pairs into it.
    const closed = once(stream, 'close').then(() => memory.fill(0));
    stream.resume().end();
    far.write(frameOf(OPCODES.binary, Buffer.alloc(0), false));
    while (!stream.destroyed) await new Promise(setImmediate);
    await new Promise(setImmediate);
    far.end('behind the end');
    await Promise.all([closed, once(near, 'close')]);
    expect(memory.equals(Buffer.alloc(1000))).to.equal(true);
    far.destroy();
  });
});

/** On a connection whose other side takes one piece at a time, when the test says so. */
describe('a WebSocket whose other side does not read', () => {
  const written: Buffer[] = [];
  let take: () => void;
  let raw: Duplex;
  let stream: WebSocketStream;

  beforeEach(() => {
    written.length = 0;
    raw = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        written.push(chunk);
        take = done;
      },
    });
    stream = new WebSocketStream(raw, { head: Buffer.alloc(0), isDialer: true });
    stream.on('error', () => {}).resume();
  });
  afterEach(() => stream.destroy());

  const ping = (text: string): Buffer => frameOf(OPCODES.ping, Buffer.from(text), false);
  const pong = (text: string): Buffer => frameOf(OPCODES.pong, Buffer.from(text), true);
  const come = async (bytes: Buffer): Promise<void> => {
    raw.push(bytes);
    await new Promise(setImmediate);
  };

  it('answers the last of the pings that came together', async () => {
    await come(Buffer.concat([ping('one'), ping('two'), ping('three')]));
    expect(written).to.deep.equal([pong('three')]);
  });

  it('lets one answer wait, whatever comes: the last', async () => {
    for (let i = 0; i < 1000; i += 1) await come(ping(`${i}`));
    expect(raw.writableLength).to.equal(pong('0').length);
    take();
    await new Promise(setImmediate);
    expect(written).to.deep.equal([pong('0'), pong('999')]);
  });

  it('is told when that one is gone behind its end, though so much had come that reading stopped', async () => {
    stream.pause();
    await come(Buffer.concat([frameOf(OPCODES.binary, Buffer.alloc(MESSAGE_BYTES), false), frameOf(OPCODES.binary, Buffer.alloc(0), false)]));
    expect(raw.isPaused()).to.equal(false);
    const failing = once(stream.resume(), 'error');
    raw.push(null);
    expect((await failing)[0]).to.include({ code: 'ECONNRESET' });
  });

  it('says nothing behind its close', async () => {
    await come(Buffer.concat([ping('one'), frameOf(OPCODES.close, Buffer.alloc(0), false)]));
    expect(written.map(([first]) => (first as number) & 0x0f)).to.deep.equal([OPCODES.close]);
  });
});
