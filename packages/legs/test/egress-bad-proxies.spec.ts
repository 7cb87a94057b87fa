import { expect } from 'chai';
import * as fc from 'fast-check';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { EgressDialer } from '../src/egress-dialer.js';
import { carries, dialPort, makeDialer, refusalOf, through } from './support/dials.js';
import { GREETING } from './support/greeting-server.js';

/** What a proxy does with a connection that asked something. */
type Answering = (socket: Socket, asked: Buffer) => void;

describe('egress through proxies that misbehave', () => {
  let server: Server;
  let answering: Answering;
  let dialer: EgressDialer;
  let connections: number;
  const open = new Set<Socket>();

  beforeEach(async () => {
    dialer = await makeDialer();
    connections = 0;
    server = createServer((socket) => {
      connections += 1;
      open.add(socket);
      socket.on('error', () => {}).on('close', () => open.delete(socket)).on('data', (asked: Buffer) => answering(socket, asked));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.close();
    for (const socket of open) socket.destroy();
    await once(server, 'close');
  });

  const dial = (scheme: string, { who = '', signal = new AbortController().signal } = {}) => dialPort(dialer, 7070, through(`${scheme}://${who}127.0.0.1:${(server.address() as AddressInfo).port}`), { address: { host: 'west.example' }, signal });
  const whenAsked = (answer: Answering): void => {
    answering = answer;
  };

  /** SOCKS 5: takes no password, then answers the request with `reply`. */
  const socks5 = (reply: Buffer): Answering => (socket, asked) => socket.write(asked.length <= 4 ? Buffer.of(5, 0) : reply);

  it('names each reply of SOCKS 5 in words of its own', async () => {
    const said = new Map<number, string>();
    for (const code of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
      whenAsked(socks5(Buffer.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0)));
      const { message } = await refusalOf(dial('socks5'));
      said.set(code, message);
      expect(message).to.include(code === 9 ? 'answered what is no reply of SOCKS: 0509' : `(SOCKS 5 reply ${code})`);
    }
    expect(new Set(said.values()).size).to.equal(9);
  });

  it('names each reply of SOCKS 4', async () => {
    for (const code of [91, 92, 93]) {
      whenAsked((socket) => socket.write(Buffer.of(0, code, 0, 0, 0, 0, 0, 0)));
      expect((await refusalOf(dial('socks4a'))).message).to.include(`(SOCKS 4 reply ${code})`);
    }
  });

  it('reads a refusal that has a name in it, as dante writes them, split anywhere', async () => {
    const reply = Buffer.concat([Buffer.of(5, 4, 0, 3, 12), Buffer.from('west.example'), Buffer.of(0, 0)]);
    for (let at = 1; at < reply.length; at += 1) {
      whenAsked((socket, asked) => {
        if (asked.length <= 4) return void socket.write(Buffer.of(5, 0));
        socket.write(reply.subarray(0, at), () => setImmediate(() => socket.end(reply.subarray(at))));
      });
      expect((await refusalOf(dial('socks5'))).code, `split at ${at}`).to.equal('ERR_LSTP_PROXY_TARGET');
    }
  });

  it('loses no byte that comes with the answer of the proxy, however it is split', async () => {
    const answers: Record<string, Buffer> = {
      socks5: Buffer.concat([Buffer.of(5, 0, 0, 1, 127, 0, 0, 1, 27, 158), GREETING]),
      socks4a: Buffer.concat([Buffer.of(0, 90, 0, 0, 0, 0, 0, 0), GREETING]),
      http: Buffer.concat([Buffer.from('HTTP/1.1 200 Connection established\r\nVia: none\r\n\r\n'), GREETING]),
    };
    for (const [scheme, answer] of Object.entries(answers)) {
      for (let at = 1; at < answer.length; at += 1) {
        let isConnected = false;
        whenAsked((socket, asked) => {
          if (isConnected) return void socket.write(asked);
          if (scheme === 'socks5' && asked.length <= 4) return void socket.write(Buffer.of(5, 0));
          isConnected = true;
          return void socket.write(answer.subarray(0, at), () => setImmediate(() => socket.write(answer.subarray(at))));
        });
        expect(await carries(await dial(scheme), 5000), `${scheme}, split at ${at}`).to.equal(true);
      }
    }
  });

  it('says what an HTTP proxy answers that is not 200', async () => {
    const cases: Record<string, RegExp> = {
      '403 Forbidden': /does not allow connections to west\.example:7070 by its rules \(HTTP 403 Forbidden\)$/,
      '502 Bad Gateway': /could not connect to west\.example:7070 \(HTTP 502 Bad Gateway\)$/,
      '302 Found': /sends elsewhere instead of connecting \(HTTP 302 Found\): a log-in page, or no proxy$/,
      '404 Not Found': /did not connect to west\.example:7070 \(HTTP 404 Not Found\): it is perhaps a web server, not a proxy$/,
    };
    for (const [status, expected] of Object.entries(cases)) {
      whenAsked((socket) => socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/html\r\n\r\n<html>no</html>`));
      expect((await refusalOf(dial('http'))).message).to.match(expected);
    }
  });

  it('names a scheme of authentication that it does not have', async () => {
    whenAsked((socket) => socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate\r\n\r\n'));
    expect((await refusalOf(dial('http', { who: 'ann:secret@' }))).message).to.include('wants to be answered by ntlm, negotiate (HTTP 407); lstp has Basic and Digest');
  });

  it('says that no proxy is there, with what came back', async () => {
    whenAsked((socket) => socket.end('<html><body>It works!</body></html>'));
    expect((await refusalOf(dial('http'))).message).to.include('does not speak HTTP: it answered "<html><body>It works!');
    whenAsked((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await refusalOf(dial('socks5'))).to.include({ code: 'ERR_LSTP_PROXY_ANSWER' }).and.to.have.property('message').that.includes('it answered "HTTP/1.1 400 Bad Request');
    whenAsked((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect((await refusalOf(dial('socks4a'))).message).to.include('answered what is no reply of SOCKS: "SSH-2.0-OpenSSH_9.2');
  });

  it('gives up a header of 1 MiB', async () => {
    whenAsked((socket) => socket.write(`HTTP/1.1 200 OK\r\nX-Long: ${'a'.repeat(1_048_576)}\r\n\r\n`));
    expect(await refusalOf(dial('http'))).to.include({ code: 'ERR_LSTP_PROXY_ANSWER' }).and.to.have.property('message').that.includes('more than 16384 bytes of headers');
  });

  it('gives up silence, and an answer that comes too slowly', async () => {
    const drip: Answering = (socket) => {
      const timer = setInterval(() => socket.write(Buffer.of(5)), 20);
      socket.once('close', () => clearInterval(timer));
    };
    for (const [scheme, answer] of [['socks5', () => {}], ['http', () => {}], ['socks4a', () => {}], ['http', (socket: Socket) => socket.write('HTTP/1.1 2')]] as const) {
      whenAsked(answer);
      expect(await refusalOf(dial(scheme, { signal: AbortSignal.timeout(200) }))).to.include({ code: 'ERR_LSTP_PROXY_TIMEOUT' });
    }
    let sent = 0;
    whenAsked((socket, asked) => {
      if (asked.length <= 4) return void socket.write(Buffer.of(5, 0));
      sent += 1;
      return drip(socket, asked);
    });
    expect((await refusalOf(dial('socks5', { signal: AbortSignal.timeout(300) }))).message).to.include(sent === 0 ? '' : 'socks5://127.0.0.1');
  });

  it('says that the connection was closed in the middle', async () => {
    for (const scheme of ['socks5', 'socks4a', 'http']) {
      for (const begin of ['', scheme === 'http' ? 'HTTP/1.1 200 Conn' : scheme === 'socks5' ? '\u0005' : '\u0000']) {
        whenAsked((socket) => socket.end(begin));
        expect(await refusalOf(dial(scheme)), `${scheme} after ${JSON.stringify(begin)}`).to.include({ code: 'ERR_LSTP_PROXY_CLOSED' });
      }
    }
  });

  it('gives up whatever else it answers, with an error of its own', async () => {
    const outcome = fc.asyncProperty(fc.constantFrom('socks5', 'socks4a', 'http'), fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (scheme, bytes, isLate) => {
      whenAsked((socket, asked) => {
        if (isLate && asked.length <= 4) return void socket.write(Buffer.of(5, 0));
        return void socket.end(bytes);
      });
      const { code } = await refusalOf(dial(scheme, { signal: AbortSignal.timeout(5000) })).catch(() => ({ code: 'connected' }));
      expect(code).to.match(/^ERR_LSTP_PROXY_|^connected$/);
    });
    await fc.assert(outcome, { numRuns: 150 });
  });

  it('leaves no connection behind, whatever became of the dial', async () => {
    whenAsked((socket) => socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nnever'));
    const left = new Promise<void>((resolve) => server.once('connection', (socket) => socket.once('close', () => resolve())));
    await refusalOf(dial('http'));
    await left;
  });

  it('connects nowhere while it cannot read the authorities that it is to believe', async () => {
    const unbelieving = await makeDialer({ authorities: '/nowhere/ca.pem' });
    const { port } = server.address() as AddressInfo;
    for (const path of [through(`http://127.0.0.1:${port}`), through()]) {
      const { message } = await refusalOf(dialPort(unbelieving, port, path, { address: { scheme: 'wss', host: '127.0.0.1' } }));
      expect(message).to.include('the file of authorities /nowhere/ca.pem cannot be read');
    }
    expect(connections).to.equal(0);
  });

  it('shows what it says without characters that move a terminal', async () => {
    whenAsked((socket) => socket.end('HTTP/1.1 403 \u001b[2J\u009b2Jno\r\nX-Squid-Error: \u009b2J\r\n\r\n', 'latin1'));
    const { message } = await refusalOf(dial('http'));
    expect(message).to.include('HTTP 403').and.not.match(/\p{C}/u);
  });

  it('asks once with a password that is wrong, however many legs are wanted, and then holds off', async () => {
    whenAsked((socket, asked) => {
      if (asked[0] === 5) return void socket.write(Buffer.of(5, 2));
      return void socket.end(Buffer.of(1, 1));
    });
    const errors = await Promise.all(Array.from({ length: 5 }, () => refusalOf(dial('socks5', { who: 'ann:wrong@' }))));
    expect(new Set(errors.map(({ code }) => code))).to.deep.equal(new Set(['ERR_LSTP_PROXY_AUTH']));
    expect(connections).to.equal(1);
    await refusalOf(dial('socks5', { who: 'ann:wrong@' }));
    expect(connections).to.equal(1);
    await refusalOf(dial('socks5', { who: 'ann:other@' }));
    expect(connections, 'another password is another matter').to.equal(2);
  });
});
