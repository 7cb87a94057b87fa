/**
 * Names of real servers are for the far end: at desk, any look-up of a name ends the process that does it. Every way in
 * that lstp has is tried with a name that only lab knows; a new front end needs a row.
 */
import { bundledPlugins } from '@lstp/plugins';
import { expect } from 'chai';
import { BIN, freePorts, skipBecause, Workplace } from 'lstp/testing';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { LOOKED_UP, REMOTE_NAME, writeNoNames, writeRemoteNames } from './support/name-services.js';
import { ProcessChain } from './support/process-chain.js';
import { RawClient } from './support/raw-client.js';

const WORDS = 'only the far end knows me';

interface Bed {
  readonly place: Workplace;
  /** Of the service. */
  readonly port: number;
  /** Of the real server, TCP and UDP, which says WORDS. */
  readonly server: number;
}

/** The keys of a service beside `at`, by where it listens and what the real server is called; and how an application uses it. */
interface Row {
  readonly service?: (listen: string, server: number) => string;
  readonly use: (bed: Bed) => Promise<string>;
}

const ROWS: Readonly<Record<string, Row>> = {
  forward: {
    service: (listen, server) => `listen: "${listen}", to: "${REMOTE_NAME}:${server}"`,
    use: ({ port }) => new RawClient(port).send('!').everything(),
  },
  'http-proxy': {
    service: (listen) => `plugin: http-proxy, listen: "${listen}", allow: ["127.0.0.1:*"]`,
    use: ({ port, server }) => new RawClient(port).send(`CONNECT ${REMOTE_NAME}:${server} HTTP/1.1\r\nHost: ${REMOTE_NAME}:${server}\r\n\r\n!`).everything(),
  },
  socks: {
    service: (listen) => `plugin: socks, listen: "${listen}", allow: ["127.0.0.1:*"]`,
    use: ({ port, server }) => new RawClient(port).sendBytes(socks5(REMOTE_NAME, server)).everything(),
  },
  stdio: {
    use: async ({ place, server }) => {
      const connect = place.spawn('env', [`NODE_OPTIONS=--require ${join(place.folder, 'no-names.cjs')}`, process.execPath, BIN, 'connect', 'chain.yaml', '--as', 'desk', 'socks', `${REMOTE_NAME}:${server}`]);
      connect.child.stdin?.end('!');
      const { stdout, stderr } = await connect.ended;
      return stdout + stderr;
    },
  },
  udp: {
    service: (listen, server) => `plugin: udp, listen: "${listen}", to: "${REMOTE_NAME}:${server}"`,
    use: async ({ port }) => {
      const socket = createSocket('udp4');
      socket.send('!', port, '127.0.0.1');
      const [answer] = (await once(socket, 'message')) as [Buffer];
      socket.close();
      return answer.toString();
    },
  },
  x11: {
    service: (_listen, server) => `plugin: x11, to: "${REMOTE_NAME}:${server - FIRST_X_PORT}"`,
    use: async ({ place }) => (await place.run(['x11', 'run', 'chain.yaml', '--as', 'desk', '--', 'xdpyinfo'])).stderr,
  },
};

/** Display 0's. */
const FIRST_X_PORT = 6000;
const X_CLIENT = /^[lB]/;

/** As an X server it takes nobody, and says why (X Protocol, "Connection Setup"). */
function answerTo(said: Buffer): Buffer {
  const words = `${WORDS}!`;
  if (!X_CLIENT.test(said.toString('latin1'))) return Buffer.from(words);
  const reason = Buffer.from(words.padEnd(Math.ceil(words.length / 4) * 4));
  return Buffer.concat([Buffer.of(0, reason.length, 11, 0, 0, 0, reason.length / 4, 0), reason]);
}

/** No authentication, CONNECT to a name (RFC 1928), and a byte for the server. */
function socks5(host: string, port: number): Buffer {
  return Buffer.concat([Buffer.of(5, 1, 0, 5, 1, 0, 3, host.length), Buffer.from(host), Buffer.of(port >> 8, port & 0xff), Buffer.from('!')]);
}

describe('a name of the far side is looked up at no near end', function () {
  this.timeout(120_000);
  const place = new Workplace();
  const ports = new Map<string, number>();
  let chain: ProcessChain;
  let server: Server;
  let datagrams: DatagramSocket;
  let real: number;

  before(async () => {
    server = createServer((socket) => socket.on('error', () => {}).once('data', (chunk) => socket.end(answerTo(chunk)))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    real = (server.address() as AddressInfo).port;
    datagrams = createSocket('udp4', (datagram, { port, address }) => datagrams.send(answerTo(datagram), port, address)).bind(real, '127.0.0.1');
    await once(datagrams, 'listening');
    const listening = Object.entries(ROWS).filter(([, { service }]) => service !== undefined);
    const free = await freePorts(listening.length);
    const lines = listening.map(([name, { service }], index) => {
      ports.set(name, free[index] ?? 0);
      return `${name}: { at: desk, ${service?.(`127.0.0.1:${free[index]}`, real)} }`;
    });
    chain = await ProcessChain.make(place);
    chain.write({ services: lines });
    const [preload, names] = [writeNoNames(place.folder), writeRemoteNames(place.folder)];
    await Promise.all([chain.start('west'), chain.start('east'), chain.start('lab', { preload: names }), chain.start('desk', { preload })]);
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(chain.logs());
  });
  after(async () => {
    await place.remove();
    server.close();
    datagrams.close();
  });

  it('for each bundled plugin that takes applications in', () => {
    const waysIn = bundledPlugins.filter(({ frontEnd, connector }) => (frontEnd ?? connector) !== undefined).map(({ name }) => name);
    expect(Object.keys(ROWS)).to.have.members(waysIn);
  });

  it('or the process that does so ends, and says which name (so the others did not)', async () => {
    const { status, stderr } = await place.spawn(process.execPath, ['--require', join(place.folder, 'no-names.cjs'), '-e', `require('node:net').connect(1, '${REMOTE_NAME}')`]).ended;
    expect([status, stderr]).to.deep.equal([86, `${LOOKED_UP} ${REMOTE_NAME}\n`]);
  });

  for (const [name, { use }] of Object.entries(ROWS)) {
    it(name, async function () {
      if (name === 'x11' && !existsSync('/usr/bin/xdpyinfo')) skipBecause(this, 'x11-utils is not installed');
      expect(await use({ place, port: ports.get(name) ?? 0, server: real })).to.contain(`${WORDS}!`);
      expect(chain.running.get('desk')?.stderr).not.to.contain(LOOKED_UP);
      expect(chain.isRunning('desk')).to.equal(true);
    });
  }
});
