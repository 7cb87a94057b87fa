/** Programs that others wrote use the tunnel as they use any SOCKS server. */
import { generateIdentity } from '@lstp/core/security';
import { expect } from 'chai';
import { missingForSsh, skipBecause, startSshd, Workplace, type Ended } from 'lstp/testing';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as forwarded, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { randomBytes } from 'node:crypto';
import { LOOKED_UP, REMOTE_NAME } from './support/name-services.js';
import { startSocks, type SocksBed } from './support/socks-bed.js';

/** Knows no proxy: a connection, a line of HTTP, what comes back. */
const FETCH = `import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
s.sendall(b"GET /page HTTP/1.0\\r\\n\\r\\n")
while True:
    got = s.recv(65536)
    if not got: break
    sys.stdout.buffer.write(got)
`;

const DATAGRAMS = `import socket, socks, sys
for host in sys.argv[3:]:
    s = socks.socksocket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(20)
    s.set_proxy(socks.SOCKS5, "127.0.0.1", int(sys.argv[1]))
    s.sendto(b"hello " + host.encode(), (host, int(sys.argv[2])))
    data, who = s.recvfrom(2000)
    print(data.decode(), who[0], who[1] == int(sys.argv[2]))
`;

describe('as a SOCKS server, desk > west > east < lab is used by', function () {
  this.timeout(120_000);
  const place = new Workplace();
  let bed: SocksBed;
  let server: Server;
  let tlsServer: TlsServer;
  let http: number;
  let https: number;
  let proxy: string;

  before(async () => {
    server = await serveFolder(place.folder);
    tlsServer = await serveFolderByTls(place.folder);
    [http, https] = [server, tlsServer].map((one) => (one.address() as AddressInfo).port) as [number, number];
    writeFileSync(join(place.folder, 'page'), 'the intranet\n');
    bed = await startSocks(place, ['at: desk, allow: ["127.0.0.1:*"]', 'at: lab, allow: ["127.0.0.1:*"]']);
    proxy = `127.0.0.1:${bed.ports[0]}`;
  });
  afterEach(function () {
    const desk = bed.chain.running.get('desk');
    if (this.currentTest?.state === 'failed') process.stderr.write(bed.chain.logs());
    expect(desk?.stderr, 'names are for the far end to look up').not.to.contain(LOOKED_UP);
    expect(bed.chain.isRunning('desk')).to.equal(true);
  });
  after(async () => {
    await place.remove();
    server.close();
    tlsServer.close();
  });

  function needs(context: Mocha.Context, name: string, path: string): void {
    if (!existsSync(path)) skipBecause(context, `${name} is not installed`);
  }

  it('a process that looks up a name, which ends (so the others do not)', async () => {
    const { status, stderr } = await place.spawn(process.execPath, ['--require', join(place.folder, 'no-names.cjs'), '-e', `require('node:net').connect(1, '${REMOTE_NAME}')`]).ended;
    expect([status, stderr]).to.deep.equal([86, `${LOOKED_UP} ${REMOTE_NAME}\n`]);
  });

  for (const [option, host] of [['--socks4', '127.0.0.1'], ['--socks4a', REMOTE_NAME], ['--socks5', '127.0.0.1'], ['--socks5-hostname', REMOTE_NAME], ['--socks5-hostname', '127.0.0.1']] as const) {
    it(`curl ${option}, to ${host}`, async function () {
      needs(this, 'curl', '/usr/bin/curl');
      const { status, stdout, stderr } = await curl(option, proxy, `http://${host}:${http}/page`);
      expect([status, stdout, stderr]).to.deep.equal([0, 'the intranet\n', '']);
    });
  }

  it('curl from the other end', async function () {
    needs(this, 'curl', '/usr/bin/curl');
    expect((await curl('--socks5-hostname', `127.0.0.1:${bed.ports[1]}`, `http://127.0.0.1:${http}/page`)).stdout).to.equal('the intranet\n');
  });

  it('curl, which is told why it is refused', async function () {
    needs(this, 'curl', '/usr/bin/curl');
    expect((await curl('--socks5-hostname', proxy, `http://elsewhere.acme:${http}/`)).stderr).to.match(/\(4\)/);
    expect((await curl('--socks4a', proxy, `http://elsewhere.acme:${http}/`)).stderr).to.match(/\(91\)/);
  });

  it('ssh with ncat --proxy-type socks5', async function () {
    const missing = missingForSsh();
    if (missing !== undefined) skipBecause(this, missing);
    needs(this, 'ncat', '/usr/bin/ncat');
    const sshd = await startSshd(place);
    const command = `ncat --proxy-type socks5 --proxy-dns remote --proxy ${proxy} %h %p`;
    const { status, stdout } = await place.spawn('ssh', [...sshd.options, '-o', `ProxyCommand=${command}`, '-p', String(sshd.port), `${sshd.user}@${REMOTE_NAME}`, 'echo', 'through', 'SOCKS']).ended;
    expect([status, stdout]).to.deep.equal([0, 'through SOCKS\n']);
  });

  it('a program that knows no proxy, by dante\'s socksify', async function () {
    needs(this, 'dante-client', '/usr/bin/socksify');
    needs(this, 'python3', '/usr/bin/python3');
    const conf = join(place.folder, 'socks.conf');
    writeFileSync(conf, `resolveprotocol: fake\nroute {\n from: 0.0.0.0/0 to: 0.0.0.0/0 via: 127.0.0.1 port = ${bed.ports[0]}\n proxyprotocol: socks_v5\n method: none\n}\nroute {\n from: 0.0.0.0/0 to: .acme via: 127.0.0.1 port = ${bed.ports[0]}\n proxyprotocol: socks_v5\n method: none\n}\n`);
    const { stdout, stderr } = await place.spawn('env', [`SOCKS_CONF=${conf}`, 'socksify', '/usr/bin/python3', '-c', FETCH, REMOTE_NAME, String(http)]).ended;
    expect(stdout, stderr).to.match(/\r\n\r\nthe intranet\n$/);
  });

  it('a program that knows no proxy, by proxychains4', async function () {
    needs(this, 'proxychains4', '/usr/bin/proxychains4');
    needs(this, 'python3', '/usr/bin/python3');
    const conf = join(place.folder, 'proxychains.conf');
    writeFileSync(conf, `strict_chain\nquiet_mode\nproxy_dns\n[ProxyList]\nsocks5 127.0.0.1 ${bed.ports[0]}\n`);
    const { stdout, stderr } = await place.spawn('proxychains4', ['-f', conf, '/usr/bin/python3', '-c', FETCH, REMOTE_NAME, String(http)]).ended;
    expect(stdout, stderr).to.match(/\r\n\r\nthe intranet\n$/);
  });

  it('curl --preproxy, to a HTTP proxy that only the far end reaches', async function () {
    const asked: string[] = [];
    const beyond = createServer((request, response) => {
      asked.push(request.url ?? '');
      request.pipe(forwarded(`http://127.0.0.1:${http}/page`, (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 500))));
    }).listen(0, '127.0.0.1');
    await once(beyond, 'listening');
    try {
      const through = `http://${REMOTE_NAME}:${(beyond.address() as AddressInfo).port}`;
      const { stdout, stderr } = await place.spawn('curl', ['-sS', '--noproxy', '', '--preproxy', `socks5h://${proxy}`, '--proxy', through, 'http://elsewhere.example/page']).ended;
      expect(stdout, stderr).to.equal('the intranet\n');
      expect(asked).to.deep.equal(['http://elsewhere.example/page']);
    } finally {
      beyond.close();
    }
  });

  describe('git, cloning over', () => {
    let origin: string;
    before(function () {
      needs(this, 'git', '/usr/bin/git');
      origin = join(place.folder, 'origin');
      const git = (...args: string[]): Buffer => execFileSync('git', ['-C', origin, '-c', 'user.name=lstp', '-c', 'user.email=lstp@localhost', ...args]);
      mkdirSync(origin);
      git('init', '-q');
      writeFileSync(join(origin, 'blob'), randomBytes(1_000_000));
      git('add', '.');
      git('commit', '-qm', 'first');
      git('update-server-info');
    });

    for (const scheme of ['http', 'https'] as const) {
      it(scheme, async () => {
        const url = `${scheme}://${REMOTE_NAME}:${scheme === 'http' ? http : https}/origin/.git`;
        // The server's certificate is its own; what is tried here is the way to it.
        const { status, stderr } = await place.spawn('git', ['-c', `http.proxy=socks5h://${proxy}`, '-c', 'http.sslVerify=false', 'clone', '-q', url, `by-${scheme}`]).ended;
        expect(status, stderr).to.equal(0);
        expect(readFileSync(join(place.folder, `by-${scheme}`, 'blob')).equals(readFileSync(join(origin, 'blob')))).to.equal(true);
      });
    }
  });

  it('python3-socks, with datagrams', async function () {
    needs(this, 'python3-socks', '/usr/lib/python3/dist-packages/socks.py');
    const udp = createSocket('udp4', (datagram, { port, address }) => udp.send(datagram, port, address));
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    try {
      const { stdout, stderr } = await place.spawn('/usr/bin/python3', ['-c', DATAGRAMS, String(bed.ports[0]), String(udp.address().port), '127.0.0.1', REMOTE_NAME]).ended;
      expect(stdout, stderr).to.equal(`hello 127.0.0.1 127.0.0.1 True\nhello ${REMOTE_NAME} b'${REMOTE_NAME}' True\n`);
    } finally {
      udp.close();
    }
  });

  it('Chromium, which loads a page of the far end', async function () {
    needs(this, 'chromium', '/usr/bin/chromium');
    writeFileSync(join(place.folder, 'page.html'), '<p>the intranet</p>');
    const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${join(place.folder, 'chromium')}`, '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
    const { stdout } = await place.spawn('chromium', [...flags, `--proxy-server=socks5://${proxy}`, '--proxy-bypass-list=<-loopback>', '--dump-dom', `http://${REMOTE_NAME}:${http}/page.html`]).ended;
    expect(stdout).to.contain('<p>the intranet</p>');
  });

  /** Exceptions from proxies that this machine has are not ours. */
  function curl(option: string, server: string, url: string): Promise<Ended> {
    return place.spawn('curl', ['-sS', '--noproxy', '', option, server, url]).ended;
  }
});

/** Its files, and nothing beside. */
function serveFolder(folder: string): Promise<Server> {
  return listening(createServer(filesOf(folder)));
}

function serveFolderByTls(folder: string): Promise<TlsServer> {
  return listening(createTlsServer(generateIdentity().certificate, filesOf(folder)));
}

function listening<S extends Server | TlsServer>(server: S): Promise<S> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function filesOf(folder: string): RequestListener {
  return (request, response) => {
    const path = join(folder, normalize(new URL(request.url ?? '/', 'http://localhost').pathname));
    if (!existsSync(path)) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': path.endsWith('.html') ? 'text/html' : 'text/plain' }).end(readFileSync(path));
  };
}
