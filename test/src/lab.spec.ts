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
import { LabChain } from './lab/lab-chain.js';
import type { LabProcess } from './lab/lab-process.js';
import { exec, Lab, missingForLab, type LabPlan } from './lab/lab.js';
import { dante, fileServer, microsocks, nameServer, nginx, squid, tinyproxy } from './lab/lab-servers.js';
import { strangeness } from './lab/wire.js';

const PROGRAMS = ['/usr/sbin/danted', '/usr/bin/microsocks', '/usr/sbin/squid', '/usr/bin/tinyproxy', '/usr/sbin/nginx', '/usr/sbin/dnsmasq', '/usr/bin/curl'];
const ANN = { user: 'ann', password: 'secret' };
const FILE_BYTES = 5_000_000;

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

  /** Starts the chain of an example, each node on its host. */
  async function start(example: string, change?: (text: string) => string): Promise<void> {
    lab.file('proxy-password', `${ANN.password}\n`);
    chain = LabChain.ofExample(lab, example, change);
    await chain.start();
    await chain.established('desk');
  }

  /** The file of the far side comes through the tunnel, whole, by curl. */
  async function expectDownload(url = 'http://127.0.0.1:8080', words: readonly string[] = [], host = 'desk'): Promise<void> {
    const digest = (await lab.start(host, ['curl', '-sS', ...words, `${url}/digest`]).ended).stdout;
    const { status, stdout, stderr } = await lab.start(host, ['curl', '-sS', ...words, `${url}/file`]).ended;
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

  /** globex: desk, its proxy, names inside; acme: the same for lab, and a server that only these names have; west, east and names outside. */
  const TWO_SITES: LabPlan = {
    internet: ['west', 'east', 'names'],
    sites: {
      globex: { net: 1, hosts: ['desk', 'gproxy', 'gnames'], out: ['gproxy'] },
      acme: { net: 2, hosts: ['lab', 'aproxy', 'anames', 'intranet'], out: ['aproxy'] },
    },
  };

  /** Names inside each site, and outside those of nodes that are dialed: no host knows both but a proxy, which knows those outside. */
  async function serveNames(names: Readonly<Record<string, Readonly<Record<string, string>>>>, users: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(Object.entries(names).map(([host, known]) => nameServer(lab, host, known)));
    for (const [host, server] of Object.entries(users)) lab.useNames(host, server);
  }

  async function serveTwoSites(plan = TWO_SITES): Promise<void> {
    lab = await Lab.make(plan);
    await serveNames(
      { names: { 'west.example': 'west', 'east.example': 'east' }, gnames: { 'proxy.globex': 'gproxy' }, anames: { 'proxy.acme': 'aproxy', 'intranet.acme': 'intranet' } },
      { west: 'names', gproxy: 'names', aproxy: 'names', desk: 'gnames', lab: 'anames' },
    );
    await fileServer(lab, 'intranet', FILE_BYTES);
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
    await start('socks-and-http', (text) => (display === undefined ? text.replace(/^ +x: .*\n/m, '') : text.replace('to: ":0"', `to: "127.0.0.1:${display}"`)));
    await expectDownload();
    // Figure 10: SOCKS through the tunnel; the name is known on the far side alone.
    await expectDownload('http://intranet.acme', ['--socks5-hostname', '127.0.0.1:1080']);
    if (ssh !== undefined) expect(lab.run('desk', ['ssh', ...ssh, '-o', `ProxyCommand=${chain.command('desk', 'connect', chain.file, '--as', 'desk', 'ssh')}`, 'root@lab', 'echo', 'over ssh'])).to.equal('over ssh\n');
    if (display !== undefined) expect(lab.run('desk', ['env', 'DISPLAY=127.0.0.1:17', `XAUTHORITY=${lab.folder}/desk-xauthority`, 'xdpyinfo'])).to.match(/dimensions: +640x480 pixels/);
    expect((await chain.status('desk')).ways?.[0]).to.deep.include({ neighbour: 'west', state: 'open', through: ['socks5://proxy.globex:1080'] });
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
    lab = await Lab.make({ internet: ['lab', 'names'], sites: { globex: { net: 1, hosts: ['desk', 'gproxy', 'gnames'], out: ['gproxy'] } } });
    await serveNames({ names: { 'lab.example': 'lab' }, gnames: { 'proxy.globex': 'gproxy' } }, { gproxy: 'names', desk: 'gnames' });
    await Promise.all([fileServer(lab, 'lab', FILE_BYTES), microsocks(lab, 'gproxy', ANN)]);
    await start('one-firewall');
    await expectDownload();
    expectKept('globex');
  });

  it('three firewalls: a middle in the zone between two of them, which must dial outwards', async () => {
    lab = await Lab.make({
      internet: ['west', 'names'],
      sites: {
        globex: { net: 1, hosts: ['desk', 'gproxy', 'gnames'], out: ['gproxy'] },
        acme: { net: 2, hosts: ['gate', 'aproxy', 'anames'], out: ['aproxy'] },
        vault: { net: 3, behind: 'acme', hosts: ['lab'], out: ['lab'] },
      },
    });
    await serveNames(
      { names: { 'west.example': 'west' }, gnames: { 'proxy.globex': 'gproxy' }, anames: { 'proxy.acme': 'aproxy', 'gate.acme': 'gate' } },
      { gproxy: 'names', aproxy: 'names', desk: 'gnames', gate: 'anames', lab: 'anames' },
    );
    await Promise.all([dante(lab, 'gproxy'), tinyproxy(lab, 'aproxy'), fileServer(lab, 'lab', FILE_BYTES)]);
    await start('zone-between');
    await expectDownload();
    expectKept('globex', 'acme', 'vault');
  });

  it('a middle between two relays, behind a firewall of its own, that dials both', async () => {
    lab = await Lab.make({
      internet: ['west', 'east', 'names'],
      sites: {
        globex: { net: 1, hosts: ['desk', 'gproxy', 'gnames'], out: ['gproxy'] },
        hosting: { net: 4, hosts: ['mid', 'mproxy', 'mnames'], out: ['mproxy'] },
        acme: { net: 2, hosts: ['lab', 'aproxy', 'anames'], out: ['aproxy'] },
      },
    });
    await serveNames(
      { names: { 'west.example': 'west', 'east.example': 'east' }, gnames: { 'proxy.globex': 'gproxy' }, mnames: { 'proxy.hosting': 'mproxy' }, anames: { 'proxy.acme': 'aproxy' } },
      { gproxy: 'names', mproxy: 'names', aproxy: 'names', desk: 'gnames', mid: 'mnames', lab: 'anames' },
    );
    await Promise.all([dante(lab, 'gproxy'), dante(lab, 'mproxy'), dante(lab, 'aproxy'), fileServer(lab, 'lab', FILE_BYTES)]);
    await start('middle-dials-both');
    await expectDownload();
    expectKept('globex', 'hosting', 'acme');
  });

  it('only HTTPS: a proxy with a password that connects to port 443 alone, and a relay behind a web server', async () => {
    await serveTwoSites();
    const authority = new Authority(lab.folder);
    await Promise.all([squid(lab, 'gproxy', { names: 'names', account: ANN, ports: [443] }), dante(lab, 'aproxy'), nginx(lab, 'west', authority.issue('DNS:west.example'))]);
    await start('https-only', (text) => text.replace('company-ca.pem', authority.root));
    await expectDownload();
    expect((await chain.status('desk')).ways?.[0]).to.deep.include({ state: 'open', address: 'wss://west.example:443/lstp', through: ['http://proxy.globex:3128'] });
    expect((await chain.status('lab')).ways?.[0]).to.deep.include({ state: 'open', address: 'west.example:7070' });
    expectKept('globex', 'acme');
  });

  /** One firewall, dante, an end outside: the smallest chain that crosses one. */
  async function startSmall(firewall: Partial<LabPlan['sites'][string]>, bytes = FILE_BYTES): Promise<void> {
    lab = await Lab.make({ internet: ['lab', 'names'], sites: { globex: { net: 1, hosts: ['desk', 'gproxy', 'gnames'], out: ['gproxy'], ...firewall } } });
    await serveNames({ names: { 'lab.example': 'lab' }, gnames: { 'proxy.globex': 'gproxy' } }, { gproxy: 'names', desk: 'gnames' });
    [proxy] = await Promise.all([dante(lab, 'gproxy'), fileServer(lab, 'lab', bytes)]);
    await start('hard-lines');
  }

  const carrierOf = async (node: string): Promise<string | undefined> => (await chain.status(node)).tunnels[0]?.carriers[0]?.id;

  it('a firewall that forgets connections which are idle for 20 s: the tunnel is none of them', async () => {
    await startSmall({ sysctl: ['forgets-idle-connections.conf'] });
    const before = await carrierOf('desk');
    const idle = lab.start('gproxy', ['bash', '-c', `exec 3<>/dev/tcp/${lab.address('lab')}/80; sleep 23; printf 'GET /digest HTTP/1.0\\r\\n\\r\\n' >&3; timeout 2 cat <&3 || echo forgotten`]);
    expect((await idle.ended).stdout).to.equal('forgotten\n');
    expect(await carrierOf('desk')).to.equal(before);
    await expectDownload();
    expect(await carrierOf('desk')).to.equal(before);
    expectKept('globex');
  });

  it('a firewall that resets connections which have carried much: nothing is lost', async () => {
    await startSmall({ sysctl: ['net.netfilter.nf_conntrack_acct=1'], rules: ['resets-long-connections.nft'] }, 30_000_000);
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

  it('links outside that take 1280 bytes in a packet, and networks inside that take more', async () => {
    lab = await Lab.make({ internet: ['west'], sites: { globex: { net: 1, hosts: ['desk', 'gproxy'], out: ['gproxy'] }, acme: { net: 2, hosts: ['lab'], out: ['lab'] } } });
    for (const place of ['west', 'globex', 'acme']) lab.narrow(place, 1280);
    await Promise.all([fileServer(lab, 'lab', FILE_BYTES), fileServer(lab, 'desk', FILE_BYTES), dante(lab, 'gproxy')]);
    chain = LabChain.ofParts(lab, {
      nodes: { desk: `egress: "socks5://${lab.address('gproxy')}:1080"`, west: `listen: "${lab.address('west')}:7070"`, lab: '' },
      route: 'desk > west < lab',
      services: ['web: { at: desk, listen: "127.0.0.1:8080", to: "127.0.0.1:80" }', 'back: { at: lab, listen: "127.0.0.1:8080", to: "127.0.0.1:80" }'],
    });
    await chain.start();
    await chain.established('desk');
    await expectDownload();
    await expectDownload('http://127.0.0.1:8080', [], 'lab');
    expectKept('globex', 'acme');
  });

  it('a line that loses a packet in a hundred', async () => {
    await startSmall({ rules: ['loses-packets.nft'] });
    await expectDownload();
    expectKept('globex');
  });
});
