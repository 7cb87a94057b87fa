import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { freePort, type ChannelRefusal } from '@lstp/core';
import { until } from '@lstp/core/testing';
import { bundledPlugins } from '@lstp/plugins';
import { Application, ApplicationServer } from './support/application.js';
import { bomb, deflate, faulty, lateConnection, line, packets, shift, spy, type Seen } from './support/role-plugins.js';
import { RoleBed } from './support/role-bed.js';
import { chainOf, type PairPlan, type TestEnd } from './support/test-end.js';

describe('plugins', function () {
  this.timeout(20_000);
  let bed: RoleBed;
  let plan: PairPlan;
  let echoes: ApplicationServer;

  before(async () => {
    bed = await RoleBed.make();
    ({ plan, echoes } = bed);
  });
  after(() => echoes.stop());
  afterEach('nothing is left', () => bed.stopEnds());

  const start: RoleBed['start'] = (options, plugins) => bed.start(options, plugins);
  const echoService = (more: string): string => bed.service('echo', more);
  const expectEcho: RoleBed['expectEcho'] = (end, service, bytes) => bed.expectEcho(end, service, bytes);

  /** Gives each datagram back; `bye`, at which the back end of `packets` ends its flow, for `end`. */
  async function startEcho(): Promise<DatagramSocket> {
    const server = createSocket('udp4').bind(0, '127.0.0.1');
    await once(server, 'listening');
    server.on('message', (datagram, { port, address }) => server.send(datagram.toString() === 'end' ? 'bye' : datagram, port, address));
    return server;
  }

  /** What an application hears that says `words` and no more. */
  async function hear(address: { readonly host: string; readonly port: number }, words: string): Promise<{ text: string; ending: string }> {
    const client = Application.connect(address);
    let text = '';
    client.socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    client.send(Buffer.from(words)).finish();
    return { ending: await client.ended, text };
  }

  describe('a front end that answers', () => {
    const services = (allow: string) => [`line: { plugin: line, at: desk, listen: "127.0.0.1:0", allow: [${allow}] }`];

    it('tells the application where the far end connected from, before any byte of the channel', async () => {
      const { desk } = await start({ services: services('"127.0.0.1:*"') }, [line]);
      const { text, ending } = await hear(desk.address('line'), `127.0.0.1:${echoes.port}\nhello`);
      expect(text).to.match(/^OK 127\.0\.0\.1:\d+\nhello$/);
      expect(ending).to.equal('end');
    });

    it('reads on behind a codec, once it has stopped for its handshake', async () => {
      const { desk } = await start({ services: ['line: { plugin: line, at: desk, listen: "127.0.0.1:0", allow: ["127.0.0.1:*"], codec: deflate }'] }, [line, deflate]);
      const client = Application.connect(desk.address('line')).send(Buffer.from(`127.0.0.1:${echoes.port}\n`));
      let text = '';
      client.socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await until('the far end has connected', () => text.endsWith('\n'));
      client.send(Buffer.from('hello'));
      await until('what was sent has come back', () => text.endsWith('hello'));
      client.finish();
      expect(await client.ended).to.equal('end');
    });

    it('takes a handshake byte by byte', async () => {
      const { desk } = await start({ services: services('"127.0.0.1:*"') }, [line]);
      const client = Application.connect(desk.address('line'));
      let text = '';
      client.socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      for (const byte of Buffer.from(`127.0.0.1:${echoes.port}\n`)) {
        client.send(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await until('the answer', () => /^OK .*\n/.test(text));
      client.send(Buffer.from('hello')).finish();
      expect(await client.ended).to.equal('end');
      expect(text).to.match(/\nhello$/);
    });

    for (const [what, allow, target, code] of [
      ['a target that is not allowed', '"127.0.0.1:*"', () => '10.9.9.9:1', 'denied'],
      ['a server that refuses', '"127.0.0.1:*"', (port: number) => `127.0.0.1:${port}`, 'refused'],
      ['a name that is at loopback', '"*:80"', () => 'localhost:80', 'denied'],
      ['a name that there is not', '"*:80"', () => 'nowhere.invalid:80', 'name-not-found'],
    ] as const) {
      it(`tells it why not, and ends in order: ${what}`, async () => {
        const { desk, lab } = await start({ services: services(allow) }, [line]);
        const { text, ending } = await hear(desk.address('line'), `${target(await freePort())}\nhello`);
        expect(text).to.equal(`NO ${code}\n`);
        expect(ending).to.equal('end');
        if (code === 'denied') expect(await lab.says(/channel denied/)).to.include({ audit: 'denied', service: 'line', peer: 'desk', kind: 'stream', code: 'denied' }).and.have.property('target');
      });
    }

    it('tells it that the tunnel is down', async () => {
      const end = await plan.end('desk', { services: services('"*:1"') }, { plugins: [...bundledPlugins, line], holdMs: 20 });
      bed.running.push(end);
      await end.start();
      expect(await hear(end.address('line'), 'a.acme:1\n')).to.deep.equal({ text: 'NO no-carrier\n', ending: 'end' });
    });

    it('ends a handshake that is too long, or that breaks off', async () => {
      const { desk } = await start({ services: services('"*:1"') }, [line]);
      expect((await hear(desk.address('line'), 'x'.repeat(100_000))).text).to.equal('NO ERR_LSTP_HANDSHAKE_LIMIT\n');
      expect((await hear(desk.address('line'), 'x')).text).to.equal('NO ERR_LSTP_HANDSHAKE_ENDED\n');
    });

    it('has the far end listen, and gets what connects there', async () => {
      const { desk } = await start({ services: services('"127.0.0.1:*"') }, [line]);
      const client = Application.connect(desk.address('line'));
      let text = '';
      client.socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      client.send(Buffer.from('bind 127.0.0.1:1\nearly'));
      await until('the address', () => /^OK .*\n/.test(text));
      const peer = Application.connect({ host: '127.0.0.1', port: Number(/:(\d+)\n/.exec(text)?.[1]) });
      let got = '';
      peer.socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
      peer.send(Buffer.from('from outside')).finish();
      await until('what the peer said', () => text.endsWith('from outside'));
      expect(text).to.match(/^OK 127\.0\.0\.1:\d+\nFROM 127\.0\.0\.1:\d+\nfrom outside$/);
      client.send(Buffer.from(' and late')).finish();
      expect(await peer.ended).to.equal('end');
      expect(got).to.equal('early and late');
      await until('no channel is left', () => desk.tunnel().channels.length === 0);
    });
  });

  describe('datagrams', () => {
    it('go both ways, flow by flow, and a flow ends from the far end', async () => {
      const server = await startEcho();
      const { desk, lab } = await start({ services: [`dns: { plugin: packets, at: desk, to: "127.0.0.1:${server.address().port}" }`] }, [packets]);
      const client = createSocket('udp4');
      client.connect(desk.address('dns').port, '127.0.0.1');
      await once(client, 'connect');
      try {
        client.send('');
        expect(((await once(client, 'message')) as [Buffer])[0].length).to.equal(0);
        const big = randomBytes(9000);
        client.send(big);
        expect(((await once(client, 'message')) as [Buffer])[0].equals(big)).to.equal(true);
        expect(lab.tunnel().channels).to.have.length(1);
        expect(lab.tunnel().channels[0]).to.include({ kind: 'datagram', dropped: 0, service: 'dns' });
        client.send('end');
        await until('the flow has ended', () => desk.tunnel().channels.length === 0 && lab.tunnel().channels.length === 0);
      } finally {
        client.close();
        server.close();
      }
    });
  });

  describe('a codec', () => {
    it('shrinks what shrinks, at both ends, with half-close, and is counted', async () => {
      const { desk, lab } = await start({ services: [echoService('codec: deflate')] }, [deflate]);
      await expectEcho(desk, 'echo', Buffer.alloc(2_000_000, 'a line of a log\n'));
      await expectEcho(desk);
      const at = (end: TestEnd) => end.tunnel().services[0]?.codec ?? { plainOut: 0, plainIn: 0, codedOut: 0, codedIn: 0 };
      expect(at(desk)).to.include({ name: 'deflate', plainOut: 5_000_000, plainIn: 5_000_000 });
      expect(at(desk).codedOut).to.be.lessThan(3_200_000).and.equal(at(lab).codedIn);
      expect(at(lab)).to.include({ plainOut: 5_000_000, plainIn: 5_000_000 });
    });

    it('never holds back a byte', async () => {
      const { desk } = await start({ services: [echoService('codec: deflate')] }, [deflate]);
      const client = Application.connect(desk.address('echo')).read();
      for (let count = 1; count < 20; count += 1) {
        client.send(Buffer.from('x'));
        await client.got(count);
      }
      client.finish();
      expect(await client.ended).to.equal('end');
    });

    it('resets as without one', async () => {
      const server = await ApplicationServer.start();
      const { desk } = await start({ services: [`s: { at: desk, listen: "127.0.0.1:0", to: "127.0.0.1:${server.port}", codec: deflate }`] }, [deflate]);
      const client = Application.connect(desk.address('s')).read().send(Buffer.from('x'));
      const accepted = (await server.accept()).read();
      await accepted.got(1);
      accepted.reset();
      expect(await client.ended).to.equal('reset');
      const other = Application.connect(desk.address('s')).read().send(Buffer.from('x'));
      const second = (await server.accept()).read();
      await second.got(1);
      other.reset();
      expect(await second.ended).to.equal('reset');
      await server.stop();
    });

    it('ends the channel of a bomb, and no other', async () => {
      const { desk } = await start({ services: [echoService('codec: bomb')] }, [bomb]);
      const client = Application.connect(desk.address('echo')).read().send(Buffer.alloc(8_000_000));
      expect(await client.ended).to.equal('reset');
      await expectEcho(desk, 'echo', Buffer.from('hello'));
    });

    it('is left out where the other end has none of its name', async () => {
      const options = { services: [echoService('codec: deflate')] };
      const [desk, lab] = await Promise.all([plan.end('desk', options, { plugins: [...bundledPlugins, deflate] }), plan.end('lab', { services: [echoService('carrier: shared')] })]);
      bed.running.push(desk, lab);
      await Promise.all([lab.start(), desk.start()]);
      await desk.role.established();
      await expectEcho(desk, 'echo', Buffer.from('hello'));
    });
  });

  describe('a rewriter', () => {
    it('changes bytes at its end, both ways', async () => {
      const seen: Seen[] = [];
      const { desk } = await start({ services: [echoService('codec: deflate, rewriters: [{ plugin: shift, by: 1 }, { plugin: shift, at: lab, by: 2 }], monitors: [spy, { plugin: spy, at: lab }]')] }, [shift, deflate, spy('spy', seen)]);
      expect(await hear(desk.address('echo'), 'HAL')).to.deep.equal({ text: 'HAL', ending: 'end' });
      await expectEcho(desk);
      expect(seen.slice(0, 2).map(({ facts, outgoing, incoming }) => [facts.role, outgoing, incoming])).to.have.deep.members([['front', 'HAL', 'HAL'], ['back', 'G@K', 'G@K']]);
      await until('all have seen the end', () => seen.length === 4 && seen.every(({ closed }) => closed === 'done'));
    });

    for (const [where, at] of [['front', 'desk'], ['back', 'lab']] as const) {
      it(`cannot change datagrams (${where} end): the channel is refused, and nothing goes as it is`, async () => {
        const server = createSocket('udp4').bind(0, '127.0.0.1');
        await once(server, 'listening');
        let received = 0;
        server.on('message', () => (received += 1));
        const { desk, lab } = await start({ services: [`dns: { plugin: packets, at: desk, to: "127.0.0.1:${server.address().port}", rewriters: [{ plugin: shift, at: ${at}, by: 1 }] }`, echoService('carrier: shared')] }, [packets, shift]);
        const client = createSocket('udp4');
        client.send('secret', desk.address('dns').port, '127.0.0.1');
        await (at === 'desk' ? desk : lab).says(/a plugin failed|back end failed/);
        await expectEcho(desk, 'echo', Buffer.from('hello'));
        await until('no channel is left', () => desk.tunnel().channels.length === 0);
        expect(received).to.equal(0);
        client.close();
        server.close();
      });
    }

    it('that throws refuses the channel: nothing goes as it is', async () => {
      const { desk } = await start({ services: [echoService('rewriters: [{ plugin: shift, by: 0 }]')] }, [shift]);
      expect(await Application.connect(desk.address('echo')).read().ended).to.equal('reset');
      expect(await desk.says(/a plugin failed/)).to.include({ service: 'echo' });
      expect(echoes.openCount).to.equal(0);
    });

    it('that throws refuses a connection of a listener too, and no more', async () => {
      const { desk } = await start({ services: ['s: { plugin: socks, at: desk, listen: "127.0.0.1:0", allow: ["127.0.0.1:*"], rewriters: [{ plugin: shift, by: 0 }] }', echoService('carrier: shared')] }, [shift]);
      // SOCKS 4, BIND for 127.0.0.1: eight bytes back, the port where it listens in the third and fourth.
      const { socket } = Application.connect(desk.address('s'));
      socket.write(Buffer.from([4, 2, 0, 21, 127, 0, 0, 1, 0]));
      const [reply] = (await once(socket, 'data')) as [Buffer];
      const peer = Application.connect({ host: '127.0.0.1', port: reply.readUInt16BE(2) }).read();
      expect(await peer.ended).to.equal('reset');
      if (!socket.closed) await once(socket.resume(), 'close');
      await until('no channel is left', () => desk.tunnel().channels.length === 0);
      expect(await desk.says(/a plugin failed/)).to.include({ service: 's' });
      await expectEcho(desk, 'echo', Buffer.from('hello'));
    });
  });

  describe('a monitor', () => {
    it('sees both directions at its end', async () => {
      const seen: Seen[] = [];
      const { desk } = await start({ services: [echoService('monitors: [spy, { plugin: spy, at: lab }]')] }, [spy('spy', seen)]);
      expect(await hear(desk.address('echo'), 'hello')).to.deep.equal({ text: 'hello', ending: 'end' });
      await until('both have seen the end', () => seen.filter(({ closed }) => closed === 'done').length === 2);
      for (const { outgoing, incoming, facts } of seen) expect([outgoing, incoming, facts.source]).to.deep.equal(['hello', 'hello', seen[0]?.facts.source]);
      expect(desk.tunnel().services[0]?.counts, 'what it counts').to.deep.equal({ 'channels watched': 1 });
    });

    for (const codec of ['', 'codec: deflate, ']) {
      it(`says in the status what it has seen of a channel${codec === '' ? '' : ' that is compressed'}`, async () => {
        const { desk, lab } = await start({ services: [echoService(`${codec}monitors: [one, two, { plugin: two, at: lab }]`)] }, [deflate, spy('one', []), spy('two', [])]);
        const client = Application.connect(desk.address('echo')).send(Buffer.from('hello'));
        await once(client.socket, 'data');
        expect(desk.tunnel().channels.map(({ monitors }) => monitors)).to.deep.equal([{ one: { heard: 'hello' }, two: { heard: 'hello' } }]);
        expect(lab.tunnel().channels.map(({ monitors }) => monitors)).to.deep.equal([{ two: { heard: 'hello' } }]);
        client.finish();
        expect(await client.ended).to.equal('end');
      });
    }

    it('sees datagrams, one call each, at its end', async () => {
      const seen: Seen[] = [];
      const server = await startEcho();
      const { desk } = await start({ services: [`dns: { plugin: packets, at: desk, to: "127.0.0.1:${server.address().port}", monitors: [spy, { plugin: spy, at: lab }] }`] }, [packets, spy('spy', seen)]);
      const client = createSocket('udp4');
      client.connect(desk.address('dns').port, '127.0.0.1');
      await once(client, 'connect');
      try {
        for (const word of ['one', 'two']) {
          client.send(word);
          await once(client, 'message');
        }
        client.send('end');
        await until('both have seen the end', () => seen.filter(({ closed }) => closed === 'done').length === 2);
      } finally {
        client.close();
        server.close();
      }
      expect(seen.map(({ facts }) => `${facts.kind} ${facts.role}`)).to.have.members(['datagram front', 'datagram back']);
      const front = seen.find(({ facts }) => facts.role === 'front');
      const back = seen.find(({ facts }) => facts.role === 'back');
      expect([front?.calls, back?.calls]).to.deep.equal([
        [['out', 'one'], ['in', 'one'], ['out', 'two'], ['in', 'two'], ['out', 'end']],
        [['in', 'one'], ['out', 'one'], ['in', 'two'], ['out', 'two'], ['in', 'end']],
      ]);
    });

    it('that throws is let go and logged; the data goes on, and others see it', async () => {
      const [first, second]: [Seen[], Seen[]] = [[], []];
      const { desk } = await start({ services: [echoService('monitors: [bad, good]')] }, [spy('bad', first, 'he'), spy('good', second)]);
      expect(await hear(desk.address('echo'), 'hello')).to.deep.equal({ text: 'hello', ending: 'end' });
      expect(second[0]).to.include({ outgoing: 'hello', incoming: 'hello' });
      expect(first[0]).to.include({ incoming: '' });
      expect(await desk.says(/monitor failed/)).to.include({ plugin: 'bad', service: 'echo' });
    });
  });

  it('of a module that a reload brings serve the services that it brings', async () => {
    const { desk, lab } = await start({ services: [echoService('carrier: shared')] }, []);
    const services = [echoService('carrier: shared'), `line: { plugin: line, at: desk, listen: "127.0.0.1:0", allow: ["127.0.0.1:${echoes.port}"] }`];
    const plugins = [...bundledPlugins, line];
    for (const end of [lab, desk]) expect((await end.role.reload([chainOf(plan.text({ services }), plugins)], plugins)).applied).to.deep.equal(['acme: service line started']);
    expect((await hear(desk.address('line'), `127.0.0.1:${echoes.port}\nhello`)).text).to.match(/^OK 127\.0\.0\.1:\d+\nhello$/);
  });

  describe('a plugin that fails', () => {
    for (const fault of ['constructor', 'start'] as const) {
      it(`in its ${fault} takes down its service, and status says why`, async () => {
        const { desk } = await start({ services: [`bad: { plugin: faulty, at: desk, fault: ${fault} }`, echoService('carrier: shared')] }, [faulty]);
        expect(desk.tunnel().services.find(({ name }) => name === 'bad')?.error).to.match(fault === 'start' ? /start fails/ : /made to fail/);
        await expectEcho(desk, 'echo', Buffer.from('hello'));
      });
    }

    it('to stop is logged, and the node ends all the same', async () => {
      const { desk } = await start({ services: ['bad: { plugin: faulty, at: desk, fault: stop }'] }, [faulty]);
      await desk.stop();
      expect(await desk.says(/failed to stop/)).to.include({ service: 'bad' });
    });

    for (const [fault, code] of [['throw', 'internal'], ['reject', 'internal'], ['nothing', 'internal'], ['refuse', 'unreachable'], ['stream', 'reset']] as const) {
      it(`to connect (${fault}) ends its channel: ${code}`, async () => {
        const { desk } = await start({ services: [`bad: { plugin: faulty, at: desk, fault: ${fault} }`, echoService('carrier: shared')] }, [faulty]);
        const stream = new PassThrough();
        stream.write('x');
        expect(await desk.role.connect({ service: 'bad' }, stream).closed).to.equal(code);
        await expectEcho(desk, 'echo', Buffer.from('hello'));
      });
    }

    for (const fault of ['hang', 'deaf', 'late'] as const) {
      it(`to answer at all (${fault}) is given up, and told so; what it gives then is thrown away`, async () => {
        const ends = await plan.start({ services: [`bad: { plugin: faulty, at: desk, fault: ${fault} }`, echoService('carrier: shared')] }, { plugins: [...bundledPlugins, faulty], connectMs: 40 });
        bed.running.push(ends.desk, ends.lab);
        const stream = new PassThrough().resume();
        stream.write('x');
        const { connected } = ends.desk.role.connect({ service: 'bad' }, stream);
        const refusal = await connected.then(() => undefined, (error: ChannelRefusal) => error);
        expect(refusal).to.include({ reason: 'timeout', message: 'the back end did not answer within 0.04 s' });
        expect(await ends.lab.says(/channel refused/)).to.include({ service: 'bad', code: 'timeout' });
        if (fault === 'late') await until('what came too late is closed', () => lateConnection()?.destroyed);
        await until('nothing is left', () => [ends.desk, ends.lab].every((end) => end.tunnel().channels.length === 0));
        await expectEcho(ends.desk, 'echo', Buffer.from('hello'));
      });
    }

    it('to answer while its channel ends is told so', async () => {
      const { desk, lab } = await start({ services: ['bad: { plugin: faulty, at: desk, fault: hang }'] }, [faulty]);
      const stream = new PassThrough().resume();
      const joined = desk.role.connect({ service: 'bad' }, stream);
      await until('the back end connects', () => lab.tunnel().channels.length === 1);
      stream.destroy();
      expect(await joined.closed).to.equal('reset');
      await until('nothing is left', () => lab.tunnel().channels.length === 0);
    });
  });
});
