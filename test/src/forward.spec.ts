/** The forward plugin beyond one address to one address: spans of ports, several servers, who the client is, sockets of systemd. */
import { expect } from 'chai';
import { handlesSince, openHandles, until, type OpenHandles } from '@lstp/core/testing';
import type { ComposedNode } from 'lstp/node';
import { BIN, freePorts, skipBecause, TestServer, Workplace } from 'lstp/testing';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './support/eventually.js';
import { makeNodes } from './support/in-process-chain.js';
import { RawClient } from './support/raw-client.js';

describe('a forward service', function () {
  this.timeout(60_000);
  let folder: string;
  let handles: OpenHandles;
  let nodes: Map<string, ComposedNode>;
  const servers: { stop(): Promise<void> }[] = [];
  beforeEach(() => {
    handles = openHandles();
    folder = mkdtempSync(join(tmpdir(), 'lstp-forward-'));
    nodes = new Map();
  });
  afterEach(async () => {
    await Promise.all([...nodes.values()].map((node) => node.stop()));
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
    await eventually(() => handlesSince(handles).length === 0, () => `nothing is left, but there is: ${handlesSince(handles).join(', ')}`);
  });

  async function start(service: string): Promise<void> {
    const [lab] = await freePorts(1);
    const lines = ['lstp: 1', 'nodes:', '  desk: {}', `  lab: { listen: "127.0.0.1:${lab}" }`, 'tunnels:', '  acme:', '    route: desk > lab', '    services:', `      web: { at: desk, ${service} }`, ''];
    nodes = await makeNodes(folder, lines.join('\n'));
    await Promise.all([...nodes.values()].map((node) => node.start()));
    await Promise.all([...nodes.values()].map((node) => node.established()));
  }

  /** Why nodes with this service do not start. */
  async function refusal(service: string): Promise<string> {
    const outcome = await start(service).then(() => 'it started', (error: Error) => error.message);
    await Promise.all([...nodes.values()].map((node) => node.stop()));
    return outcome;
  }

  async function serving(serve: (socket: Socket) => void): Promise<TestServer> {
    const server = await TestServer.start(serve);
    servers.push(server);
    return server;
  }

  /** What a server says that is asked by an empty request. */
  function answerFrom(port: number): Promise<string> {
    return new RawClient(port).send('?').everything().catch(() => 'reset');
  }

  function saying(word: string): Promise<TestServer> {
    return serving((socket) => socket.once('data', () => socket.end(word)));
  }

  describe('of a span of ports', () => {
    it('leads each port to the one of the same number', async () => {
      const to = freeSpan(3);
      for (const number of [0, 1, 2]) {
        const server = createServer((_, response) => response.end(`port ${number}`)).listen(to + number, '127.0.0.1');
        await once(server, 'listening');
        servers.push({ stop: () => new Promise<void>((resolve) => void server.close(() => resolve())) });
      }
      // Only now: the servers' span is taken.
      const from = freeSpan(3);
      await start(`listen: "127.0.0.1:${from}-${from + 2}", to: "127.0.0.1:${to}-${to + 2}"`);
      for (const number of [2, 0, 1]) {
        const answer = await new RawClient(from + number).send('GET / HTTP/1.0\r\n\r\n').everything();
        expect(answer).to.match(new RegExp(`port ${number}$`));
      }
      expect(nodes.get('desk')?.status().tunnels[0]?.services[0]?.addresses).to.deep.equal([`127.0.0.1:${from}-${from + 2}`]);
    });

    it('does not start, and frees what it had, where one of its ports is taken', async () => {
      const taken = await saying('taken');
      const from = taken.port > 60_000 ? taken.port - 1 : taken.port;
      expect(await refusal(`listen: "127.0.0.1:${from}-${from + 1}", to: "127.0.0.1:1-2"`)).to.match(new RegExp(`service web of tunnel acme: cannot listen on 127\\.0\\.0\\.1:${taken.port}: the address is in use`));
      const free = connect(from === taken.port ? from + 1 : from, '127.0.0.1');
      const [error] = (await once(free, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).to.equal('ECONNREFUSED');
    });
  });

  describe('of several servers', () => {
    it('leads to the first, to the next while that refuses, and back when it works again', async () => {
      const [first = 0, front = 0] = await freePorts(2);
      const second = await saying('second');
      await start(`listen: "127.0.0.1:${front}", to: ["127.0.0.1:${first}", "127.0.0.1:${second.port}"]`);
      expect(await answerFrom(front)).to.equal('second');
      const back = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.end('first'))).listen(first, '127.0.0.1');
      await once(back, 'listening');
      servers.push({ stop: () => new Promise<void>((resolve) => void back.close(() => resolve())) });
      // It is tried again after a pause; nobody who comes meanwhile notices anything.
      const answers: string[] = [];
      while (!answers.includes('first')) answers.push(await answerFrom(front));
      expect(new Set(answers)).to.deep.equal(new Set(['second', 'first']));
      expect(await answerFrom(front)).to.equal('first');
    });

    it('leaves out one that takes connections and closes them at once', async () => {
      let taken = 0;
      const [front = 0] = await freePorts(1);
      const hollow = await serving((socket) => {
        taken += 1;
        socket.end();
      });
      const second = await saying('second');
      await start(`listen: "127.0.0.1:${front}", to: ["127.0.0.1:${hollow.port}", "127.0.0.1:${second.port}"]`);
      await new RawClient(front).everything().catch(() => '');
      await until('the hollow one was asked', () => taken === 1);
      expect(await answerFrom(front)).to.equal('second');
      expect(taken).to.equal(1);
    });

    it('is not put off by clients that leave without a word', async () => {
      const [front = 0] = await freePorts(1);
      let left = 0;
      const first = await serving((socket) => {
        socket.once('data', () => socket.end('first'));
        socket.once('close', () => (left += 1));
        socket.once('end', () => socket.end());
      });
      await start(`listen: "127.0.0.1:${front}", to: ["127.0.0.1:${first.port}", "127.0.0.1:1"]`);
      new RawClient(front).end();
      await until('the server saw it leave', () => left === 1);
      expect(await answerFrom(front)).to.equal('first');
    });

    it('resets the application where none works', async () => {
      const [front = 0] = await freePorts(1);
      await start(`listen: "127.0.0.1:${front}", to: ["127.0.0.1:1", "unix:${folder}/none.sock"]`);
      expect(await answerFrom(front)).to.equal('reset');
    });
  });

  describe('with proxyProtocol', () => {
    for (const version of ['v1', 'v2'] as const) {
      it(`${version} tells the server the address of the client, in front of its bytes`, async () => {
        const [front = 0] = await freePorts(1);
        const heard: Buffer[] = [];
        const server = await serving((socket) => socket.on('data', (chunk: Buffer) => heard.push(chunk)).once('end', () => socket.end()));
        await start(`listen: "127.0.0.1:${front}", to: "127.0.0.1:${server.port}", proxyProtocol: ${version}`);
        const client = connect(front, '127.0.0.1');
        await once(client, 'connect');
        const { localPort = 0 } = client;
        client.end('hello');
        client.resume();
        await once(client, 'close');
        const ports = Buffer.alloc(4);
        ports.writeUInt16BE(localPort, 0);
        ports.writeUInt16BE(server.port, 2);
        const header = version === 'v1' ? Buffer.from(`PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${server.port}\r\n`) : Buffer.concat([Buffer.from('0d0a0d0a000d0a515549540a2111000c7f0000017f000001', 'hex'), ports]);
        expect(Buffer.concat(heard).toString('latin1')).to.equal(Buffer.concat([header, Buffer.from('hello')]).toString('latin1'));
      });

      it(`${version} is understood by haproxy`, async function () {
        if (!existsSync('/usr/sbin/haproxy')) skipBecause(this, 'haproxy is not installed');
        const place = new Workplace();
        const [front = 0, bound = 0] = await freePorts(2);
        const told = createServer((request, response) => response.end(String(request.headers['x-client']))).listen(0, '127.0.0.1');
        await once(told, 'listening');
        writeFileSync(
          join(place.folder, 'haproxy.cfg'),
          ['defaults', '  mode http', '  timeout connect 5s', '  timeout client 5s', '  timeout server 5s', 'frontend f', `  bind 127.0.0.1:${bound} accept-proxy`, '  http-request set-header X-Client %[src]:%[src_port]', '  default_backend b', 'backend b', `  server s 127.0.0.1:${(told.address() as AddressInfo).port}`, ''].join('\n'),
        );
        const haproxy = place.spawn('/usr/sbin/haproxy', ['-db', '-f', 'haproxy.cfg']);
        await until('haproxy listens', () => isListening(bound));
        await start(`listen: "127.0.0.1:${front}", to: "127.0.0.1:${bound}", proxyProtocol: ${version}`);
        const client = connect(front, '127.0.0.1');
        await once(client, 'connect');
        client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
        let answer = '';
        client.on('data', (chunk: Buffer) => (answer += chunk.toString()));
        const { localPort } = client;
        await once(client, 'close');
        expect(answer).to.match(new RegExp(`\r\n\r\n(?:[0-9a-f]+\r\n)?127\\.0\\.0\\.1:${localPort}`));
        await haproxy.end('SIGKILL');
        await place.remove();
        told.closeAllConnections();
        told.close();
      });
    }
  });

  describe('that listens on a socket of systemd', () => {
    it('takes it, TCP or Unix, by its name', async function () {
      if (!existsSync('/usr/bin/systemd-socket-activate')) skipBecause(this, 'systemd-socket-activate is not installed');
      const place = new Workplace();
      const server = await saying('hello');
      const [front = 0, lab] = await freePorts(2);
      const path = join(place.folder, 'web.sock');
      writeFileSync(
        join(place.folder, 'chain.yaml'),
        ['lstp: 1', 'nodes:', '  desk: {}', `  lab: { listen: "127.0.0.1:${lab}" }`, 'tunnels:', '  acme:', '    route: desk > lab', '    services:', `      web: { at: desk, listen: "systemd:web", to: "127.0.0.1:${server.port}" }`, `      pg: { at: desk, listen: "systemd:pg", to: "127.0.0.1:${server.port}" }`, ''].join('\n'),
      );
      const activate = place.spawn('systemd-socket-activate', ['-l', `127.0.0.1:${front}`, '-l', path, '--fdname=web:pg', process.execPath, BIN, 'up', 'chain.yaml', '--all']);
      await activate.says(/Listening on .*as 4/, 'stderr');
      // The first client starts it; it waits in the socket meanwhile.
      expect(await answerFrom(front)).to.equal('hello');
      const unix = connect(path);
      unix.write('?');
      const [chunk] = (await once(unix, 'data')) as [Buffer];
      expect(chunk.toString()).to.equal('hello');
      unix.destroy();
      await activate.end();
      await place.remove();
    });

    it('says what to do where there is none', async () => {
      expect(await refusal('listen: "systemd:web", to: "127.0.0.1:1"')).to.match(/cannot listen on systemd:web: no socket was handed over to this process; start it by a systemd socket unit/);
    });
  });
});

/** The first of `count` ports in a row that are free now, below those that the kernel gives to whoever asks for any. */
function freeSpan(count: number): number {
  for (;;) {
    const from = randomInt(20_000, 32_000);
    const all = Array.from({ length: count }, (_, number) => from + number);
    if (!all.some((port) => isListening(port))) return from;
  }
}

/** Whether anybody takes connections there, on this machine, by what its kernel says (state 0A). */
function isListening(port: number): boolean {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`;
  return readFileSync('/proc/net/tcp', 'utf8').includes(local);
}
