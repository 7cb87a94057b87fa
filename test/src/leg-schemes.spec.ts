/** Legs over TLS and WebSocket: straight, behind real web servers and load balancers, and through real proxies. */
import { expect } from 'chai';
import { Authority, missingProxies, ProxyBed } from '@lstp/legs/testing';
import { freePorts, skipBecause, Workplace } from 'lstp/testing';
import { once } from 'node:events';
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { EchoServers } from './support/echo-servers.js';
import { eventually } from './support/eventually.js';
import { exchange } from './support/exchange.js';
import { makeOwnNodes, type OwnNodes } from './support/own-nodes.js';

describe('legs over other schemes', function () {
  this.timeout(20_000);
  let bed: ProxyBed;
  let place: Workplace;
  let servers: EchoServers;
  let authority: Authority;
  let chain: OwnNodes | undefined;

  before(function () {
    const missing = missingProxies('haproxy', 'nginx', 'squid', 'tinyproxy');
    if (missing !== undefined) skipBecause(this, missing);
  });
  beforeEach(async () => {
    bed = new ProxyBed();
    place = new Workplace();
    servers = await EchoServers.start(place.folder);
    authority = new Authority(bed.folder);
    chain = undefined;
  });
  afterEach(async () => {
    await chain?.stop();
    await place?.remove();
    await bed?.stop();
    await servers?.stop();
  });

  /** desk > west < lab; gives where desk listens. */
  async function start(nodes: { readonly desk?: string; readonly west: string; readonly lab?: string }): Promise<string> {
    const [web] = await freePorts(1);
    chain = await makeOwnNodes(place.folder, { nodes: { desk: '', lab: '', ...nodes }, route: 'desk > west < lab', services: [`web: { at: desk, listen: "127.0.0.1:${web}", to: "${servers.tcp}" }`] });
    await chain.start();
    return `127.0.0.1:${web}`;
  }

  async function expectCarried(web: string): Promise<void> {
    await chain?.established();
    const { sent, received } = await exchange(web, 1_000_000);
    expect(received).to.equal(sent);
  }

  const waysOf = (node: string): readonly string[] => (chain?.nodes.get(node)?.status().ways ?? []).map(({ state, address, through, message = '' }) => [state, address, ...through, message].join(' ').trim());
  /** The last failure of a node's dials becomes one that says so. */
  const expectFailure = (node: string, says: RegExp): Promise<void> => eventually(() => says.test(waysOf(node)[0] ?? ''), () => `${node} says ${says}, but it says ${waysOf(node).join()}`, 10_000);

  for (const scheme of ['tls', 'ws', 'wss']) {
    it(`carry a tunnel over ${scheme}, with certificates of the nodes' own keys`, async () => {
      const [port] = await freePorts(1);
      const address = `${scheme}://127.0.0.1:${port}`;
      await expectCarried(await start({ west: `listen: "${address}"` }));
      expect(waysOf('desk')).to.deep.equal([`open ${address}`]);
      expect(chain?.nodes.get('west')?.status().listeners).to.deep.equal([address]);
    });
  }

  it('are taken by several listeners of one node, each neighbour by the one that suits it', async () => {
    const [tcp, wss] = await freePorts(2);
    const web = await start({ west: `listen: ["127.0.0.1:${tcp}", "wss://127.0.0.1:${wss}/lstp"], address: ["wss://localhost:${wss}/lstp", "127.0.0.1:${tcp}"]` });
    await expectCarried(web);
    expect(waysOf('lab')).to.deep.equal([`open wss://localhost:${wss}/lstp`]);
  });

  it('go over the next address when the first is not to be had, and remember it', async () => {
    const [dead, wss] = await freePorts(2);
    const web = await start({ west: `listen: "wss://127.0.0.1:${wss}/lstp", address: ["127.0.0.1:${dead}", "wss://127.0.0.1:${wss}/lstp"]` });
    await expectCarried(web);
    expect(waysOf('desk')).to.deep.equal([`open wss://127.0.0.1:${wss}/lstp`]);
  });

  it('show a given certificate, which dialers believe for its name and the authority of their file', async () => {
    const [port] = await freePorts(1);
    const { chain: file, key } = authority.issue('DNS:localhost');
    const trusting = `authorities: "${authority.root}"`;
    const web = await start({ desk: trusting, lab: trusting, west: `listen: "wss://127.0.0.1:${port}", address: "wss://localhost:${port}", certificate: { chain: "${file}", key: "${key}" }` });
    await expectCarried(web);
  });

  it('are not taken with a certificate that is not there, or of another key', async () => {
    const [port] = await freePorts(1);
    const [one, other] = [authority.issue('DNS:localhost'), authority.issue('DNS:other.example')];
    const cases = { [`chain: absent.pem, key: "${one.key}"`]: /cannot listen on wss:\/\/127\.0\.0\.1:\d+: ENOENT.*absent\.pem/, [`chain: "${one.chain}", key: "${other.key}"`]: /do not make a pair of TLS/ };
    for (const [certificate, says] of Object.entries(cases)) {
      const outcome = await start({ west: `listen: "wss://127.0.0.1:${port}", certificate: { ${certificate} }` }).catch((error: unknown) => error);
      expect(outcome).to.include({ code: 'ERR_LSTP_LISTEN' }).and.to.have.property('message').that.matches(says);
      await chain?.stop();
      await place.remove();
      place = new Workplace();
    }
  });

  it('are refused where the certificate is of another name, of an unknown authority, or has expired', async () => {
    const ports = await freePorts(3);
    const cases = [
      { issued: authority.issue('DNS:east.example'), trusts: true, says: /its certificate is not believed: it is for DNS:east\.example, not for localhost$/ },
      { issued: authority.issue('DNS:localhost'), trusts: false, says: /its certificate is not believed: an authority vouches for it that this node does not know; name its certificate with `authorities`$/ },
      { issued: authority.issue('DNS:localhost', { days: -1 }), trusts: true, says: /its certificate is not believed: it has expired$/ },
    ];
    for (const [index, { issued, trusts, says }] of cases.entries()) {
      const port = ports[index];
      await start({ desk: trusts ? `authorities: "${authority.root}"` : '', west: `listen: "wss://127.0.0.1:${port}", address: "wss://localhost:${port}", certificate: { chain: "${issued.chain}", key: "${issued.key}" }` });
      await expectFailure('desk', says);
      await chain?.stop();
      await place.remove();
      place = new Workplace();
    }
  });

  it('are refused by a machine that has another key, whatever its certificate', async () => {
    const [port, east = 0] = await freePorts(2);
    const front = await bed.haproxy(east, { pem: authority.issue('DNS:localhost').pem });
    const [web] = await freePorts(1);
    chain = await makeOwnNodes(place.folder, {
      nodes: { desk: `authorities: "${authority.root}"`, west: `listen: "127.0.0.1:${port}", address: "tls://localhost:${front}"`, east: `listen: "127.0.0.1:${east}"`, lab: '' },
      route: 'desk > west > east < lab',
      services: [`web: { at: desk, listen: "127.0.0.1:${web}", to: "${servers.tcp}" }`],
    });
    await chain.start();
    const progress = (): string => chain?.nodes.get('desk')?.status().tunnels[0]?.progress ?? '';
    await eventually(() => /ed25519:/.test(progress()), () => `desk names the wrong key: ${progress()}`);
    expect(waysOf('desk').filter((way) => way.startsWith('open'))).to.deep.equal([]);
  });

  it('go through nginx as a web server in front, which has other pages too', async () => {
    const [port = 0] = await freePorts(1);
    const { chain: file, key } = authority.issue('DNS:localhost');
    const front = await bed.nginx(port, { chain: file, key });
    const trusting = `authorities: "${authority.root}"`;
    const web = await start({ desk: trusting, lab: trusting, west: `listen: "ws://127.0.0.1:${port}/lstp", address: "wss://localhost:${front}/lstp"` });
    await expectCarried(web);
    const asking = request({ host: 'localhost', port: front, path: '/', ca: readFileSync(authority.root) }).end();
    const [answer] = await once(asking, 'response');
    expect(answer.statusCode).to.equal(200);
    answer.resume();
  });

  it('outlive what stands in front of the relay: connections go on when it is there again', async () => {
    const [port = 0] = await freePorts(1);
    const { chain: file, key } = authority.issue('DNS:localhost');
    const front = await bed.nginx(port, { chain: file, key });
    const trusting = `authorities: "${authority.root}"`;
    const web = await start({ desk: trusting, lab: trusting, west: `listen: "ws://127.0.0.1:${port}/lstp", address: "wss://localhost:${front}/lstp"` });
    await chain?.established();
    const exchanging = exchange(web, 30_000_000);
    await eventually(() => servers.received.tcp > 1_000_000, () => 'bytes are on their way');
    await bed.end(front);
    await eventually(() => chain?.nodes.get('desk')?.status().tunnels[0]?.state === 'interrupted', () => 'desk sees that the way is cut');
    await bed.again(front);
    const { sent, received } = await exchanging;
    expect(received).to.equal(sent);
  });

  it('go through nginx behind squid, by CONNECT with a password, to port and name alone', async () => {
    const [port = 0] = await freePorts(1);
    const { chain: file, key } = authority.issue('DNS:localhost');
    const front = await bed.nginx(port, { chain: file, key });
    const squid = await bed.squid({ basic: { user: 'ann', password: 'secret' }, allow: [front] });
    const web = await start({
      desk: `authorities: "${authority.root}", egress: "http://ann:secret@127.0.0.1:${squid}"`,
      lab: `authorities: "${authority.root}"`,
      west: `listen: "ws://127.0.0.1:${port}/lstp", address: "wss://localhost:${front}/lstp"`,
    });
    await expectCarried(web);
    expect(waysOf('desk')).to.deep.equal([`open wss://localhost:${front}/lstp http://127.0.0.1:${squid}`]);
  });

  it('go through a proxy over TLS, whose certificate is checked too', async () => {
    const [port = 0] = await freePorts(1);
    const tinyproxy = await bed.tinyproxy({ user: 'ann', password: 'secret' });
    const [good, bad] = [await bed.haproxy(tinyproxy, { pem: authority.issue('IP:127.0.0.1').pem }), await bed.haproxy(tinyproxy, { pem: authority.issue('DNS:other.example').pem })];
    const web = await start({
      desk: `authorities: "${authority.root}", egress: ["https://ann:secret@127.0.0.1:${bad}", "https://ann:secret@127.0.0.1:${good}"]`,
      west: `listen: "127.0.0.1:${port}"`,
    });
    await expectCarried(web);
    expect(waysOf('desk')).to.deep.equal([`open 127.0.0.1:${port} https://127.0.0.1:${good}`]);
  });

  it('say what a web server answers that has no node behind it, or none at that path', async () => {
    const [port = 0] = await freePorts(1);
    const front = await bed.nginx(port);
    const trials = { '/lstp': /is no WebSocket of a node: HTTP 502 Bad Gateway, the web server in front of it does not reach the node$/, '/other': /is no WebSocket of a node: HTTP 200 OK$/ };
    for (const [path, says] of Object.entries(trials)) {
      await start({ west: `listen: "127.0.0.1:${port + 0}", address: "ws://127.0.0.1:${front}${path}"` }).catch(() => {});
      await chain?.nodes.get('west')?.stop();
      await expectFailure('desk', says);
      await chain?.stop();
      await place.remove();
      place = new Workplace();
    }
  });

  it('go through HAProxy, and west knows their true source by the PROXY protocol', async () => {
    const [port = 0] = await freePorts(1);
    const front = await bed.haproxy(port, { server: 'send-proxy-v2' });
    const web = await start({ west: `listen: "127.0.0.1:${port}", address: "127.0.0.1:${front}", proxyProtocol: "127.0.0.0/8"` });
    await expectCarried(web);
    const stranger = connect({ host: '127.0.0.1', port: front });
    await once(stranger, 'connect');
    const source = `127.0.0.1:${stranger.localPort}`;
    stranger.on('error', () => {}).resume();
    stranger.end('no leg');
    await eventually(() => chain?.log().includes(`"remote":"${source}"`) === true, () => `west names ${source}: ${chain?.log()}`);
    const straight = connect({ host: '127.0.0.1', port });
    straight.on('error', () => {}).resume().end('no leg at all, and no header');
    await eventually(() => chain?.log().includes('no PROXY header, which `proxyProtocol` says that this address sends') === true, () => 'west refuses what has no header');
  });
});
