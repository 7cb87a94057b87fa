import { expect } from 'chai';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatEgressPath } from '@lstp/core/config';
import { parsePacAnswer } from '../src/pac-answer.js';
import { PacFile } from '../src/pac-file.js';

const WEST = { host: 'west.example.net', port: 7070 };
const shown = (paths: readonly { readonly through: readonly never[] }[] | ReturnType<typeof parsePacAnswer>): string[] => paths.map((path) => formatEgressPath(path).join(' ') || 'direct');

describe('egress: pac', () => {
  let folder: string;
  let now = 0;
  beforeEach(() => {
    now = 0;
    folder = mkdtempSync(join(tmpdir(), 'lstp-pac-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (body: string): string => {
    const path = join(folder, 'proxy.pac');
    writeFileSync(path, `function FindProxyForURL(url, host) { ${body} }`);
    return path;
  };
  const pac = (body: string): PacFile => new PacFile(write(body), () => now);
  const failure = (asking: Promise<unknown>): Promise<Error & { code?: string }> => asking.then(() => new Error('it did not fail'), (error: Error) => error);

  it('gives the alternatives of its answer, in order', async () => {
    expect(shown(await pac('return "PROXY fw.globex:3128; SOCKS5 fw.globex:1080; DIRECT";').pathsTo(WEST))).to.deep.equal(['http://fw.globex:3128', 'socks5://fw.globex:1080', 'direct']);
  });

  it('is asked for https, with the host and port of the node', async () => {
    const file = pac('return url === "https://west.example.net:7070/" && dnsDomainIs(host, ".example.net") && shExpMatch(host, "west*") ? "HTTPS fw:443" : "DIRECT";');
    expect(shown(await file.pathsTo(WEST))).to.deep.equal(['https://fw:443']);
  });

  it('looks up no name: what asks for addresses is answered for literal ones only', async () => {
    const file = pac('return isResolvable(host) || dnsResolve(host) !== null || isInNet(host, "0.0.0.0", "0.0.0.0") ? "PROXY looked-up:1" : "DIRECT";');
    expect(shown(await file.pathsTo({ host: 'localhost', port: 1 }))).to.deep.equal(['direct']);
    expect(shown(await pac('return isInNet(host, "10.0.0.0", "255.0.0.0") ? "PROXY a:1" : "DIRECT";').pathsTo({ host: '10.1.2.3', port: 1 }))).to.deep.equal(['http://a:1']);
    expect(shown(await pac('return "PROXY " + myIpAddress() + ":1";').pathsTo(WEST))[0]).to.match(/^http:\/\/[\d.]+:1$/);
  });

  it('reaches nothing of this process, and does not run for ever', async () => {
    expect(shown(await pac('return typeof process + typeof require + typeof fetch === "undefinedundefinedundefined" ? "DIRECT" : "PROXY a:1";').pathsTo(WEST))).to.deep.equal(['direct']);
    const endless = new PacFile(write('for (;;) {}'), () => (now += 1));
    expect(await failure(endless.pathsTo(WEST))).to.include({ code: 'ERR_LSTP_EGRESS' }).and.to.have.property('message').that.matches(/fails: .*interrupted/);
  });

  it('is named without what may be secret in its URL', async () => {
    const { message } = await failure(new PacFile('http://me:secret@127.0.0.1:1/p.pac?token=secret', () => now).pathsTo(WEST));
    expect(message).to.match(/^the PAC file http:\/\/127\.0\.0\.1:1\/p\.pac\?\.\.\. cannot be read: /).and.not.to.contain('secret');
    expect(formatEgressPath({ through: [], ask: { from: 'pac', at: 'http://me:secret@wpad/p.pac?token=secret' } })).to.deep.equal(['pac:http://wpad/p.pac?...']);
  });

  it('says what is wrong with it: not there, no PAC file, no answer', async () => {
    const absent = await failure(new PacFile(join(folder, 'absent.pac'), () => now).pathsTo(WEST));
    expect(absent.message).to.match(/^the PAC file .*absent\.pac cannot be read: ENOENT/);
    const page = join(folder, 'page.pac');
    writeFileSync(page, '<html>It works!</html>');
    expect((await failure(new PacFile(page, () => now).pathsTo(WEST))).message).to.match(/page\.pac is no PAC file: /);
    expect((await failure(pac('return "TELEPORT fw:1";').pathsTo(WEST))).message).to.match(/gives an answer that is none: "TELEPORT fw:1" names no way out/);
    expect((await failure(pac('return 7;').pathsTo(WEST))).message).to.match(/gives an answer that is none: it is no text but number$/);
    expect((await failure(pac('return host.nothing.more;').pathsTo(WEST))).message).to.match(/fails: /);
  });

  it('is read again after an hour, and counts as it was while it cannot be', async () => {
    const path = write('return "PROXY one:1";');
    const file = new PacFile(path, () => now);
    expect(shown(await file.pathsTo(WEST))).to.deep.equal(['http://one:1']);
    write('return "PROXY two:2";');
    expect(shown(await file.pathsTo(WEST))).to.deep.equal(['http://one:1']);
    now += 3_600_000;
    expect(shown(await file.pathsTo(WEST))).to.deep.equal(['http://two:2']);
    rmSync(path);
    now += 3_600_000;
    expect(shown(await file.pathsTo(WEST))).to.deep.equal(['http://two:2']);
  });

  describe('from a web server', () => {
    let server: Server;
    let answer: { status: number; body: string };
    beforeEach(async () => {
      server = createServer((_request, response) => response.writeHead(answer.status, { 'content-type': 'application/x-ns-proxy-autoconfig' }).end(answer.body)).listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    afterEach(async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    });
    const url = (): string => `http://ann:secret@127.0.0.1:${(server.address() as AddressInfo).port}/proxy.pac`;

    it('is fetched over HTTP', async () => {
      answer = { status: 200, body: 'function FindProxyForURL() { return "SOCKS fw:1080"; }' };
      expect(shown(await new PacFile(url(), () => now).pathsTo(WEST))).to.deep.equal(['socks5://fw:1080']);
    });

    it('says what the server answered, without the password', async () => {
      answer = { status: 404, body: '' };
      expect((await failure(new PacFile(url(), () => now).pathsTo(WEST))).message).to.match(/^the PAC file http:\/\/127\.0\.0\.1:\d+\/proxy\.pac cannot be read: HTTP 404$/);
      answer = { status: 200, body: ' '.repeat(1_048_577) };
      expect((await failure(new PacFile(url(), () => now).pathsTo(WEST))).message).to.include('it has more than 1048576 bytes');
    });
  });

  it('reads what browsers read', () => {
    expect(shown(parsePacAnswer('proxy a:1 ; SOCKS4 b:2;HTTP [::1]:3;; GOPHER x:1'))).to.deep.equal(['http://a:1', 'socks4a://b:2', 'http://[::1]:3']);
    expect(shown(parsePacAnswer(''))).to.deep.equal(['direct']);
    expect(shown(parsePacAnswer(null))).to.deep.equal(['direct']);
  });
});
