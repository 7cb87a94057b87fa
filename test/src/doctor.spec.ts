/** `lstp doctor`: what is wrong, found out with real proxies, web servers and firewalls. */
import { expect } from 'chai';
import { Authority, missingProxies, ProxyBed } from '@lstp/legs/testing';
import { freePorts, skipBecause, Workplace, type Ended } from 'lstp/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lab, missingForLab } from './lab/lab.js';
import { LabChain } from './lab/lab-chain.js';
import { makeOwnNodes, type OwnNodes, type OwnNodesOptions } from './support/own-nodes.js';

const ANN = { user: 'ann', password: 'secret' };
const SERVICES = ['web: { at: desk, to: "127.0.0.1:9" }'];

describe('lstp doctor', function () {
  this.timeout(60_000);
  let bed: ProxyBed;
  let place: Workplace;
  let chain: OwnNodes | undefined;

  before(function () {
    const missing = missingProxies('dante', 'microsocks', 'squid', 'haproxy', 'nginx');
    if (missing !== undefined) skipBecause(this, missing);
  });
  beforeEach(() => {
    bed = new ProxyBed();
    place = new Workplace();
    chain = undefined;
  });
  afterEach(async () => {
    await chain?.stop();
    await place?.remove();
    await bed?.stop();
  });

  /** Of desk, while those of `running` run. */
  async function examine(nodes: OwnNodesOptions['nodes'], { route = 'desk > west < lab', running = [] }: { readonly route?: string; readonly running?: readonly string[] } = {}): Promise<Ended> {
    chain = await makeOwnNodes(place.folder, { nodes: { desk: '', lab: '', ...nodes }, route, services: SERVICES });
    await Promise.all(running.map((node) => chain?.nodes.get(node)?.start()));
    return place.run(['doctor', join(place.folder, 'chain.yaml'), '--as', 'desk', '--keys', join(place.folder, 'keys')]);
  }

  function expectFailed({ status, stdout, stderr }: Ended, step: string, cause: RegExp): void {
    expect(stderr).to.equal('');
    expect(status).to.equal(3);
    expect(stdout).to.match(new RegExp(`^ {2}FAILED {2,}${step} `, 'm'));
    expect(stdout).to.match(/^ {2}came back: \S/m);
    expect(stdout).to.match(cause);
    expect(stdout).to.match(/^ {2}remedy: {4}\S/m);
    expect(stdout).to.match(/\ndesk does not reach west\n$/);
  }

  const west = async (): Promise<{ port: number; west: string }> => {
    const [port = 0] = await freePorts(1);
    return { port, west: `listen: "127.0.0.1:${port}"` };
  };

  it('says that all is well, with each step and its time', async () => {
    const { port, west: listening } = await west();
    const squid = await bed.squid({ basic: ANN });
    const { status, stdout } = await examine({ desk: `egress: "http://ann:secret@127.0.0.1:${squid}"`, west: listening }, { running: ['west'] });
    expect(status, stdout).to.equal(0);
    expect(stdout.replaceAll(/[\d.]+ ms/g, 'N ms').replaceAll(String(squid), 'SQUID').replaceAll(String(port), 'PORT').replaceAll(/ {2,}/g, '  ')).to.equal(`west at 127.0.0.1:PORT through http://127.0.0.1:SQUID
  ok  connect  http://127.0.0.1:SQUID  N ms
  ok  CONNECT  http://127.0.0.1:SQUID  N ms
  ok  Basic authentication  http://127.0.0.1:SQUID  N ms
  ok  connect  http://127.0.0.1:SQUID  N ms
  ok  CONNECT  http://127.0.0.1:SQUID  N ms
  ok  leg  127.0.0.1:PORT  N ms
  ok  key  west  N ms

desk reaches its neighbour that it dials: west
`);
    const json = JSON.parse((await place.run(['doctor', join(place.folder, 'chain.yaml'), '--as', 'desk', '--keys', join(place.folder, 'keys'), '--json'])).stdout);
    expect(json.ways[0]).to.include({ neighbour: 'west' }).and.not.to.have.property('failure');
  });

  it('is content with one way of several, and tells what is wrong with the others', async () => {
    const { west: listening } = await west();
    const [dead] = await freePorts(1);
    const { status, stdout } = await examine({ desk: `egress: ["socks5://127.0.0.1:${dead}", direct]`, west: listening }, { running: ['west'] });
    expect(status).to.equal(0);
    expect(stdout).to.match(/FAILED {2,}connect/).and.to.match(/likely: {4}no proxy listens there/);
  });

  it('does not disturb the node while it runs', async () => {
    const { west: listening } = await west();
    await examine({ west: listening }, { running: ['west', 'desk', 'lab'] });
    await chain?.established();
    const carrier = (): string | undefined => chain?.nodes.get('desk')?.status().tunnels[0]?.carriers[0]?.id;
    const before = carrier();
    const { status } = await place.run(['doctor', join(place.folder, 'chain.yaml'), '--as', 'desk', '--keys', join(place.folder, 'keys')]);
    expect([status, carrier()]).to.deep.equal([0, before]);
  });

  it('says of a node that dials nobody that there is nothing to examine', async () => {
    const [own = 0, port = 0] = await freePorts(2);
    const { status, stdout } = await examine({ desk: `listen: "127.0.0.1:${own}"`, west: `listen: "127.0.0.1:${port}"` }, { route: 'desk < west < lab' });
    expect([status, stdout]).to.deep.equal([0, 'desk dials nobody: its neighbours dial it. Run the doctor there.\n']);
  });

  describe('names the cause:', () => {
    it('the proxy has a name that nobody knows', async () => {
      expectFailed(await examine({ desk: 'egress: "socks5://no-such-proxy.invalid:1080"', west: (await west()).west }), 'name', /this machine finds no address for that name/);
    });

    it('no proxy runs there', async () => {
      const [dead] = await freePorts(1);
      expectFailed(await examine({ desk: `egress: "http://127.0.0.1:${dead}"`, west: (await west()).west }), 'connect', /no proxy listens there/);
    });

    it('the proxy wants a password', async () => {
      const squid = await bed.squid({ digest: ANN });
      expectFailed(await examine({ desk: `egress: "http://127.0.0.1:${squid}"`, west: (await west()).west }), 'CONNECT', /the proxy wants to know who asks/);
    });

    it('the password is wrong', async () => {
      const microsocks = await bed.microsocks(ANN);
      expectFailed(await examine({ desk: `egress: "socks5://ann:wrong@127.0.0.1:${microsocks}"`, west: (await west()).west }), 'SOCKS, with user and password', /does not accept the user and password of the egress/);
    });

    it('a rule of the proxy forbids the port', async () => {
      const squid = await bed.squid({ allow: [443] });
      expectFailed(await examine({ desk: `egress: "http://127.0.0.1:${squid}"`, west: (await west()).west }), 'CONNECT', /a rule of the proxy forbids this host or port[^]*such as 443 \(wss:\/\/\)/);
    });

    it('the proxy does not know the name of the node', async () => {
      const dante = await bed.dante();
      expectFailed(await examine({ desk: `egress: "socks5://127.0.0.1:${dante}"`, west: 'listen: "0.0.0.0:7070", address: "no-such-node.invalid:7070"' }), 'SOCKS', /its name is not known there[^]*remedy: {4}look whether west runs/);
    });

    it('the node does not run, behind a proxy and without one', async () => {
      const { west: listening } = await west();
      const dante = await bed.dante();
      expectFailed(await examine({ desk: `egress: "socks5://127.0.0.1:${dante}"`, west: listening }), 'SOCKS', /the proxy works, and does not get to west/);
      await place.remove();
      place = new Workplace();
      expectFailed(await examine({ west: listening }), 'connect', /west does not run, or listens elsewhere/);
    });

    it('a web server is taken for a proxy', async () => {
      const nginx = await bed.nginx(9);
      expectFailed(await examine({ desk: `egress: "socks5://127.0.0.1:${nginx}"`, west: (await west()).west }), 'SOCKS', /what answers is no proxy of that kind/);
    });

    it('the certificate is of another name', async () => {
      const { port } = await west();
      const authority = new Authority(bed.folder);
      const front = await bed.haproxy(port, { pem: authority.issue('DNS:other.example').pem });
      expectFailed(await examine({ desk: `authorities: "${authority.root}"`, west: `listen: "127.0.0.1:${port}", address: "tls://localhost:${front}"` }, { running: ['west'] }), 'TLS', /it is for DNS:other\.example, not for localhost[^]*no certificate that this node believes for that name/);
    });

    it('the web server in front of the node does not reach it, or has another path', async () => {
      const { port } = await west();
      const nginx = await bed.nginx(port);
      for (const path of ['/lstp', '/other']) {
        expectFailed(await examine({ west: `listen: "ws://127.0.0.1:${port}/lstp", address: "ws://127.0.0.1:${nginx}${path}"` }), 'WebSocket', /a web server answers, and not west/);
        await place.remove();
        place = new Workplace();
      }
    });

    it('what answers is no node', async () => {
      const nginx = await bed.nginx(9);
      const speaks = await bed.start((port) => ['/usr/bin/ncat', '-l', '-k', '127.0.0.1', String(port), '-c', 'echo 220 mail.example ESMTP; cat']);
      expectFailed(await examine({ west: `listen: "0.0.0.0:7070", address: "127.0.0.1:${speaks}"` }), 'leg', /what answers is no node of lstp/);
      await place.remove();
      place = new Workplace();
      expectFailed(await examine({ west: `listen: "0.0.0.0:7070", address: "127.0.0.1:${nginx}"` }), 'leg', /what answers says nothing: it is no node of lstp/);
    });

    it('another node answers', async () => {
      const { port, west: listening } = await west();
      const result = await examine({ east: listening, west: `listen: "0.0.0.0:7070", address: "127.0.0.1:${port}"` }, { route: 'desk > west > east < lab', running: ['east'] });
      expectFailed(result, 'leg', /another machine than west answers there, or west has a new key/);
    });

    it('the node does not know our key', async () => {
      const { west: listening } = await west();
      await examine({ west: listening }, { running: ['west'] });
      // desk has another key now than west's copy of the file.
      const file = join(place.folder, 'chain.yaml');
      const keys = join(place.folder, 'keys2');
      const { stdout } = await place.run(['keygen', 'desk', '--keys', keys]);
      writeFileSync(file, readFileSync(file, 'utf8').replace(/desk: \{ key: "[^"]+"/, `desk: { key: "${stdout.trim()}"`));
      expectFailed(await place.run(['doctor', file, '--as', 'desk', '--keys', keys]), 'key', /west does not know the key of desk/);
    });
  });

  describe('behind a firewall', () => {
    let lab: Lab | undefined;
    before(function () {
      const missing = missingForLab();
      if (missing !== undefined) skipBecause(this, missing);
    });
    afterEach(() => lab?.remove());

    it('names the firewall that rejects, and the one that drops without a word', async () => {
      lab = await Lab.make({ internet: ['west'], sites: { globex: { net: 1, hosts: ['desk'], out: [] } } });
      const made = LabChain.ofParts(lab, { nodes: { desk: '', west: `listen: "${lab.address('west')}:7070", egress: direct` }, route: 'desk > west', services: SERVICES });
      const rejected = await made.lstp('desk', 'doctor', made.file, '--as', 'desk', '--keys', join(lab.folder, 'keys')).catch((error: Error) => error.message);
      expect(rejected).to.match(/ended with 3/).and.to.match(/FAILED {2,}connect[^]*a firewall on the way rejects the connection, or there is no route[^]*name it in `egress`/);
      const other = LabChain.ofParts(lab, { nodes: { west2: '', desk2: `listen: "0.0.0.0:7070", address: "${lab.address('globex')}:7070"` }, route: 'west2 > desk2', services: ['web: { at: west2, to: "127.0.0.1:9" }'] });
      const dropped = await other.lstp('west', 'doctor', other.file, '--as', 'west2', '--keys', join(lab.folder, 'keys')).catch((error: Error) => error.message);
      expect(dropped).to.match(/ended with 3/).and.to.match(/FAILED {2,}connect[^]*a firewall on the way drops the packets without a word, or the machine is off/);
      expect(lab.counters('globex')['in_drop']).to.be.greaterThan(0);
    });
  });
});
