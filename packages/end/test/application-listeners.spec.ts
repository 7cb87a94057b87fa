import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Listening, ServiceAddress } from '@lstp/core';
import { ApplicationListeners } from '../src/index.js';

describe('where applications connect', () => {
  const listeners = new ApplicationListeners();
  const open: Listening[] = [];
  let folder: string;
  let sources: (string | undefined)[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lstp-listen-'));
    sources = [];
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((listening) => listening.close()));
    rmSync(folder, { recursive: true });
  });

  async function listen(address: ServiceAddress): Promise<string> {
    const listening = await listeners.listen(address, (socket, source) => {
      sources.push(source);
      socket.end('hello');
    });
    open.push(listening);
    return listening.address;
  }

  async function errorOf(address: ServiceAddress): Promise<Error> {
    const error = await listen(address).catch((reason: Error) => reason);
    expect(error).to.be.instanceOf(Error).with.property('code', 'ERR_LSTP_LISTEN');
    return error as Error;
  }

  async function greeting(where: { port: number; host: string } | { path: string }): Promise<string> {
    const socket = connect(where);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    return Buffer.concat(chunks).toString();
  }

  for (const [host, shown] of [['127.0.0.1', '127.0.0.1'], ['::1', '[::1]']] as const) {
    it(`listens on ${shown}, and says on which port when any would do`, async () => {
      const address = await listen({ kind: 'tcp', host, port: 0 });
      expect(address.startsWith(`${shown}:`)).to.equal(true);
      expect(await greeting({ host, port: Number(address.split(':').at(-1)) })).to.equal('hello');
      expect(sources[0]?.startsWith(`${shown}:`)).to.equal(true);
    });
  }

  it('shows IPv4 applications of an IPv6 listener as IPv4', async () => {
    const address = await listen({ kind: 'tcp', host: '::', port: 0 });
    await greeting({ host: '127.0.0.1', port: Number(address.split(':').at(-1)) });
    expect(sources[0]).to.match(/^127\.0\.0\.1:\d+$/);
  });

  it('listens on a Unix socket, whose applications have no address, and removes its file', async () => {
    const path = join(folder, 'app.sock');
    expect(await listen({ kind: 'unix', path })).to.equal(`unix:${path}`);
    expect(await greeting({ path })).to.equal('hello');
    expect(sources).to.deep.equal([undefined]);
    await open.pop()?.close();
    expect(existsSync(path)).to.equal(false);
  });

  it('listens in the abstract namespace, where there is one', async () => {
    if (process.platform !== 'linux') return;
    await listen({ kind: 'unix', path: `@${folder}` });
    expect(await greeting({ path: `\0${folder}` })).to.equal('hello');
  });

  it('replaces the socket file of a process that died', async () => {
    const path = join(folder, 'stale.sock');
    spawnSync(process.execPath, ['-e', `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`]);
    expect(existsSync(path)).to.equal(true);
    await listen({ kind: 'unix', path });
    expect(await greeting({ path })).to.equal('hello');
  });

  it('leaves alone the socket file of a process that lives, and any other file', async () => {
    const path = join(folder, 'living.sock');
    const living = createServer((socket: Socket) => socket.on('error', () => {}).end('mine')).listen(path);
    await once(living, 'listening');
    expect((await errorOf({ kind: 'unix', path })).message).to.match(/^cannot listen on unix:\S+living.sock: the address is in use; /);
    expect(await greeting({ path })).to.equal('mine');
    living.close();
    const file = join(folder, 'notes.txt');
    writeFileSync(file, 'notes');
    expect((await errorOf({ kind: 'unix', path: file })).message).to.match(/in use/);
    expect(existsSync(file)).to.equal(true);
  });

  it('names the address and the remedy when it cannot', async () => {
    const address = await listen({ kind: 'tcp', host: '127.0.0.1', port: 0 });
    const port = Number(address.split(':').at(-1));
    expect((await errorOf({ kind: 'tcp', host: '127.0.0.1', port })).message).to.equal(`cannot listen on 127.0.0.1:${port}: the address is in use; stop what listens there, or choose another port`);
    expect((await errorOf({ kind: 'tcp', host: '192.0.2.1', port: 0 })).message).to.match(/this machine does not have that address/);
    expect((await errorOf({ kind: 'tcp', host: 'nowhere.invalid', port: 0 })).message).to.match(/the name does not resolve/);
    expect((await errorOf({ kind: 'unix', path: join(folder, 'no/such/app.sock') })).message).to.match(/the folder of the socket does not exist/);
  });

  it('accepts no more once closed, while who was accepted goes on', async () => {
    let accepted: Socket | undefined;
    const listening = await listeners.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, (socket) => (accepted = socket));
    const where = { host: '127.0.0.1', port: Number(listening.address.split(':').at(-1)) };
    const client = connect(where);
    await once(client, 'connect');
    client.write('x');
    await listening.close();
    const late = connect(where);
    const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).to.equal('ECONNREFUSED');
    accepted?.end('still here');
    const [bytes] = (await once(client, 'data')) as [Buffer];
    expect(bytes.toString()).to.equal('still here');
    client.destroy();
    accepted?.destroy();
  });
});
