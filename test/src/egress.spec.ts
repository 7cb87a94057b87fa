/** Tunnels whose nodes get out through proxies, all of them real. */
import { expect } from 'chai';
import { missingProxies, ProxyBed } from '@lstp/legs/testing';
import type { ComposedNode } from 'lstp/node';
import type { NodeStatus } from '@lstp/core';
import { freePorts, missingForSsh, skipBecause, startSshd, Workplace } from 'lstp/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EchoServers } from './support/echo-servers.js';
import { eventually } from './support/eventually.js';
import { exchange } from './support/exchange.js';
import { makeNodes } from './support/in-process-chain.js';
import { ProcessChain } from './support/process-chain.js';

const ANN = { user: 'ann', password: 'secret' };

describe('egress of a tunnel', function () {
  this.timeout(60_000);
  let bed: ProxyBed;
  let place: Workplace;
  let servers: EchoServers;
  let nodes: Map<string, ComposedNode>;

  before(function () {
    const missing = missingProxies('dante', 'microsocks', 'squid', 'tinyproxy');
    if (missing !== undefined) skipBecause(this, missing);
  });
  beforeEach(async () => {
    bed = new ProxyBed();
    place = new Workplace();
    servers = await EchoServers.start(place.folder);
    nodes = new Map();
  });
  afterEach(async () => {
    await Promise.all([...(nodes?.values() ?? [])].map((node) => node.stop()));
    await place?.remove();
    await bed?.stop();
    await servers?.stop();
  });

  /** desk > west > east < lab in this process; gives where desk listens. */
  async function start(egress: Partial<Record<'desk' | 'west' | 'lab', string>>): Promise<string> {
    const [west, east, web] = await freePorts(3);
    const of = (node: 'desk' | 'west' | 'lab'): string => (egress[node] === undefined ? '' : `egress: ${egress[node]}`);
    const lines = [
      'lstp: 1', 'nodes:', `  desk: { ${of('desk')} }`, `  west: { listen: "127.0.0.1:${west}"${egress.west === undefined ? '' : `, ${of('west')}`} }`, `  east: { listen: "127.0.0.1:${east}" }`, `  lab: { ${of('lab')} }`,
      'tunnels:', '  acme:', '    route: desk > west > east < lab', '    services:', `      web: { at: desk, listen: "127.0.0.1:${web}", to: "${servers.tcp}" }`, '',
    ];
    nodes = await makeNodes(place.folder, lines.join('\n'));
    await Promise.all([...nodes.values()].map((node) => node.start()));
    return `127.0.0.1:${web}`;
  }

  async function established(): Promise<void> {
    await Promise.all([...nodes.values()].map((node) => node.established()));
  }

  async function expectCarried(web: string): Promise<void> {
    const { sent, received } = await exchange(web, 1_000_000);
    expect(received).to.equal(sent);
  }

  const waysOf = (node: string): readonly string[] => (nodes.get(node)?.status().ways ?? []).map(({ neighbour, state, through }) => [neighbour, state, ...through].join(' '));

  it('crosses a SOCKS firewall on one side and an HTTP one on the other, ends and a middle alike', async () => {
    const [dante, squid, tinyproxy] = [await bed.dante(), await bed.squid({ digest: ANN }), await bed.tinyproxy()];
    const web = await start({ desk: `"socks5://127.0.0.1:${dante}"`, west: `"http://127.0.0.1:${tinyproxy}"`, lab: `"http://ann:secret@127.0.0.1:${squid}"` });
    await established();
    await expectCarried(web);
    expect(waysOf('desk')).to.deep.equal([`west open socks5://127.0.0.1:${dante}`]);
    expect(waysOf('west')).to.deep.equal([`east open http://127.0.0.1:${tinyproxy}`]);
    expect(waysOf('lab')).to.deep.equal([`east open http://127.0.0.1:${squid}`]);
  });

  it('walks on to the next of a list, goes through several, and differs by neighbour', async () => {
    const [dante, microsocks, tinyproxy] = [await bed.dante(), await bed.microsocks(ANN), await bed.tinyproxy()];
    const [dead] = await freePorts(1);
    const web = await start({
      desk: `["socks5://127.0.0.1:${dead}", { through: ["http://127.0.0.1:${tinyproxy}", "socks5://ann:secret@127.0.0.1:${microsocks}"] }]`,
      lab: `{ east: "socks4://127.0.0.1:${dante}", default: "http://127.0.0.1:${dead}" }`,
    });
    await established();
    await expectCarried(web);
    expect(waysOf('desk')).to.deep.equal([`west open http://127.0.0.1:${tinyproxy} socks5://127.0.0.1:${microsocks}`]);
    expect(waysOf('lab')).to.deep.equal([`east open socks4://127.0.0.1:${dante}`]);
  });

  it('goes over SOCKS 4a, of ssh -D', async function () {
    const missing = missingForSsh();
    if (missing !== undefined) skipBecause(this, missing);
    const { port, options, user } = await startSshd(place);
    await eventually(async () => (await place.run(['--version'])).status === 0, () => 'lstp runs');
    const socks = await bed.start((own) => ['ssh', ...options, '-N', '-D', `127.0.0.1:${own}`, '-p', String(port), `${user}@127.0.0.1`]);
    const web = await start({ desk: `"socks4a://127.0.0.1:${socks}"` });
    await established();
    await expectCarried(web);
  });

  it('goes where a PAC file says', async () => {
    const dante = await bed.dante();
    const pac = bed.file(`function FindProxyForURL(url, host) { return "SOCKS5 127.0.0.1:${dante}"; }`);
    const web = await start({ desk: `"pac:${pac}"`, lab: `"pac:${bed.file('function FindProxyForURL() { return "DIRECT"; }')}"` });
    await established();
    await expectCarried(web);
    expect(waysOf('desk')).to.deep.equal([`west open socks5://127.0.0.1:${dante}`]);
    expect(waysOf('lab')).to.deep.equal(['east open']);
  });

  it('says what is wrong with a PAC file, and takes the next way of the list', async () => {
    const absent = join(place.folder, 'absent.pac');
    const web = await start({ desk: `"pac:${absent}"`, lab: `["pac:${absent}", direct]` });
    const desk = nodes.get('desk') as ComposedNode;
    await eventually(() => desk.status().ways?.[0]?.state === 'failed', () => 'desk has no way');
    expect(desk.status().ways?.[0]).to.include({ code: 'ERR_LSTP_EGRESS' }).and.to.have.property('message').that.matches(/^the PAC file .*absent\.pac cannot be read: ENOENT/);
    await eventually(() => waysOf('lab')[0] === 'east open', () => `lab has a way: ${waysOf('lab').join()}`);
    expect(web).to.match(/^127/);
  });

  it('finds its way again when the proxy is away and comes back', async () => {
    const dante = await bed.dante();
    const web = await start({ desk: `"socks5://127.0.0.1:${dante}"` });
    await established();
    await bed.end(dante);
    const desk = nodes.get('desk') as ComposedNode;
    await eventually(() => desk.status().ways?.[0]?.state === 'failed', () => 'desk sees that its proxy is away');
    expect(desk.status().ways?.[0]).to.include({ code: 'ECONNREFUSED' });
    await bed.again(dante);
    await eventually(() => desk.status().tunnels[0]?.state === 'established', () => 'the tunnel is there again');
    await expectCarried(web);
  });

  describe('with processes', () => {
    it('tells a wrong password once, in log and status, and names the proxy without it', async () => {
      const chain = await ProcessChain.make(place);
      const microsocks = await bed.microsocks(ANN);
      chain.write({ route: 'desk > west < lab', services: [`web: { at: desk, to: "${servers.tcp}" }`] });
      const file = join(place.folder, 'chain.yaml');
      writeFileSync(file, readFileSync(file, 'utf8').replace(/desk: \{ (key: "[^"]+")/, `desk: { $1, egress: "socks5://ann:$\{env:PW}@127.0.0.1:${microsocks}"`));
      process.env['PW'] = 'wrong-password-of-ann';
      try {
        const desk = await chain.start('desk');
        const status = async (): Promise<NodeStatus['ways']> => (await chain.status('desk')).ways;
        await eventually(async () => ((await status())?.[0]?.forMs ?? 0) > 2000, () => `desk fails for a while: ${desk.stderr}`);
        expect((await status())?.[0]).to.include({ neighbour: 'west', state: 'failed', code: 'ERR_LSTP_PROXY_AUTH', message: `socks5://127.0.0.1:${microsocks} does not accept user and password; correct them in the egress` });
        expect(desk.stderr.match(/does not accept user and password/g)).to.have.length(1);
        expect(desk.stderr).not.to.include('wrong-password-of-ann');
        const text = await place.run(['status', '--as', 'desk']);
        expect(text.stdout).to.match(/ways out\n {2}west {2}failed: socks5:\/\/127\.0\.0\.1:\d+ does not accept user and password/);
      } finally {
        delete process.env['PW'];
      }
    });
  });
});
