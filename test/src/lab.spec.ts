/**
 * Real firewalls, proxies and programs in network namespaces: `npm run lab`. Every scenario ends with the counters of its
 * firewalls: nothing came in from outside, and nothing went out but from the hosts that may.
 */
import { expect } from 'chai';
import { Authority } from '@lstp/legs/testing';
import { skipBecause } from '@lstp/core/testing';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { eventually } from './support/eventually.js';
import { PacketCapture } from './support/packet-capture.js';
import { LabChain, type LabChainParts } from './lab/lab-chain.js';
import type { LabProcess } from './lab/lab-process.js';
import { exec, Lab, missingForLab, type LabPlan } from './lab/lab.js';
import { dante, fileServer, microsocks, nameServer, nginx, squid, tinyproxy } from './lab/lab-servers.js';
import { strangeness } from './lab/wire.js';

const PROGRAMS = ['/usr/sbin/danted', '/usr/bin/microsocks', '/usr/sbin/squid', '/usr/bin/tinyproxy', '/usr/sbin/nginx', '/usr/sbin/dnsmasq', '/usr/bin/curl'];
const ANN = { user: 'ann', password: 'secret' };
const FILE_BYTES = 5_000_000;
const WEB = 'web: { at: desk, listen: "127.0.0.1:8080", to: "intranet.acme:80" }';

describe('the laboratory:', function () {
  this.timeout(120_000);
  let lab: Lab;
  let chain: LabChain;
  /** That of the small chain. */
  let proxy: LabProcess;

  before(function () {
    const missing = missingForLab() ?? PROGRAMS.map((program) => (existsSync(program) ? undefined : `${program} is not installed`)).find((one) => one !== undefined);
    if (missing !== undefined) skipBecause(this, missing);
  });
  afterEach(async function () {
    if (this.currentTest?.state === 'failed') process.stdout.write(`${chain?.logs() ?? ''}\n`);
    await lab?.remove();
  });

  /** Starts the chain, each node on its host. The first node of the route is the one that is asked. */
  async function start(parts: LabChainParts): Promise<void> {
    chain = new LabChain(lab, parts);
    await chain.start(...Object.keys(parts.nodes));
    await chain.established(Object.keys(parts.nodes)[0] ?? '');
  }

  /** The file of the far side comes through the tunnel, whole, by curl. */
  async function expectDownload(url = 'http://127.0.0.1:8080', words: readonly string[] = []): Promise<void> {
    const digest = (await lab.start('desk', ['curl', '-sS', ...words, `${url}/digest`]).ended).stdout;
    const { status, stdout, stderr } = await lab.start('desk', ['curl', '-sS', ...words, `${url}/file`]).ended;
    expect(status, stderr).to.equal(0);
    expect(createHash('sha256').update(Buffer.from(stdout, 'latin1')).digest('hex')).to.equal(digest).and.to.match(/^[0-9a-f]{64}$/);
  }

  /** Nothing came in from outside, and nothing tried to go out but from hosts that may. */
  function expectKept(...sites: readonly string[]): void {
    for (const site of sites) {
      const counters = lab.counters(site);
      if (process.env['LSTP_LAB_COUNTERS'] !== undefined) process.stdout.write(`        ${site}: ${Object.entries(counters).map(([name, packets]) => `${name} ${packets}`).join(', ')}\n`);
      expect(counters, site).to.include({ in_drop: 0, fwd_in_drop: 0, fwd_out_drop: 0 });
      expect(counters['out'], `${site} lets its proxy out`).to.be.greaterThan(0);
      expect(counters['back'], `${site} lets answers in`).to.be.greaterThan(0);
    }
  }

  /** globex: desk and its proxy; acme: lab, its proxy, its own names and a server that only they know; west, east and names outside. */
  const TWO_SITES: LabPlan = {
    internet: ['west', 'east', 'names'],
    sites: {
      globex: { net: 1, hosts: ['desk', 'gproxy'], out: ['gproxy'] },
      acme: { net: 2, hosts: ['lab', 'aproxy', 'anames', 'intranet'], out: ['aproxy'] },
    },
  };

  async function serveTwoSites(plan = TWO_SITES): Promise<void> {
    lab = await Lab.make(plan);
    await Promise.all([nameServer(lab, 'names', { 'west.example': 'west', 'east.example': 'east' }), nameServer(lab, 'anames', { 'intranet.acme': 'intranet' }), fileServer(lab, 'intranet', FILE_BYTES)]);
    for (const host of ['west', 'gproxy', 'aproxy']) lab.useNames(host, 'names');
    lab.useNames('lab', 'anames');
  }

  it('a firewall lets out its proxy and nobody else, and lets nothing in', async () => {
    lab = await Lab.make(TWO_SITES);
    const tries = (host: string, to: string): number | null => {
      try {
        lab.run(host, ['curl', '-sS', '-m', '1', `http://${to}/`]);
        return 0;
      } catch (error) {
        return Number(/ended with (\d+)/.exec((error as Error).message)?.[1]);
      }
    };
    const server = await fileServer(lab, 'west', 1000);
    expect(tries('gproxy', lab.address('west')), 'the proxy, out').to.equal(0);
    expect(tries('desk', lab.address('west')), 'another host, out').to.equal(7);
    expect(tries('west', lab.address('globex')), 'to the firewall').to.equal(28);
    lab.run('west', ['ip', 'route', 'add', '10.1.0.0/24', 'via', lab.address('globex')]);
    expect(tries('west', lab.address('desk')), 'to a host inside').to.equal(28);
    const counters = lab.counters('globex');
    for (const name of ['out', 'back', 'in_drop', 'fwd_in_drop', 'fwd_out_drop']) expect(counters[name], name).to.be.greaterThan(0);
    await server.end();
  });

  it('figure 4: two firewalls, SOCKS on one side and HTTP on the other; curl, ssh and X clients; outside only set-up and TLS', async () => {
    await serveTwoSites();
    await Promise.all([dante(lab, 'gproxy'), squid(lab, 'aproxy', { names: 'names', account: ANN })]);
    const capture = await PacketCapture.inNamespace(`${lab.folder}/outside.pcap`, lab.namespace('internet'), 'inet');
    const ssh = await sshdAtLab();
    const display = await xServerAtLab();
    await start({
      nodes: {
        desk: `egress: "socks5://${lab.address('gproxy')}:1080"`,
        west: 'listen: "0.0.0.0:7070", address: "west.example:7070"',
        east: 'listen: "0.0.0.0:7071", address: "east.example:7071"',
        lab: `egress: "http://ann:secret@${lab.address('aproxy')}:3128"`,
      },
      route: 'desk > west > east < lab',
      services: [
        WEB,
        'ssh: { at: desk, to: "127.0.0.1:22" }',
        'proxy: { plugin: socks, at: desk, listen: "127.0.0.1:1080", allow: ["*.acme:80"] }',
        ...(display === undefined ? [] : [`x: { plugin: x11, at: desk, display: 17, sockets: [tcp], xauthority: "${lab.folder}/desk-xauthority", to: "127.0.0.1:${display}", toXauthority: "${lab.folder}/none" }`]),
      ],
    });
    await expectDownload();
    // Figure 10: SOCKS through the tunnel; the name is known on the far side alone.
    await expectDownload('http://intranet.acme', ['--socks5-hostname', '127.0.0.1:1080']);
    if (ssh !== undefined) expect(lab.run('desk', ['ssh', ...ssh, '-o', `ProxyCommand=${chain.command('desk', 'connect', chain.file, '--as', 'desk', 'ssh')}`, 'root@lab', 'echo', 'over ssh'])).to.equal('over ssh\n');
    if (display !== undefined) expect(lab.run('desk', ['env', 'DISPLAY=127.0.0.1:17', `XAUTHORITY=${lab.folder}/desk-xauthority`, 'xdpyinfo'])).to.match(/dimensions: +640x480 pixels/);
    expect((await chain.status('desk')).ways?.[0]).to.deep.include({ neighbour: 'west', state: 'open', through: [`socks5://${lab.address('gproxy')}:1080`] });
    await capture.stop();
    const streams = capture.streams();
    const legs = [...streams].filter(([flow]) => /(^|>)707[01](>|$)/.test(flow));
    expect(legs.length).to.be.greaterThan(5);
    expect(streams.size, 'nothing but legs').to.equal(legs.length);
    for (const [flow, bytes] of legs) expect(strangeness(bytes), flow).to.equal(undefined);
    expectKept('globex', 'acme');
  });

  /** Options of its client; undefined where ssh is not installed. */
  async function sshdAtLab(): Promise<string[] | undefined> {
    if (!existsSync('/usr/sbin/sshd')) return undefined;
    for (const name of ['host', 'client']) exec(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', `${lab.folder}/${name}`]);
    exec(['mkdir', '-p', '/run/sshd']);
    const config = lab.file('sshd_config', `ListenAddress 127.0.0.1:22\nHostKey ${lab.folder}/host\nAuthorizedKeysFile ${lab.folder}/client.pub\nStrictModes no\nUsePAM no\nPidFile none\n`);
    await lab.serve('lab', 22, ['/usr/sbin/sshd', '-D', '-e', '-f', config]);
    return ['-F', 'none', '-i', `${lab.folder}/client`, '-o', 'IdentitiesOnly=yes', '-o', `UserKnownHostsFile=${lab.folder}/known`, '-o', 'StrictHostKeyChecking=accept-new', '-o', 'BatchMode=yes'];
  }

  /** The number of its display; undefined where there is no Xvfb. */
  async function xServerAtLab(): Promise<number | undefined> {
    if (!existsSync('/usr/bin/Xvfb') || !existsSync('/usr/bin/xdpyinfo')) return undefined;
    const server = lab.start('lab', ['Xvfb', '-displayfd', '1', '-screen', '0', '640x480x24', '-listen', 'tcp', '-nolisten', 'unix', '-ac']);
    await server.says(/^\d+\n/);
    return Number(server.stdout.trim());
  }

  it('figure 9: one firewall, and an end outside that is dialed', async () => {
    lab = await Lab.make({ internet: ['lab', 'names'], sites: { globex: { net: 1, hosts: ['desk', 'gproxy'], out: ['gproxy'] } } });
    await Promise.all([nameServer(lab, 'names', { 'lab.example': 'lab', 'intranet.acme': 'lab' }), fileServer(lab, 'lab', FILE_BYTES)]);
    for (const host of ['gproxy', 'lab']) lab.useNames(host, 'names');
    await microsocks(lab, 'gproxy', ANN);
    await start({ nodes: { desk: `egress: "socks5://ann:secret@${lab.address('gproxy')}:1080"`, lab: 'listen: "0.0.0.0:7070", address: "lab.example:7070"' }, route: 'desk > lab', services: [WEB] });
    await expectDownload();
    expectKept('globex');
  });

  it('three firewalls: a middle in the zone between two of them, which must dial outwards', async () => {
    lab = await Lab.make({
      internet: ['west', 'names'],
      sites: {
        globex: { net: 1, hosts: ['desk', 'gproxy'], out: ['gproxy'] },
        acme: { net: 2, hosts: ['gate', 'aproxy'], out: ['aproxy'] },
        vault: { net: 3, behind: 'acme', hosts: ['lab'], out: ['lab'] },
      },
    });
    await Promise.all([nameServer(lab, 'names', { 'west.example': 'west' }), fileServer(lab, 'lab', FILE_BYTES)]);
    for (const host of ['gproxy', 'aproxy']) lab.useNames(host, 'names');
    await Promise.all([dante(lab, 'gproxy'), tinyproxy(lab, 'aproxy')]);
    await start({
      nodes: {
        desk: `egress: "socks5://${lab.address('gproxy')}:1080"`,
        west: 'listen: "0.0.0.0:7070", address: "west.example:7070"',
        gate: `listen: "${lab.address('gate')}:7072", egress: "http://${lab.address('aproxy')}:8888"`,
        lab: '',
      },
      route: 'desk > west < gate < lab',
      services: ['web: { at: desk, listen: "127.0.0.1:8080", to: "127.0.0.1:80" }'],
    });
    await expectDownload();
    expectKept('globex', 'acme', 'vault');
  });

  it('a middle between two relays, behind a firewall of its own, that dials both', async () => {
    lab = await Lab.make({
      internet: ['west', 'east', 'names'],
      sites: {
        globex: { net: 1, hosts: ['desk', 'gproxy'], out: ['gproxy'] },
        hosting: { net: 4, hosts: ['mid', 'mproxy'], out: ['mproxy'] },
        acme: { net: 2, hosts: ['lab', 'aproxy'], out: ['aproxy'] },
      },
    });
    await Promise.all([nameServer(lab, 'names', { 'west.example': 'west', 'east.example': 'east' }), fileServer(lab, 'lab', FILE_BYTES)]);
    for (const host of ['gproxy', 'mproxy', 'aproxy']) lab.useNames(host, 'names');
    await Promise.all([dante(lab, 'gproxy'), dante(lab, 'mproxy'), dante(lab, 'aproxy')]);
    const through = (proxy: string): string => `egress: "socks5://${lab.address(proxy)}:1080"`;
    await start({
      nodes: { desk: through('gproxy'), west: 'listen: "0.0.0.0:7070", address: "west.example:7070"', mid: through('mproxy'), east: 'listen: "0.0.0.0:7071", address: "east.example:7071"', lab: through('aproxy') },
      route: 'desk > west < mid > east < lab',
      services: ['web: { at: desk, listen: "127.0.0.1:8080", to: "127.0.0.1:80" }'],
    });
    await expectDownload();
    expectKept('globex', 'hosting', 'acme');
  });

  it('only HTTPS: a proxy with a password that connects to port 443 alone, and a relay behind a web server', async () => {
    await serveTwoSites();
    const authority = new Authority(lab.folder);
    await Promise.all([squid(lab, 'gproxy', { names: 'names', account: ANN, ports: [443] }), dante(lab, 'aproxy'), nginx(lab, 'west', authority.issue('DNS:west.example'))]);
    await start({
      nodes: {
        desk: `authorities: "${authority.root}", egress: "http://ann:secret@${lab.address('gproxy')}:3128"`,
        west: 'listen: ["0.0.0.0:7070", "ws://127.0.0.1:8080/lstp"], address: ["west.example:7070", "wss://west.example/lstp"]',
        lab: `egress: "socks5://${lab.address('aproxy')}:1080"`,
      },
      route: 'desk > west < lab',
      services: [WEB],
    });
    await expectDownload();
    expect((await chain.status('desk')).ways?.[0]).to.deep.include({ state: 'open', address: 'wss://west.example:443/lstp', through: [`http://${lab.address('gproxy')}:3128`] });
    expect((await chain.status('lab')).ways?.[0]).to.deep.include({ state: 'open', address: 'west.example:7070' });
    expectKept('globex', 'acme');
  });

  /** One firewall, dante, an end outside: the smallest chain that crosses one. */
  async function startSmall(firewall: Partial<LabPlan['sites'][string]>, bytes = FILE_BYTES): Promise<void> {
    lab = await Lab.make({ internet: ['lab'], sites: { globex: { net: 1, hosts: ['desk', 'gproxy'], out: ['gproxy'], ...firewall } } });
    [, proxy] = await Promise.all([fileServer(lab, 'lab', bytes), dante(lab, 'gproxy')]);
    await start({
      nodes: { desk: `egress: "socks5://${lab.address('gproxy')}:1080"`, lab: `listen: "${lab.address('lab')}:7070"` },
      route: 'desk > lab',
      services: ['web: { at: desk, listen: "127.0.0.1:8080", to: "127.0.0.1:80" }'],
    });
  }

  const carrierOf = async (node: string): Promise<string | undefined> => (await chain.status(node)).tunnels[0]?.carriers[0]?.id;

  it('a firewall that forgets connections which are idle for 20 s: the tunnel is none of them', async () => {
    // Without tcp_loose a connection that it has forgotten is not picked up again.
    await startSmall({ sysctl: ['net.netfilter.nf_conntrack_tcp_timeout_established=20', 'net.netfilter.nf_conntrack_tcp_loose=0'] });
    const before = await carrierOf('desk');
    const idle = lab.start('gproxy', ['bash', '-c', `exec 3<>/dev/tcp/${lab.address('lab')}/80; sleep 23; printf 'GET /digest HTTP/1.0\\r\\n\\r\\n' >&3; timeout 2 cat <&3 || echo forgotten`]);
    expect((await idle.ended).stdout).to.equal('forgotten\n');
    expect(await carrierOf('desk')).to.equal(before);
    await expectDownload();
    expect(await carrierOf('desk')).to.equal(before);
    expectKept('globex');
  });

  it('a firewall that resets connections which have carried much: nothing is lost', async () => {
    await startSmall({ sysctl: ['net.netfilter.nf_conntrack_acct=1'], forward: ['meta l4proto tcp ct bytes > 8000000 reject with tcp reset'] }, 30_000_000);
    const before = await carrierOf('desk');
    await expectDownload();
    expect(await carrierOf('desk')).not.to.equal(before);
    expectKept('globex');
  });

  it('a proxy that is restarted in the middle of a download: it goes on', async () => {
    await startSmall({}, 60_000_000);
    const slow = lab.start('desk', ['curl', '-sS', '--limit-rate', '30M', 'http://127.0.0.1:8080/file']);
    await eventually(() => slow.stdout.length > 1_000_000, () => 'the download has begun');
    await proxy.end();
    await dante(lab, 'gproxy');
    const { status, stdout } = await slow.ended;
    expect(status).to.equal(0);
    const digest = (await lab.start('desk', ['curl', '-sS', 'http://127.0.0.1:8080/digest']).ended).stdout;
    expect(createHash('sha256').update(Buffer.from(stdout, 'latin1')).digest('hex')).to.equal(digest);
    expectKept('globex');
  });

  it('a link outside that takes 1280 bytes in a packet', async () => {
    await startSmall({});
    exec(['ip', '-n', lab.namespace('globex'), 'link', 'set', 'wan', 'mtu', '1280']);
    exec(['ip', '-n', lab.namespace('internet'), 'link', 'set', 'globex', 'mtu', '1280']);
    await expectDownload();
    expectKept('globex');
  });

  it('a line that loses a packet in a hundred', async () => {
    await startSmall({ prerouting: ['iifname { "wan", "lan" } numgen random mod 100 < 1 counter drop'] });
    await expectDownload();
    expectKept('globex');
  });
});
