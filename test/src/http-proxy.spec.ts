/** The tunnel as an HTTP proxy, over raw sockets: what is answered to what, and that nothing hangs. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { handlesSince, openHandles, until, type OpenHandles } from '@lstp/core/testing';
import type { ComposedNode } from 'lstp/node';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './support/eventually.js';
import { startProxyPair } from './support/proxy-pair.js';
import { RawClient } from './support/raw-client.js';

const LARGE = 3_000_000;

describe('an http-proxy service', function () {
  this.timeout(60_000);
  let folder: string;
  let nodes: Map<string, ComposedNode>;
  let server: Server;
  let origin: string;
  let other: string;
  let proxy: number;
  let handles: OpenHandles;
  const clients: RawClient[] = [];
  /** What the server was asked, as it came. */
  const asked: { line: string; fields: string[]; content: string }[] = [];
  /** What the server does with a request, by its path. */
  const special = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();

  before(async () => {
    handles = openHandles();
    folder = mkdtempSync(join(tmpdir(), 'lstp-http-'));
    server = createServer({ maxHeaderSize: 131_072 }, (request, response) => {
      const act = special.get(request.url ?? '');
      if (act !== undefined) return act(request, response);
      void contentOf(request).then((content) => {
        asked.push({ line: `${request.method} ${request.url} HTTP/${request.httpVersion}`, fields: request.rawHeaders, content });
        response.end(`${request.url} ${content.length}`);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const second = createServer((_, response) => response.end('the other'));
    second.listen(0, '127.0.0.1');
    await once(second, 'listening');
    server.once('close', () => second.close());
    origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    other = `127.0.0.1:${(second.address() as AddressInfo).port}`;
    ({ nodes, proxy } = await startProxyPair(folder, 'plugin: http-proxy, allow: ["127.0.0.1:*", "*.invalid:80", "192.0.2.0/24:80"]'));
  });
  beforeEach(() => {
    asked.length = 0;
    special.clear();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });
  after(async () => {
    await Promise.all([...nodes.values()].map((node) => node.stop()));
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
    await eventually(() => handlesSince(handles).length === 0, () => `nothing is left, but there is: ${handlesSince(handles).join(', ')}`);
  });

  function client(text: string): RawClient {
    const made = new RawClient(proxy);
    clients.push(made);
    return made.send(text);
  }

  function get(path: string, fields = '', host = origin): string {
    return `GET http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`;
  }

  it('asks the server in the form that servers take, without what is between client and proxy', async () => {
    const fields = 'Proxy-Connection: keep-alive\r\nConnection: X-Hop, close\r\nX-Hop: 1\r\nX-End: ü\r\nKeep-Alive: 5\r\nTE: trailers\r\nProxy-Authorization: Basic YTpi\r\n';
    const answer = await client(`GET http://${origin}/a?b=c HTTP/1.1\r\nHost: elsewhere\r\n${fields}\r\n`).everything();
    expect(answer).to.match(/^HTTP\/1\.1 200 OK\r\n[^]*\r\nVia: 1\.1 lstp\r\n[^]*\r\n\r\n\/a\?b=c 0$/);
    expect(asked).to.deep.equal([{ line: 'GET /a?b=c HTTP/1.1', fields: ['Host', origin, 'X-End', Buffer.from('ü').toString('latin1'), 'Via', '1.1 lstp', 'Connection', 'close'], content: '' }]);
  });

  it('answers several requests of one connection in order, each to its own server', async () => {
    const raw = client(get('/1') + get('/x', '', other) + get('/2') + get('/3', 'Connection: close\r\n'));
    const answer = await raw.everything();
    expect(answer.match(/\/1 0|the other|\/2 0|\/3 0/g)).to.deep.equal(['/1 0', 'the other', '/2 0', '/3 0']);
  });

  it('goes on after a refusal', async () => {
    const answer = await client(get('/', '', '10.9.9.9:80') + get('/then', 'Connection: close\r\n')).everything();
    expect(answer).to.match(/^HTTP\/1\.1 403 Forbidden\r\n[^]*HTTP\/1\.1 200 OK\r\n[^]*\/then 0$/);
  });

  it('passes content on, with a length and in chunks, split anywhere', async () => {
    const content = 'x'.repeat(LARGE);
    const raw = client(`POST http://${origin}/length HTTP/1.1\r\nHost: a\r\nContent-Length: ${LARGE}\r\n\r\n${content}`);
    for (const byte of `POST http://${origin}/chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;q="a"\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n`) raw.send(byte);
    expect((await raw.everything()).match(/\/length \d+|\/chunks \d+/g)).to.deep.equal([`/length ${LARGE}`, '/chunks 13']);
    expect(asked[0]?.content).to.equal(content);
    expect(asked[1]).to.deep.include({ content: 'abc0123456789' });
    expect(asked[1]?.fields.slice(-4)).to.deep.equal(['Transfer-Encoding', 'chunked', 'Connection', 'close']);
  });

  it('answers in chunks where the server does, or ends with its connection; with trailers', async () => {
    special.set('/chunks', (_, response) => {
      response.writeHead(200, { Trailer: 'X-T' });
      response.write('one');
      response.addTrailers({ 'X-T': 'yes' });
      response.end('two');
    });
    const raw = await client(get('/chunks') + get('/next', 'Connection: close\r\n')).everything();
    expect(raw).to.match(/Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\nX-T: yes\r\n\r\nHTTP\/1\.1 200/);
  });

  it('speaks plainly to HTTP/1.0, and closes', async () => {
    special.set('/chunks', (_, response) => {
      response.write('one');
      response.end('two');
    });
    expect(await client(`GET http://${origin}/chunks HTTP/1.0\r\n\r\n`).everything()).to.match(/\r\nConnection: close\r\n\r\nonetwo$/);
  });

  it('passes on 100 Continue, and an answer before the content', async () => {
    const raw = client(`PUT http://${origin}/put HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
    await raw.says(/^HTTP\/1\.1 100 Continue\r\n[^]*\r\n\r\n$/);
    raw.send('hello');
    await raw.says(/\/put 5$/);
    special.set('/early', (_, response) => response.writeHead(413).end('too much'));
    const early = client(`PUT http://${origin}/early HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\nhello`);
    expect(await early.everything()).to.match(/^HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n[^]*too much/);
  });

  it('answers HEAD, 204 and 304 without content', async () => {
    special.set('/h', (_, response) => response.setHeader('Content-Length', '4').end());
    special.set('/204', (_, response) => response.writeHead(204).end());
    special.set('/304', (_, response) => response.writeHead(304, { 'Content-Length': '7' }).end());
    const answer = await client(get('/h').replace('GET', 'HEAD') + get('/204') + get('/304', 'Connection: close\r\n')).everything();
    expect(answer.match(/HTTP\/1\.1 \d+|Content-Length: \d+/g)).to.deep.equal(['HTTP/1.1 200', 'Content-Length: 4', 'HTTP/1.1 204', 'HTTP/1.1 304', 'Content-Length: 7']);
  });

  it('goes over to another protocol where the server does', async () => {
    server.once('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${request.headers.upgrade}\r\n\r\nhi `);
      socket.write(head);
      socket.pipe(socket);
    });
    const raw = client(get('/ws', 'Connection: Upgrade\r\nUpgrade: echo\r\nSec-WebSocket-Key: k\r\n') + 'early ');
    await raw.says(/^HTTP\/1\.1 101 [^]*\r\nUpgrade: echo\r\n\r\nhi early $/);
    raw.send('late').end();
    expect(await raw.everything()).to.match(/early late$/);
  });

  it('connects, and says so before any byte of the server and only then', async () => {
    const greeter = createTcpServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      socket.write('hello ');
      socket.pipe(socket);
    });
    greeter.listen(0, '127.0.0.1');
    await once(greeter, 'listening');
    const raw = client(`CONNECT 127.0.0.1:${(greeter.address() as AddressInfo).port} HTTP/1.1\r\nHost: x\r\n\r\nearly `);
    await raw.says(/^HTTP\/1\.1 200 Connection established\r\n\r\nhello early $/);
    raw.send('late').end();
    expect(await raw.everything()).to.match(/hello early late$/);
    greeter.close();
  });

  it('connects after other requests on the same connection', async () => {
    const raw = client(get('/first'));
    await raw.says(/\/first 0$/);
    raw.send(`CONNECT ${origin} HTTP/1.1\r\nHost: x\r\n\r\nGET /inside HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(await raw.everything()).to.match(/200 Connection established\r\n\r\nHTTP\/1\.1 200 OK[^]*\/inside 0$/);
  });

  for (const [what, target, status] of [
    ['a target that is not allowed', '10.9.9.9:80', '403 Forbidden'],
    ['a name that does not exist', 'nowhere.invalid:80', '502 Bad Gateway'],
    ['a server that refuses', '127.0.0.1:1', '502 Bad Gateway'],
  ] as const) {
    it(`says ${status} of ${what}, and why in one line`, async () => {
      const form = new RegExp(`^HTTP/1\\.1 ${status}\r\n[^]*\r\n\r\nlstp: [a-z-]+: [^\n]+\n$`);
      expect(await client(get('/', 'Connection: close\r\n', target)).everything()).to.match(form);
      expect(await client(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`).everything()).to.match(form);
    });
  }

  it('says 502 of a server that closes and answers nothing, and resets where it stops in the middle', async () => {
    special.set('/nothing', (request) => request.socket.destroy());
    special.set('/half', (request, response) => {
      response.writeHead(200, { 'Content-Length': '10' });
      response.write('half', () => request.socket.destroy());
    });
    expect(await client(get('/nothing', 'Connection: close\r\n')).everything()).to.match(/^HTTP\/1\.1 502 /);
    expect(await client(get('/half')).ending).to.equal('reset');
  });

  it('says 502 of a server that does not speak HTTP', async () => {
    const noise = createTcpServer((socket) => socket.on('error', () => {}).end('220 mail.acme ready\r\n\r\n')).listen(0, '127.0.0.1');
    await once(noise, 'listening');
    expect(await client(get('/', 'Connection: close\r\n', `127.0.0.1:${(noise.address() as AddressInfo).port}`)).everything()).to.match(/^HTTP\/1\.1 502 /);
    noise.close();
  });

  const wrong: readonly (readonly [string, string, number])[] = [
    ['a request to the proxy itself', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['two fields Host', 'GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
    ['no field Host', 'GET http://a/ HTTP/1.1\r\n\r\n', 400],
    ['both lengths', 'POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
    ['two lengths', 'POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n', 400],
    ['a length that is none', 'POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n', 400],
    ['a folded field', 'GET http://a/ HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n', 400],
    ['white space before a colon', 'GET http://a/ HTTP/1.1\r\nHost : a\r\n\r\n', 400],
    ['lines that end with a line feed', 'GET http://a/ HTTP/1.1\nHost: a\n\n', 400],
    ['a URL with a password', 'GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['CONNECT without a port', 'CONNECT a HTTP/1.1\r\n\r\n', 400],
    ['TLS', '\u0016\u0003\u0001', 400],
    ['SOCKS', '\u0005\u0001\u0000', 400],
    ['another scheme', 'GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n', 501],
    ['another coding', 'POST http://a/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 501],
    ['another version', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
    ['a head of more than 64 KiB', `GET http://a/ HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(65_536)}\r\n\r\n`, 431],
    ['a head of more than 64 KiB that never ends', `GET http://a/ HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}`, 431],
  ];
  for (const [what, text, status] of wrong) {
    it(`says ${status} of ${what}`, async () => {
      expect(await client(text).everything()).to.match(new RegExp(`^HTTP/1\\.1 ${status} [^]*\r\n\r\nlstp: [^\n]+\n$`));
    });
  }

  it('takes a head of 64 KiB', async () => {
    const head = get('/big', 'Connection: close\r\nX: ').slice(0, -2);
    expect(await client(`${head}${'x'.repeat(65_536 - head.length - 4)}\r\n\r\n`).everything()).to.match(/\/big 0$/);
  });

  it('lets the server go when the client is gone', async () => {
    const requests: IncomingMessage[] = [];
    special.set('/silent', (request) => void requests.push(request.on('error', () => {})));
    const raw = client(get('/silent'));
    const request = await until('the server is asked', () => requests[0]);
    const closed = new Promise((resolve) => request.socket.once('close', resolve));
    raw.destroy();
    await closed;
  });

  it('tells a client 408 that says nothing, or one byte now and then', async () => {
    const slow = client('GET http://a/ HT');
    expect(await Promise.all([client('').everything(), slow.everything()])).to.satisfy((answers: string[]) => answers.every((answer) => answer.startsWith('HTTP/1.1 408 ')));
  });

  it('makes of any byte changed in a request an answer or an end, and is there for the next', async () => {
    const samples = [get('/s', 'Connection: close\r\nX-A: b\r\n'), `CONNECT ${origin} HTTP/1.1\r\nHost: ${origin}\r\n\r\n`, `POST http://${origin}/p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`].map((text) => Buffer.from(text));
    const change = fc.record({ sample: fc.constantFrom(...samples), at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }), cut: fc.option(fc.nat()) });
    await fc.assert(
      fc.asyncProperty(change, async ({ sample, at, byte, cut }) => {
        const bytes = Buffer.from(sample);
        bytes[at % bytes.length] = byte;
        const raw = new RawClient(proxy);
        raw.sendBytes(cut === null ? bytes : bytes.subarray(0, cut % bytes.length)).end();
        await raw.ending;
      }),
      { numRuns: 400 },
    );
    expect(await client(get('/still', 'Connection: close\r\n')).everything()).to.match(/\/still 0$/);
  });

  it('says 503 where the tunnel is down', async () => {
    await nodes.get('lab')?.stop();
    const answers = await Promise.all([client(get('/', 'Connection: close\r\n')).everything(), client(`CONNECT ${origin} HTTP/1.1\r\n\r\n`).everything()]);
    for (const answer of answers) expect(answer).to.match(/^HTTP\/1\.1 503 [^]*\r\n\r\nlstp: no-carrier: /);
  });
});

async function contentOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
