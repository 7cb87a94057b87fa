import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChannelRefusal, freePort, type ServiceAddress } from '@lstp/core';
import { ApplicationDialer } from '../src/index.js';
import { ApplicationServer, echo } from './support/application.js';

/** A program that listens and never takes a connection. */
const DEAF = `require('net').createServer().listen(0, '127.0.0.1', 1, function () {
  require('fs').writeSync(1, this.address().port + '\\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
})`;

describe('the dialer of real servers', () => {
  const dialer = new ApplicationDialer();
  const never = new AbortController().signal;
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lstp-dialer-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function refusalOf(address: ServiceAddress, dial = dialer, signal = never): Promise<ChannelRefusal> {
    const error = await dial.connect(address, signal).then(({ stream }) => stream.destroy() && undefined, (reason: Error) => reason);
    expect(error).to.be.instanceOf(ChannelRefusal);
    return error as ChannelRefusal;
  }

  for (const host of ['127.0.0.1', '::1', 'localhost']) {
    it(`connects to ${host} and says from where`, async () => {
      const server = await ApplicationServer.start(echo, { host, port: 0 });
      const { stream, bound } = await dialer.connect({ kind: 'tcp', host, port: server.port }, never);
      expect(bound).to.match(/^(127\.0\.0\.1|\[::1\]):\d+$/);
      expect(Number(bound.split(':').at(-1))).to.equal(stream.localPort);
      stream.destroy();
      await server.stop();
    });
  }

  it('connects to Unix sockets, also such without a file', async () => {
    for (const path of [join(folder, 'server.sock'), `@${folder}`]) {
      const server = await ApplicationServer.start(echo, { path: path.replace('@', '\0') });
      const { stream, bound } = await dialer.connect({ kind: 'unix', path }, never);
      expect(bound).to.equal(`unix:${path}`);
      stream.destroy();
      await server.stop();
    }
  });

  it('leaves the other direction open when the server has ended its own', async () => {
    const server = await ApplicationServer.start((application) => void application.read().finish());
    const { stream } = await dialer.connect({ kind: 'tcp', host: '127.0.0.1', port: server.port }, never);
    await once(stream.resume(), 'end');
    expect(stream.writable).to.equal(true);
    stream.destroy();
    await server.stop();
  });

  it('refuses for a server that is not there, naming it', async () => {
    const port = await freePort();
    expect(await refusalOf({ kind: 'tcp', host: '127.0.0.1', port })).to.include({ reason: 'refused' }).with.property('message').that.matches(new RegExp(`^127.0.0.1:${port}: `));
    expect(await refusalOf({ kind: 'tcp', host: '::1', port })).to.have.property('reason', 'refused');
    expect(await refusalOf({ kind: 'tcp', host: 'localhost', port })).to.have.property('reason', 'refused');
    expect(await refusalOf({ kind: 'unix', path: join(folder, 'none.sock') })).to.have.property('reason', 'refused');
  });

  it('refuses for a name that does not resolve', async () => {
    expect(await refusalOf({ kind: 'tcp', host: 'nowhere.invalid', port: 80 })).to.have.property('reason', 'name-not-found');
  });

  it('refuses for a server that does not answer, after its time', async () => {
    const deaf = spawn(process.execPath, ['-e', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] });
    const port = Number(String((await once(deaf.stdout, 'data'))[0]));
    const fill: Socket[] = Array.from({ length: 8 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}));
    await once(fill[0] as Socket, 'connect');
    const refusal = await refusalOf({ kind: 'tcp', host: '127.0.0.1', port }, new ApplicationDialer({ timeoutMs: 100 }));
    expect(refusal).to.include({ reason: 'timeout', message: `127.0.0.1:${port}: no answer within 0.1 s` });
    for (const socket of fill) socket.destroy();
    deaf.kill('SIGKILL');
    await once(deaf, 'close');
  });

  it('stops when the application has gone, before and while it dials', async () => {
    const server = await ApplicationServer.start(echo);
    const address = { kind: 'tcp', host: '127.0.0.1', port: server.port } as const;
    expect(await refusalOf(address, dialer, AbortSignal.abort())).to.have.property('reason', 'reset');
    const leaving = new AbortController();
    const refusal = refusalOf(address, dialer, leaving.signal);
    leaving.abort();
    expect(await refusal).to.have.property('reason', 'reset');
    await server.stop();
  });
});
