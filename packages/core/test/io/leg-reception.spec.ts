import { expect } from 'chai';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AdmissionGate } from '../../src/io/admission-gate.js';
import { LegReception, type LegAcceptor } from '../../src/io/leg-reception.js';
import type { LegAddress } from '../../src/io/neighbour.js';
import { until } from './hub-pair.js';

const TCP: LegAddress = { scheme: 'tcp', host: '127.0.0.1', port: 0 };
const WSS: LegAddress = { scheme: 'wss', host: '127.0.0.1', port: 0 };
/** From 203.0.113.7, port 40000. */
const HEADER = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb0071070a0000019c401b9e', 'hex');

describe('io/leg-reception', () => {
  let server: Server;
  let gate: AdmissionGate;
  const clients: Socket[] = [];
  const legs: { stream: Duplex; remote: string; leave: () => void }[] = [];
  const refused: string[] = [];
  const dropped: string[] = [];

  async function listen(address: LegAddress, { acceptor, isBalancer, places = 256 }: { readonly acceptor?: LegAcceptor; readonly isBalancer?: (address: string) => boolean; readonly places?: number } = {}): Promise<LegReception> {
    gate = new AdmissionGate({ total: places, perSource: 1 }, () => 1);
    const reception = new LegReception({ gate, acceptor, isBalancer, onLeg: (stream, facts) => legs.push({ stream, ...facts }), onDropped: (reason) => dropped.push(reason), onRefused: (remote, { message }) => refused.push(`${remote.replace(/:\d+$/, '')} ${message}`) });
    server = createServer({ allowHalfOpen: true }, (socket) => reception.receive(socket, address)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return reception;
  }

  async function client(): Promise<Socket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {}).resume();
    clients.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  afterEach(async () => {
    for (const { stream } of legs.splice(0)) stream.destroy();
    for (const socket of clients.splice(0)) socket.destroy();
    refused.length = dropped.length = 0;
    server.close();
    await once(server, 'close');
  });

  it('hands a connection on at once, with its address', async () => {
    await listen(TCP);
    const { localPort } = await client();
    await until(() => legs.length === 1);
    expect(legs[0]?.remote).to.equal(`127.0.0.1:${localPort}`);
    expect(gate.inside).to.equal(1);
    legs[0]?.leave();
    expect(gate.inside).to.equal(0);
  });

  it('outlives a connection that is reset before anything has begun to read it', async () => {
    const acceptor: LegAcceptor = {
      takes: () => true,
      prepare: async () => {},
      // As while the certificate is read from disk.
      accept: (socket) => new Promise((_resolve, reject) => socket.once('close', () => reject(new Error('gone')))),
    };
    await listen(WSS, { acceptor });
    (await client()).resetAndDestroy();
    await until(() => refused.length === 1);
    expect(refused).to.deep.equal(['127.0.0.1 gone']);
  });

  it("takes the source from a balancer's header, however it is split, and leaves what follows", async () => {
    await listen(TCP, { isBalancer: (address) => address === '127.0.0.1' });
    const socket = await client();
    for (const byte of HEADER) socket.write(Buffer.of(byte));
    socket.write('leg');
    await until(() => legs.length === 1);
    expect(legs[0]?.remote).to.equal('203.0.113.7:40000');
    const [data] = (await once((legs[0] as (typeof legs)[number]).stream.resume(), 'data')) as [Buffer];
    expect(data.toString()).to.equal('leg');
    // That source has one place, and it is taken.
    (await client()).write(HEADER);
    await until(() => dropped.length === 1);
    expect(legs).to.have.length(1);
  });

  it('refuses a balancer that sends no header, or leaves before it has, and frees its place', async () => {
    await listen(TCP, { isBalancer: () => true });
    (await client()).write('GET / HTTP/1.1\r\n');
    await until(() => refused.length === 1);
    (await client()).end(HEADER.subarray(0, 20));
    await until(() => refused.length === 2);
    expect(refused).to.deep.equal(['127.0.0.1 no PROXY header, which `proxyProtocol` says that this address sends', '127.0.0.1 the connection was closed before its PROXY header had come']);
    expect([legs.length, gate.inside]).to.deep.equal([0, 0]);
  });

  describe('over another scheme', () => {
    let signal: AbortSignal | undefined;
    const acceptor = (accept: LegAcceptor['accept']): LegAcceptor => ({ takes: () => true, prepare: () => Promise.resolve(), accept });
    const never = acceptor((_socket, _address, given) => new Promise((_resolve, reject) => {
      signal = given;
      given.addEventListener('abort', () => reject(new Error('it took too long')), { once: true });
    }));

    it('hands on what the handshake gave', async () => {
      await listen(WSS, { acceptor: acceptor((socket) => Promise.resolve(socket)) });
      await client();
      await until(() => legs.length === 1);
      expect(gate.inside).to.equal(1);
      legs[0]?.leave();
    });

    it('destroys the connection of a handshake that fails, and frees its place', async () => {
      await listen(WSS, { acceptor: acceptor(() => Promise.reject(new Error('no TLS'))) });
      const socket = await client();
      await once(socket, 'close');
      expect(refused).to.deep.equal(['127.0.0.1 no TLS']);
      expect(gate.inside).to.equal(0);
    });

    it('calls handshakes off when it is stopped', async () => {
      const reception = await listen(WSS, { acceptor: never });
      const socket = await client();
      await until(() => signal !== undefined);
      expect(signal?.aborted).to.equal(false);
      reception.stop();
      await once(socket, 'close');
      expect(refused).to.deep.equal(['127.0.0.1 it took too long']);
      expect(gate.inside).to.equal(0);
    });
  });
});
