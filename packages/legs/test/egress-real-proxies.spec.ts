import { PerformanceObserver } from 'node:perf_hooks';
import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { skipBecause } from '@lstp/core/testing';
import type { EgressDialer } from '../src/egress-dialer.js';
import { carries, dialPort, makeDialer, refusalOf, through } from './support/dials.js';
import { greetingServer, type GreetingServer } from './support/greeting-server.js';
import { missingProxies, ProxyBed } from './support/proxy-bed.js';

const ANN = { user: 'ann', password: 'correct horse: %/@' };
const ANN_URL = `ann:${encodeURIComponent(ANN.password)}`;
const UNKNOWN = 'no-such-host.invalid';

describe('egress through real proxies', () => {
  let bed: ProxyBed;
  let server: GreetingServer;
  let dialer: EgressDialer;

  before(function () {
    const missing = missingProxies('dante', 'microsocks', 'squid', 'tinyproxy');
    if (missing !== undefined) skipBecause(this, missing);
  });
  beforeEach(async () => {
    bed = new ProxyBed();
    server = await greetingServer();
    dialer = await makeDialer();
  });
  afterEach(async () => {
    await bed?.stop();
    await server?.stop();
  });

  const socks = (port: number, who = ''): string => `socks5://${who}127.0.0.1:${port}`;
  const http = (port: number, who = ''): string => `http://${who}127.0.0.1:${port}`;

  /** A port on which nobody listens. */
  async function closedPort(): Promise<number> {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    return port;
  }

  describe('dante', () => {
    it('carries a leg over SOCKS 5 and 4, as the plain socket that it is', async () => {
      const port = await bed.dante();
      const stream = await dialPort(dialer, server.port, through(socks(port)));
      expect(stream).to.be.instanceOf(Socket);
      expect(await carries(stream)).to.equal(true);
      expect(await carries(await dialPort(dialer, server.port, through(`socks4://127.0.0.1:${port}`), { address: { host: '127.0.0.1' } }))).to.equal(true);
    });

    it('is asked with the name: none is looked up here', async () => {
      const looked: string[] = [];
      const observer = new PerformanceObserver((list) => looked.push(...list.getEntries().map((entry) => JSON.stringify(entry))));
      const port = await bed.dante();
      observer.observe({ entryTypes: ['dns'] });
      expect(await carries(await dialPort(dialer, server.port, through(socks(port))))).to.equal(true);
      await new Promise(setImmediate);
      observer.disconnect();
      expect(looked.filter((one) => one.includes('localhost'))).to.deep.equal([]);
    });

    it('says what SOCKS 4 cannot do, before it is asked', async () => {
      const port = await bed.dante();
      expect(await refusalOf(dialPort(dialer, server.port, through(`socks4://127.0.0.1:${port}`)))).to.include({ code: 'ERR_LSTP_EGRESS', message: `socks4://127.0.0.1:${port}: SOCKS 4 takes IPv4 addresses only, and localhost is none; write socks4a:// or socks5://, which resolve names at the proxy` });
    });

    it('tells a rule of the proxy from an unknown name and from a closed port', async () => {
      const closed = await closedPort();
      const port = await bed.dante({ deny: server.port });
      expect(await refusalOf(dialPort(dialer, server.port, through(socks(port))))).to.include({ code: 'ERR_LSTP_PROXY_REFUSED', message: `socks5://127.0.0.1:${port} does not allow connections to localhost:${server.port} by its rules (SOCKS 5 reply 2)` });
      expect((await refusalOf(dialPort(dialer, closed, through(socks(port)), { address: { host: UNKNOWN } }))).message).to.match(/does not reach the host of no-such-host\.invalid:\d+, or does not know its name \(SOCKS 5 reply 4\)$/);
      expect((await refusalOf(dialPort(dialer, closed, through(socks(port))))).message).to.match(/was refused by localhost:\d+: nothing listens there \(SOCKS 5 reply 5\)$/);
      expect(await refusalOf(dialPort(dialer, server.port, through(`socks4a://127.0.0.1:${port}`)))).to.include({ code: 'ERR_LSTP_PROXY_REFUSED' });
    });
  });

  describe('microsocks', () => {
    it('takes user and password, with every character', async () => {
      const port = await bed.microsocks(ANN);
      expect(await carries(await dialPort(dialer, server.port, through(socks(port, `${ANN_URL}@`))))).to.equal(true);
    });

    it('says that a password is wanted, and that one is wrong', async () => {
      const port = await bed.microsocks(ANN);
      expect(await refusalOf(dialPort(dialer, server.port, through(socks(port))))).to.include({ code: 'ERR_LSTP_PROXY_AUTH', message: `socks5://127.0.0.1:${port} wants user and password; write socks5://USER:PASSWORD@HOST:PORT` });
      const wrong = await refusalOf(dialPort(dialer, server.port, through(socks(port, 'ann:wrong@'))));
      expect(wrong).to.include({ code: 'ERR_LSTP_PROXY_AUTH', message: `socks5://127.0.0.1:${port} does not accept user and password; correct them in the egress` });
    });

    it('says that nothing listens at the target', async () => {
      const [closed, port] = [await closedPort(), await bed.microsocks()];
      expect((await refusalOf(dialPort(dialer, closed, through(socks(port))))).code).to.equal('ERR_LSTP_PROXY_TARGET');
    });
  });

  describe('squid', () => {
    it('carries a leg by CONNECT, without authentication, with Basic, and with Digest', async () => {
      const ports = [await bed.squid(), await bed.squid({ basic: ANN }), await bed.squid({ digest: ANN })];
      for (const [index, port] of ports.entries()) {
        const path = through(http(port, index === 0 ? '' : `${ANN_URL}@`));
        for (const round of ['first', 'second', 'third']) {
          const stream = await dialPort(dialer, server.port, path);
          expect(stream).to.be.instanceOf(Socket);
          expect(await carries(stream), `squid ${index}, ${round} leg`).to.equal(true);
        }
      }
    });

    it('says that a password is wanted, and that one is wrong, by Basic and by Digest', async () => {
      for (const port of [await bed.squid({ basic: ANN }), await bed.squid({ digest: ANN })]) {
        expect((await refusalOf(dialPort(dialer, server.port, through(http(port))))).message).to.match(/wants user and password \(HTTP 407, (basic|digest)\)/);
        const wrong = await refusalOf(dialPort(dialer, server.port, through(http(port, 'ann:wrong@'))));
        expect(wrong).to.include({ code: 'ERR_LSTP_PROXY_AUTH', message: `http://127.0.0.1:${port} does not accept user and password (HTTP 407); correct them in the egress` });
      }
    });

    it('tells a rule of the proxy from an unknown name and from a closed port', async () => {
      const closed = await closedPort();
      const port = await bed.squid({ allow: [closed] });
      expect((await refusalOf(dialPort(dialer, server.port, through(http(port))))).message).to.match(/does not allow connections to localhost:\d+ by its rules \(HTTP 403 Forbidden, ERR_ACCESS_DENIED 0\)$/);
      expect(await refusalOf(dialPort(dialer, closed, through(http(port))))).to.include({ code: 'ERR_LSTP_PROXY_TARGET' });
      expect((await refusalOf(dialPort(dialer, closed, through(http(port)), { address: { host: UNKNOWN } }))).message).to.match(/could not connect to no-such-host\.invalid:\d+ \(HTTP 50\d/);
    });
  });

  describe('tinyproxy', () => {
    it('carries a leg by CONNECT, and with Basic although it closes after its challenge', async () => {
      const [open, closed] = [await bed.tinyproxy(), await bed.tinyproxy({ user: 'ann', password: 'secret' })];
      expect(await carries(await dialPort(dialer, server.port, through(http(open))))).to.equal(true);
      for (const round of ['first', 'second']) expect(await carries(await dialPort(dialer, server.port, through(http(closed, 'ann:secret@')))), round).to.equal(true);
    });

    it('says that one password is wrong', async () => {
      const port = await bed.tinyproxy({ user: 'ann', password: 'secret' });
      expect(await refusalOf(dialPort(dialer, server.port, through(http(port, 'ann:wrong@'))))).to.include({ code: 'ERR_LSTP_PROXY_AUTH' });
    });
  });

  it('goes through several in a row, of both kinds', async () => {
    const [dante, squid, microsocks, tinyproxy] = [await bed.dante(), await bed.squid({ digest: ANN }), await bed.microsocks(ANN), await bed.tinyproxy()];
    const path = through(socks(dante), http(squid, `${ANN_URL}@`), socks(microsocks, `${ANN_URL}@`), http(tinyproxy));
    for (const round of ['first', 'second']) {
      const stream = await dialPort(dialer, server.port, path);
      expect(stream, round).to.be.instanceOf(Socket);
      expect(await carries(stream), round).to.equal(true);
    }
  });

  it('says which of several refused', async () => {
    const [dante, squid] = [await bed.dante(), await bed.squid({ basic: ANN })];
    const error = await refusalOf(dialPort(dialer, server.port, through(socks(dante), http(squid))));
    expect(error).to.include({ code: 'ERR_LSTP_PROXY_AUTH', address: `http://127.0.0.1:${squid}` });
  });

  it('says that a proxy of another kind answers', async () => {
    const [dante, squid] = [await bed.dante(), await bed.squid()];
    for (const path of [through(socks(squid)), through(http(dante))]) {
      // One waits for more of its own protocol until it is left.
      const { code } = await refusalOf(dialPort(dialer, server.port, path, { signal: AbortSignal.timeout(1000) }));
      expect(code).to.match(/^ERR_LSTP_PROXY_(ANSWER|CLOSED|TIMEOUT)$/);
    }
  });

  it('says that no proxy listens where the egress says', async () => {
    const port = await closedPort();
    expect(await refusalOf(dialPort(dialer, server.port, through(socks(port))))).to.include({ code: 'ECONNREFUSED', message: `the proxy socks5://127.0.0.1:${port} cannot be reached: 127.0.0.1:${port}: connect ECONNREFUSED 127.0.0.1:${port}` });
  });
});
