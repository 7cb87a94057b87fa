/**
 * Names of real servers are for the far end: at desk, any look-up of a name ends the process that does it. Every way in
 * that lstp has is tried with a name that only lab knows; a new front end needs a row.
 */
import { bundledPlugins } from '@lstp/plugins';
import { expect } from 'chai';
import { BIN, freePorts, Workplace } from 'lstp/testing';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
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
  /** Of the real server, TCP and UDP, which says WORDS and what it was told. */
  readonly server: number;
}

/** The keys of a service beside `at` and `listen`, by what the real server is called; and how an application uses it. */
interface Row {
  readonly service?: (target: string) => string;
  readonly use: (bed: Bed) => Promise<string>;
}

const ROWS: Readonly<Record<string, Row>> = {
  forward: {
    service: (target) => `to: "${target}"`,
    use: ({ port }) => new RawClient(port).send('!').everything(),
  },
  'http-proxy': {
    service: () => 'plugin: http-proxy, allow: ["127.0.0.1:*"]',
    use: ({ port, server }) => new RawClient(port).send(`CONNECT ${REMOTE_NAME}:${server} HTTP/1.1\r\nHost: ${REMOTE_NAME}:${server}\r\n\r\n!`).everything(),
  },
  socks: {
    service: () => 'plugin: socks, allow: ["127.0.0.1:*"]',
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
    service: (target) => `plugin: udp, to: "${target}"`,
    use: async ({ port }) => {
      const socket = createSocket('udp4');
      socket.send('!', port, '127.0.0.1');
      const [answer] = (await once(socket, 'message')) as [Buffer];
      socket.close();
      return answer.toString();
    },
  },
};

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
    server = createServer((socket) => socket.on('error', () => {}).once('data', (chunk) => socket.end(`${WORDS}${String(chunk)}`))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    real = (server.address() as AddressInfo).port;
    datagrams = createSocket('udp4', (datagram, { port, address }) => datagrams.send(`${WORDS}${String(datagram)}`, port, address)).bind(real, '127.0.0.1');
    await once(datagrams, 'listening');
    const listening = Object.entries(ROWS).filter(([, { service }]) => service !== undefined);
    const free = await freePorts(listening.length);
    const lines = listening.map(([name, { service }], index) => {
      ports.set(name, free[index] ?? 0);
      return `${name}: { at: desk, listen: "127.0.0.1:${free[index]}", ${service?.(`${REMOTE_NAME}:${real}`)} }`;
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
    it(name, async () => {
      expect(await use({ place, port: ports.get(name) ?? 0, server: real })).to.contain(`${WORDS}!`);
      expect(chain.running.get('desk')?.stderr).not.to.contain(LOOKED_UP);
      expect(chain.isRunning('desk')).to.equal(true);
    });
  }
});
