/** SOCKS through the tunnel, asked for byte by byte: each reply of the RFC with its real cause; BIND; UDP ASSOCIATE; log-in. */
import { expect } from 'chai';
import { echo, freePorts, TestServer, Workplace } from 'lstp/testing';
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { until } from '@lstp/core/testing';
import { REMOTE_NAME } from './support/name-services.js';
import { ProcessChain } from './support/process-chain.js';
import { SocksClient, type SocksReply } from './support/socks-client.js';
import { startSocks, type SocksBed } from './support/socks-bed.js';

describe('SOCKS through desk > west > east < lab', function () {
  this.timeout(60_000);
  const place = new Workplace();
  const lonely = new Workplace();
  const clients: SocksClient[] = [];
  let bed: SocksBed;
  let server: TestServer;
  let silent: SilentServer;
  /** What takes ten seconds each, all at once. */
  let slow: { readonly timeout: Promise<SocksReply>; readonly noCarrier: Promise<SocksReply>; readonly stalled: Promise<void> };

  before(async () => {
    server = await TestServer.start(echo);
    const passwd = await place.run(['passwd', 'users.txt', 'ann'], 'secret\n');
    expect(passwd.status, passwd.stderr).to.equal(0);
    const allow = 'allow: ["127.0.0.1:*", "[::1]:*"]';
    bed = await startSocks(place, [`at: desk, ${allow}`, `at: desk, accounts: users.txt, ${allow}`, `at: desk, bind: false, udp: false, ${allow}`, `at: lab, ${allow}`, 'at: desk, allow: ["*.acme:81"]']);
    silent = await startSilent(place);
    slow = { timeout: askSilent(), noCarrier: askAlone(), stalled: stall() };
    for (const one of Object.values(slow)) one.catch(() => {});
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.chain.logs());
    for (const { socket } of clients.splice(0)) socket.destroy();
  });
  after(async () => {
    await Promise.all([place.remove(), lonely.remove(), server.stop()]);
    for (const socket of silent.fillers) socket.destroy();
  });

  async function client(service = 0): Promise<SocksClient> {
    const made = await SocksClient.connect(bed.ports[service] ?? 0);
    clients.push(made);
    return made;
  }

  async function greeted(service = 0): Promise<SocksClient> {
    return (await client(service)).greet();
  }

  /** A target whose backlog is full: it does not answer. */
  async function askSilent(): Promise<SocksReply> {
    const asking = await (await SocksClient.connect(bed.ports[0] ?? 0)).greet();
    return asking.request(1, '127.0.0.1', silent.port);
  }

  /** An end whose other end is not there. */
  async function askAlone(): Promise<SocksReply> {
    const chain = await ProcessChain.make(lonely);
    const [port = 0] = await freePorts(1);
    chain.write({ services: [`socks: { plugin: socks, at: desk, listen: "127.0.0.1:${port}", allow: ["127.0.0.1:*"] }`] });
    await chain.start('desk');
    return (await (await SocksClient.connect(port)).greet()).request(1, '127.0.0.1', server.port);
  }

  /** Half a request, and nothing more. */
  async function stall(): Promise<void> {
    const stalling = (await (await SocksClient.connect(bed.ports[0] ?? 0)).greet()).send(5, 1, 0);
    await stalling.ended;
  }

  describe('replies with', () => {
    it('0 when it has connected, with the address that the target sees', async () => {
      let seen = '';
      const target = await TestServer.start((socket) => {
        seen = `${socket.remoteAddress}:${socket.remotePort}`;
        socket.end('first words');
      });
      try {
        const asking = await greeted();
        const { code, bound } = await asking.request(1, REMOTE_NAME, target.port);
        expect([code, bound]).to.deep.equal([0, seen]);
        expect((await asking.read(11)).toString()).to.equal('first words');
      } finally {
        await target.stop();
      }
    });

    it('1 to a request that is none', async () => {
      const asking = (await greeted()).send(4, 1, 0, 1, 127, 0, 0, 1, 0, 80);
      expect((await asking.reply()).code).to.equal(1);
      await asking.ended;
    });

    it('2 when allow does not have the target', async () => {
      for (const [host, port] of [['10.1.2.3', 80], [REMOTE_NAME, 0], ['a/b', 80], ['0.0.0.0', server.port]] as const) {
        expect((await (await greeted()).request(1, host, port)).code, host).to.equal(2);
      }
    });

    it('2 when allow does not have the name, its port, or (loopback) what it stands for at the far end', async () => {
      for (const [host, port] of [['elsewhere.globex', 81], ['elsewhere.acme', 82], [REMOTE_NAME, 81]] as const) {
        expect((await (await greeted(4)).request(1, host, port)).code, host).to.equal(2);
      }
    });

    it('4 when the far end does not know the name', async () => {
      expect((await (await greeted()).request(1, 'elsewhere.acme', 81)).code).to.equal(4);
    });

    it('5 when the target refuses', async () => {
      const [nobody = 0] = await freePorts(1);
      expect((await (await greeted()).request(1, '127.0.0.1', nobody)).code).to.equal(5);
    });

    it('7 to commands that there are not, or not here', async () => {
      expect((await (await greeted()).request(4, '127.0.0.1', 80)).code).to.equal(7);
      for (const command of [2, 3]) expect((await (await greeted(2)).request(command, '127.0.0.1', 80)).code).to.equal(7);
    });

    it('8 to types of address that there are not', async () => {
      expect((await (await greeted()).send(5, 1, 0, 2, 1, 1, 1, 1, 0, 80).reply()).code).to.equal(8);
    });

    it('6 when the target does not answer', async () => {
      expect((await slow.timeout).code).to.equal(6);
    });

    it('3 when there is no tunnel', async () => {
      expect((await slow.noCarrier).code).to.equal(3);
    });

    it('90 and 91 in version 4', async () => {
      const [nobody = 0] = await freePorts(1);
      expect((await (await client()).request4(1, '127.0.0.1', server.port)).code).to.equal(90);
      for (const [host, port] of [['127.0.0.1', nobody], ['10.1.2.3', 80]] as const) expect((await (await client()).request4(1, host, port)).code).to.equal(91);
      expect((await (await client(1)).request4(1, '127.0.0.1', server.port)).code).to.equal(91);
    });
  });

  it('takes data that comes with the request, and carries half-close', async () => {
    const asking = (await client()).send(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, server.port >> 8, server.port & 255, 'early');
    asking.socket.end('late');
    expect((await asking.read(2)).toString('hex')).to.equal('0500');
    expect((await asking.reply()).code).to.equal(0);
    expect((await asking.read(9)).toString()).to.equal('earlylate');
    await asking.ended;
  });

  it('serves from the other end too', async () => {
    const asking = await greeted(3);
    expect((await asking.request(1, '127.0.0.1', server.port)).code).to.equal(0);
    expect((await asking.send('x').read(1)).toString()).to.equal('x');
  });

  it('closes what stops in the middle of its request', () => slow.stalled);

  describe('with accounts', () => {
    it('lets in who knows the password', async () => {
      const asking = await client(1);
      expect(await asking.logIn('ann', 'secret')).to.equal(true);
      expect((await asking.request(1, '127.0.0.1', server.port)).code).to.equal(0);
    });

    it('lets in nobody else', async () => {
      for (const [user, password] of [['ann', 'guess'], ['bob', 'secret'], ['ann', '']] as const) {
        const asking = await client(1);
        expect(await asking.logIn(user, password)).to.equal(false);
        await asking.ended;
      }
      const asking = (await client(1)).send(5, 1, 0);
      expect((await asking.read(2)).toString('hex')).to.equal('05ff');
      await asking.ended;
    });
  });

  describe('BIND', () => {
    for (const version of [4, 5] as const) {
      it(`of version ${version} tells where it listens, then who connected, and joins the two`, async () => {
        const asking = await client();
        const { code, bound } = version === 4 ? await asking.request4(2, '127.0.0.1', 21) : await (await asking.greet()).request(2, REMOTE_NAME, 21);
        expect(code).to.equal(version === 4 ? 90 : 0);
        const peer = peerOf(bound);
        await once(peer, 'connect');
        const second = version === 4 ? await asking.reply4() : await asking.reply();
        expect(second).to.deep.equal({ code, bound: `127.0.0.1:${(peer.address() as AddressInfo).port}` });
        peer.write('from the peer');
        expect((await asking.read(13)).toString()).to.equal('from the peer');
        asking.send('to the peer');
        expect(String((await once(peer, 'data') as [Buffer])[0])).to.equal('to the peer');
        peer.end();
        await asking.ended;
        expect(await isRefused(bound)).to.equal(true);
        peer.destroy();
      });
    }

    it('takes nobody but the peer, and one connection of it', async () => {
      const asking = await greeted();
      const { bound } = await asking.request(2, '127.0.0.1', 21);
      const stranger = peerOf(bound, '127.0.0.2');
      await once(stranger, 'close');
      const peer = peerOf(bound);
      expect((await asking.reply()).bound).to.equal(`127.0.0.1:${(await localPort(peer))}`);
      expect(await isRefused(bound)).to.equal(true);
      peer.destroy();
    });

    it('is refused where allow does not have the peer', async () => {
      for (const host of ['10.1.2.3', '0.0.0.0']) expect((await (await greeted()).request(2, host, 21)).code, host).to.equal(2);
    });

    it('ends when the application leaves', async () => {
      const asking = await greeted();
      const { bound } = await asking.request(2, '127.0.0.1', 21);
      asking.socket.end();
      await asking.ended;
      while (!(await isRefused(bound)));
    });
  });

  describe('UDP ASSOCIATE', () => {
    let target: UdpSocket;
    let own: UdpSocket;
    beforeEach(async () => {
      target = await udpSocket();
      target.on('message', (datagram, { port, address }) => target.send(datagram, port, address));
      own = await udpSocket();
    });
    afterEach(() => {
      target.close();
      own.close();
    });

    /** With the header of an IPv4 target. */
    function framed(text: string, { frag = 0, host = '127.0.0.1', port = target.address().port } = {}): Buffer {
      return Buffer.concat([Buffer.from([0, 0, frag, 1, ...host.split('.').map(Number), port >> 8, port & 255]), Buffer.from(text)]);
    }

    it('carries datagrams both ways, with the target before each answer', async () => {
      const asking = await greeted();
      const relay = portOf((await asking.request(3, '0.0.0.0', 0)).bound);
      for (const text of ['one', '', 'x'.repeat(8000)]) {
        own.send(framed(text), relay, '127.0.0.1');
        const [answer] = (await once(own, 'message')) as [Buffer];
        expect(answer.equals(framed(text))).to.equal(true);
      }
    });

    it('drops fragments, what is no header, what allow does not have, and other senders; and goes on', async () => {
      const asking = await greeted();
      const relay = portOf((await asking.request(3, '127.0.0.1', own.address().port)).bound);
      const strangers = [await udpSocket('127.0.0.2'), await udpSocket()];
      for (const stranger of strangers) stranger.send(framed('stranger'), relay, '127.0.0.1');
      for (const bad of [framed('fragment', { frag: 1 }), Buffer.from([0, 0]), Buffer.from('no header at all'), framed('denied', { host: '10.1.2.3' })]) own.send(bad, relay, '127.0.0.1');
      const answers: string[] = [];
      const heard: string[] = [];
      target.on('message', (datagram) => heard.push(datagram.toString()));
      own.on('message', (answer: Buffer) => answers.push(answer.subarray(10).toString()));
      own.send(framed('good'), relay, '127.0.0.1');
      await until('the good one comes back', () => answers.includes('good'));
      expect([answers, heard]).to.deep.equal([['good'], ['good']]);
      for (const stranger of strangers) stranger.close();
    });

    it('ends with its connection', async () => {
      const asking = await greeted();
      const relay = portOf((await asking.request(3, '0.0.0.0', 0)).bound);
      own.connect(relay, '127.0.0.1');
      await once(own, 'connect');
      asking.socket.end();
      await asking.ended;
      let code: string | undefined;
      own.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
      // The system says that nobody is there any more.
      await until('nobody takes datagrams', () => {
        own.send(framed('late'));
        return code === 'ECONNREFUSED';
      });
    });
  });
});

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

function peerOf(address: string, localAddress = '127.0.0.1'): Socket {
  return connect({ host: '127.0.0.1', port: portOf(address), localAddress }).on('error', () => {});
}

async function localPort(socket: Socket): Promise<number> {
  if (socket.connecting) await once(socket, 'connect');
  return (socket.address() as AddressInfo).port;
}

async function udpSocket(host = '127.0.0.1'): Promise<UdpSocket> {
  const socket = createSocket('udp4').bind(0, host);
  await once(socket, 'listening');
  return socket;
}

interface SilentServer {
  readonly port: number;
  readonly fillers: readonly Socket[];
}

/** A process that listens and does nothing else, with a full backlog: who connects hears nothing. */
async function startSilent(place: Workplace): Promise<SilentServer> {
  const listening = place.spawn(process.execPath, ['-e', "require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); })"]);
  const port = Number((await listening.says(/^\d+\n/))[0]);
  listening.child.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}));
  await until('its backlog is full', () => fillers.filter(({ connecting }) => !connecting).length >= 2);
  return { port, fillers };
}

async function isRefused(address: string): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port: portOf(address) });
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    socket.on('error', () => {}).destroy();
  }
}
