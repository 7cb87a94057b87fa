/**
 * A laboratory of the test's own: networks behind firewalls, in network namespaces of this machine. Nothing of the
 * machine's own network is read or changed, and two laboratories at once do not meet.
 *
 *   internet    198.51.100.0/24, one bridge; hosts .10 and up, firewalls .100 and up
 *   each site   10.N.0.0/24 behind its firewall (.1), hosts .10 and up, sites behind it .100 and up
 *
 * A firewall drops whatever comes from outside, and lets out only the hosts that its site names; everything else is rejected
 * and counted. Each host has names from where the laboratory says, or none.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { EXAMPLES, firewallRules, type FirewallOptions } from './firewall.js';
import { fileURLToPath } from 'node:url';
import { LabProcess } from './lab-process.js';

export interface Site extends FirewallOptions {
  /** N of 10.N.0.0/24. */
  readonly net: number;
  /** The site whose network it is behind; the internet if absent. */
  readonly behind?: string;
  readonly hosts: readonly string[];
  /** Of these hosts packets may go out. */
  readonly out: readonly string[];
}

export interface LabPlan {
  readonly internet: readonly string[];
  readonly sites: Readonly<Record<string, Site>>;
}

/** Two laboratories of one process have different numbers. */
let made = 0;

/** What is missing on this machine, or undefined. */
export function missingForLab(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces are for root on Linux';
  const missing = ['/usr/sbin/ip', '/usr/sbin/nft', '/usr/bin/ss'].find((program) => !existsSync(program));
  if (missing !== undefined) return `${missing} is not installed`;
  const name = `lstp${process.pid}-try`;
  const [one] = [spawnSync('ip', ['netns', 'add', name]), spawnSync('ip', ['netns', 'del', name])];
  return one?.status === 0 ? undefined : 'network namespaces cannot be made here';
}

export class Lab {
  /** Files of whatever runs here. */
  readonly folder = mkdtempSync(join(tmpdir(), 'lstp-lab-'));
  readonly #plan: LabPlan;
  readonly #prefix = `lstp${process.pid}n${(made += 1)}`;
  readonly #namespaces: string[] = [];
  readonly #addresses = new Map<string, string>();
  readonly #children = new Set<ChildProcess>();

  /** Throws, with nothing left behind, when it cannot be made. */
  static async make(plan: LabPlan): Promise<Lab> {
    const lab = new Lab(plan);
    try {
      lab.#build();
    } catch (error) {
      await lab.remove();
      throw error;
    }
    return lab;
  }

  private constructor(plan: LabPlan) {
    this.#plan = plan;
  }

  /** Of a host; of a site, its firewall's outside. */
  address(host: string): string {
    const address = this.#addresses.get(host);
    if (address === undefined) throw new Error(`the laboratory has no ${host}`);
    return address;
  }

  /** Names are looked up there by `host` from now on. */
  useNames(host: string, server: string): void {
    this.#resolver(host, `nameserver ${this.address(server)}\noptions timeout:1 attempts:2\n`);
  }

  /** Runs on until it ends, or the laboratory does. */
  start(host: string, command: readonly string[], env: NodeJS.ProcessEnv = {}): LabProcess {
    const [program = '', ...words] = this.#inside(host, command);
    const child = spawn(program, words, { cwd: this.folder, env: { ...process.env, HOME: this.folder, TMPDIR: this.folder, NO_COLOR: '1', ...env }, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return new LabProcess(child);
  }

  /** The same for a server: resolves when it listens on this TCP port of the host. */
  async serve(host: string, port: number, command: readonly string[]): Promise<LabProcess> {
    const running = this.start(host, command);
    await eventually(() => {
      if (running.child.exitCode !== null) throw new Error(`${command[0]} ended: ${running.stdout}${running.stderr}`);
      return this.run(host, ['ss', '-Hltn', 'sport', '=', `:${port}`]).trim() !== '';
    }, () => `${command[0]} listens on ${host}:${port}: ${running.stdout}${running.stderr}`);
    return running;
  }

  /** Runs to its end, and gives what it printed. Throws when it fails. */
  run(host: string, command: readonly string[], input = ''): string {
    const [program = '', ...words] = this.#inside(host, command);
    const { status, stdout, stderr } = spawnSync(program, words, { cwd: this.folder, input, encoding: 'utf8', timeout: 30_000 });
    if (status !== 0) throw new Error(`${host}: ${command.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  /**
   * The cable of an internet host, or of a site's firewall, takes `bytes` a packet. Switches drop what is too large and say
   * nothing, so every cable at the internet must be told; whoever routes from a wider network then says so by ICMP.
   */
  narrow(place: string, bytes: number): void {
    const device = place in this.#plan.sites ? 'wan' : 'eth0';
    for (const [namespace, link] of [[place, device], ['internet', place]] as const) exec(['ip', '-n', this.namespace(namespace), 'link', 'set', link, 'mtu', String(bytes)]);
  }

  /** The namespace that switches the internet; of a site, its firewall's. */
  namespace(place: string): string {
    return `${this.#prefix}-${place}`;
  }

  /** Packets counted by a site's firewall, by name: see firewall.ts. */
  counters(site: string): Readonly<Record<string, number>> {
    const { nftables } = JSON.parse(exec(['ip', 'netns', 'exec', this.namespace(site), 'nft', '-j', 'list', 'counters'])) as { readonly nftables: readonly { readonly counter?: { readonly name: string; readonly packets: number } }[] };
    return Object.fromEntries(nftables.flatMap(({ counter }) => (counter === undefined ? [] : [[counter.name, counter.packets]])));
  }

  /** Writes a file of the laboratory; gives its path. */
  file(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  }

  /** Ends all that runs in it, and takes every namespace away. */
  async remove(): Promise<void> {
    await Promise.all([...this.#children].map(endGroup));
    for (const name of this.#namespaces) {
      spawnSync('ip', ['netns', 'del', name]);
      rmSync(`/etc/netns/${name}`, { recursive: true, force: true });
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #inside(host: string, command: readonly string[]): string[] {
    return ['ip', 'netns', 'exec', this.namespace(host), ...command];
  }

  #build(): void {
    exec(['chmod', '755', this.folder]);
    this.#bridge('internet', 'inet', '198.51.100.1');
    for (const [index, host] of this.#plan.internet.entries()) this.#host(host, { at: 'internet', bridge: 'inet', address: `198.51.100.${10 + index}`, gateway: undefined });
    const sites = Object.entries(this.#plan.sites);
    for (const [index, [name, site]] of sites.entries()) this.#site(name, site, index);
  }

  #site(name: string, site: Site, index: number): void {
    const { net, behind, hosts, out } = site;
    const upstream = behind === undefined ? undefined : this.#plan.sites[behind];
    const wan = upstream === undefined ? `198.51.100.${100 + index}` : `10.${upstream.net}.0.${100 + index}`;
    this.#bridge(name, 'lan', `10.${net}.0.1`);
    this.#connect(name, { device: 'wan', at: behind ?? 'internet', bridge: behind === undefined ? 'inet' : 'lan', address: wan, ...(upstream === undefined ? {} : { gateway: `10.${upstream.net}.0.1` }) });
    this.#addresses.set(name, wan);
    for (const [at, host] of hosts.entries()) this.#host(host, { at: name, bridge: 'lan', address: `10.${net}.0.${10 + at}`, gateway: `10.${net}.0.1` });
    const inside = (setting: string): string => exec(['ip', 'netns', 'exec', this.namespace(name), 'sysctl', ...(setting.endsWith('.conf') ? ['-qp', fileURLToPath(new URL(setting, EXAMPLES))] : ['-qw', setting])]);
    // Frames between hosts of one network are none of the firewall's business.
    for (const setting of ['net.ipv4.ip_forward=1', 'net.bridge.bridge-nf-call-iptables=0', 'net.bridge.bridge-nf-call-ip6tables=0', ...(site.sysctl ?? [])]) inside(setting);
    exec(['ip', 'netns', 'exec', this.namespace(name), 'nft', '-f', '-'], firewallRules(out.map((host) => this.address(host)), site));
  }

  #bridge(place: string, device: string, address: string): void {
    const name = this.#namespace(place);
    exec(['ip', '-n', name, 'link', 'add', device, 'type', 'bridge']);
    exec(['ip', '-n', name, 'address', 'add', `${address}/24`, 'dev', device]);
    exec(['ip', '-n', name, 'link', 'set', device, 'up']);
  }

  #host(host: string, link: { readonly at: string; readonly bridge: string; readonly address: string; readonly gateway: string | undefined }): void {
    this.#namespace(host);
    this.#connect(host, { device: 'eth0', ...link, ...(link.gateway === undefined ? {} : { gateway: link.gateway }) });
    this.#addresses.set(host, link.address);
    this.#resolver(host, '# no names here\n');
  }

  /** A cable from a namespace's `device` to the bridge of another. */
  #connect(place: string, { device, at, bridge, address, gateway }: { readonly device: string; readonly at: string; readonly bridge: string; readonly address: string; readonly gateway?: string | undefined }): void {
    const name = this.namespace(place);
    exec(['ip', '-n', this.namespace(at), 'link', 'add', place, 'type', 'veth', 'peer', 'name', device, 'netns', name]);
    exec(['ip', '-n', this.namespace(at), 'link', 'set', place, 'master', bridge, 'up']);
    exec(['ip', '-n', name, 'link', 'set', device, 'up']);
    exec(['ip', '-n', name, 'address', 'add', `${address}/24`, 'dev', device]);
    if (gateway !== undefined) exec(['ip', '-n', name, 'route', 'add', 'default', 'via', gateway]);
  }

  #namespace(place: string): string {
    const name = this.namespace(place);
    this.#namespaces.push(name);
    exec(['ip', 'netns', 'add', name]);
    exec(['ip', '-n', name, 'link', 'set', 'lo', 'up']);
    return name;
  }

  /** `ip netns exec` shows this file as /etc/resolv.conf. */
  #resolver(host: string, text: string): void {
    mkdirSync(`/etc/netns/${this.namespace(host)}`, { recursive: true });
    writeFileSync(`/etc/netns/${this.namespace(host)}/resolv.conf`, text);
  }
}

export function exec([program = '', ...words]: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(program, words, { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exit = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exit;
}
