/** Real programs that find the tunnel as their HTTP proxy, and nothing but it: names are resolved at the far end alone. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { generateIdentity, selfSignedCertificate } from '@lstp/core/security';
import { freePorts, skipBecause, Workplace, type Ended, type Running } from 'lstp/testing';
import { startWithNames } from './support/names-at-one-end.js';

const CONTENT = 'x'.repeat(2_000_000);

describe('an http-proxy service and programs of other people,', function () {
  this.timeout(60_000);
  const place = new Workplace();
  let server: Server;
  let secure: TlsServer;
  let ports: { http: number; https: number };
  let proxy: string;
  let guarded: string;
  let desk: Running;
  let lab: Running;

  before(async () => {
    server = createServer((request, response) => {
      if (request.method === 'PUT') return void request.pipe(response);
      const file = join(place.folder, 'served', new URL(request.url ?? '/', 'http://a').pathname);
      if (statSync(file, { throwIfNoEntry: false })?.isFile()) response.end(readFileSync(file));
      else response.end(request.url === '/large' ? CONTENT : `host ${request.headers.host}`);
    });
    server.listen(0, '127.0.0.1');
    const { privateKey } = generateIdentity();
    secure = createTlsServer({ key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: selfSignedCertificate(privateKey) }, (_, response) => response.end('over TLS'));
    secure.listen(0, '127.0.0.1');
    await Promise.all([once(server, 'listening'), once(secure, 'listening')]);
    ports = { http: (server.address() as AddressInfo).port, https: (secure.address() as AddressInfo).port };
    ({ desk, lab, proxy, guarded } = await startChain(place, ports));
  });
  after(async () => {
    await Promise.all([desk?.end(), lab?.end()]);
    await place.remove();
    server?.close();
    secure?.close();
  });

  function curl(...args: string[]): Promise<Ended> {
    return place.spawn('curl', ['-sS', '--noproxy', '', ...args]).ended;
  }

  describe('curl', () => {
    before(function () {
      if (!existsSync('/usr/bin/curl')) skipBecause(this, 'curl is not installed');
    });

    it('gets by URL what only the far end has a name for', async () => {
      const { stdout, stderr } = await curl('--proxy', `http://${proxy}`, `http://www.acme:${ports.http}/`);
      expect([stdout, stderr]).to.deep.equal([`host www.acme:${ports.http}`, '']);
    });

    it('gets and sends much, and several over one connection', async () => {
      expect((await curl('--proxy', `http://${proxy}`, `http://www.acme:${ports.http}/large`, `http://www.acme:${ports.http}/large`)).stdout).to.equal(CONTENT + CONTENT);
      writeFileSync(join(place.folder, 'upload'), CONTENT);
      expect((await curl('--proxy', `http://${proxy}`, '-T', 'upload', `http://www.acme:${ports.http}/put`)).stdout).to.equal(CONTENT);
    });

    it('connects, to TLS and through a tunnel', async () => {
      expect((await curl('--proxy', `http://${proxy}`, '-k', `https://www.acme:${ports.https}/`)).stdout).to.equal('over TLS');
      expect((await curl('--proxy', `http://${proxy}`, '--proxytunnel', `http://www.acme:${ports.http}/a`)).stdout).to.equal(`host www.acme:${ports.http}`);
    });

    it('is told the status of what is denied and of what has no name', async () => {
      expect((await curl('--proxy', `http://${proxy}`, '-w', '%{http_code}', 'http://10.0.0.1/')).stdout).to.match(/^lstp: denied: .*\n403$/);
      expect((await curl('--proxy', `http://${proxy}`, '-w', '%{http_code}', 'http://nowhere.acme/')).stdout).to.match(/^lstp: name-not-found: .*\n502$/);
      expect((await curl('--proxy', `http://${proxy}`, 'https://10.0.0.1/')).stderr).to.match(/403/);
    });

    it('is asked for user and password, and served with the right ones only', async () => {
      const url = `http://www.acme:${ports.http}/`;
      for (const more of [[], ['--proxytunnel']]) {
        expect((await curl('--proxy', `http://${guarded}`, '-w', '%{http_code} %{http_connect}', '-o', '/dev/null', url, ...more)).stdout, 'none').to.match(/407/);
        expect((await curl('--proxy', `http://${guarded}`, '--proxy-user', 'ann:wrong', '-w', '%{http_code} %{http_connect}', '-o', '/dev/null', url, ...more)).stdout, 'wrong').to.match(/407/);
        expect((await curl('--proxy', `http://${guarded}`, '--proxy-user', 'ann:right one', url, ...more)).stdout).to.equal(`host www.acme:${ports.http}`);
        expect((await curl('--proxy', `http://${guarded}`, '--proxy-anyauth', '--proxy-user', 'ann:right one', url, ...more)).stdout).to.equal(`host www.acme:${ports.http}`);
      }
    });
  });

  it('wget fetches by URL', async function () {
    if (!existsSync('/usr/bin/wget')) skipBecause(this, 'wget is not installed');
    const { stdout } = await place.spawn('wget', ['-q', '-O', '-', '-e', 'use_proxy=yes', '-e', `http_proxy=http://${proxy}`, `http://www.acme:${ports.http}/w`]).ended;
    expect(stdout).to.equal(`host www.acme:${ports.http}`);
  });

  it('git clones over http', async function () {
    if (!existsSync('/usr/bin/git')) skipBecause(this, 'git is not installed');
    const origin = join(place.folder, 'origin');
    mkdirSync(origin);
    const git = (...args: string[]): string => execFileSync('git', ['-C', origin, '-c', 'user.name=lstp', '-c', 'user.email=lstp@localhost', ...args]).toString();
    git('init', '-q');
    writeFileSync(join(origin, 'note'), CONTENT);
    git('add', '.');
    git('commit', '-qm', 'first');
    execFileSync('git', ['clone', '-q', '--bare', origin, join(place.folder, 'served', 'note.git')]);
    execFileSync('git', ['-C', join(place.folder, 'served', 'note.git'), 'update-server-info']);
    const clone = place.spawn('git', ['-c', `http.proxy=http://${proxy}`, 'clone', '-q', `http://www.acme:${ports.http}/note.git`, 'clone']);
    expect((await clone.ended).status).to.equal(0);
    expect(readFileSync(join(place.folder, 'clone', 'note'), 'utf8')).to.equal(CONTENT);
  });

  it('no name of theirs was looked up where they are', () => {
    expect(desk.stderr).not.to.match(/looked up/);
    expect(lab.stderr).to.match(/looked up www\.acme\n/);
  });
});

/** `desk > lab`, a process each; `www.acme` is 127.0.0.1 at lab, and desk cannot look up anything. */
async function startChain(place: Workplace, ports: { http: number; https: number }): Promise<{ desk: Running; lab: Running; proxy: string; guarded: string }> {
  const [open = 0, guarded = 0] = await freePorts(2);
  mkdirSync(join(place.folder, 'served'), { recursive: true });
  expect((await place.run(['passwd', 'users.txt', 'ann'], 'right one\n')).status).to.equal(0);
  const allow = `allow: ["*.acme:80", "127.0.0.1:${ports.http}", "127.0.0.1:${ports.https}"]`;
  const running = await startWithNames(place, [
    `proxy: { plugin: http-proxy, at: desk, listen: "127.0.0.1:${open}", ${allow} }`,
    `guarded: { plugin: http-proxy, at: desk, listen: "127.0.0.1:${guarded}", accounts: users.txt, ${allow} }`,
  ]);
  return { ...running, proxy: `127.0.0.1:${open}`, guarded: `127.0.0.1:${guarded}` };
}
