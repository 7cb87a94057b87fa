/** lstp: `desk > relay < lab`, each node a process, driven only by its commands and its chain file. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@lstp/core';
import type { Child } from '../process/child.js';
import type { DebianPackage } from '../process/debian-packages.js';
import type { Scope } from '../process/scope.js';
import { untilEchoes, type Adapter, type Chain, type Setting } from './adapter.js';

const LSTP = fileURLToPath(new URL('../../../../packages/cli/bin/lstp.js', import.meta.url));
const NODES = ['relay', 'lab', 'desk'] as const;
type NodeName = (typeof NODES)[number];

export const lstp: Adapter = lstpWith({ name: 'lstp' });

export interface Variant {
  /** As it stands in the table. */
  readonly name: string;
  /** Further keys of the service: `codec: zlib`. */
  readonly keys?: string;
  /** Plugin modules, by path. */
  readonly plugins?: readonly string[];
  /** How its ends reach the relay. */
  readonly legs?: Legs;
  readonly packages?: readonly DebianPackage[];
  /** Resolves when something comes back from the server. */
  readonly ready?: (entrance: number, children: readonly Child[]) => Promise<void>;
}

export interface Legs {
  /** Of the relay's listener; tcp if absent. */
  readonly scheme?: 'tls' | 'ws' | 'wss';
  /** Gives the desk's way out; straight if absent. */
  readonly egress?: (scope: Scope) => Promise<string>;
  /** Gives the port that the desk dials in place of the relay's, and what else stands on its way. */
  readonly hop?: (scope: Scope, relayPort: number) => Promise<number>;
}

/** The same chain with another service. */
export function lstpWith({ name, keys = '', plugins = [], legs = {}, packages = [], ready = untilEchoes }: Variant): Adapter {
  return { name, packages, encrypted: true, start: (setting) => startChain(setting, { keys, plugins, legs, ready }) };
}

async function startChain(setting: Setting, { keys, plugins, legs, ready }: Required<Omit<Variant, 'name' | 'packages'>>): Promise<Chain> {
  const entrance = await freePort();
  const to = `to: "127.0.0.1:${setting.target}"`;
  const nodes = await startNodes(setting, { services: [{ name: 'bench', entrance, keys: keys === '' ? to : `${to}, ${keys}` }], plugins, legs });
  await ready(entrance, Object.values(nodes));
  return { entrance, pids: pidsOf(nodes) };
}

export interface Service {
  readonly name: string;
  /** Loopback port where it listens, if it does. */
  readonly entrance?: number;
  /** `plugin: socks`, `to: …`: all that it has besides its listener. */
  readonly keys: string;
}

export type Nodes = Readonly<Record<NodeName, Child>>;

export const pidsOf = ({ desk, relay, lab }: Nodes): Chain['pids'] => ({ desk: [desk.pid], relay: [relay.pid], lab: [lab.pid] });

/** The three nodes of one chain, each ready; whether its services carry a byte is not known yet. */
export async function startNodes({ scope, hop }: Omit<Setting, 'target'>, { services, plugins = [], legs = {} }: { services: readonly Service[]; plugins?: readonly string[]; legs?: Legs }): Promise<Nodes> {
  const folder = scope.temporaryFolder();
  const relayPort = await freePort();
  const publicKeys = await makeKeys(folder);
  const egress = await legs.egress?.(scope);
  const nodes = {} as Record<NodeName, Child>;
  for (const name of NODES) {
    const chainFile = join(folder, `${name}.yaml`);
    const first = name === 'desk' && legs.hop !== undefined ? await legs.hop(scope, relayPort) : relayPort;
    const dialedPort = name === 'relay' ? relayPort : await hop(first, name);
    await writeFile(chainFile, chain({ keys: publicKeys, relayPort, dialedPort, services, plugins, scheme: legs.scheme, egress }));
    nodes[name] = await startNode(scope, { name, chainFile, folder });
  }
  return nodes;
}

/** A node's process, after `lstp: NODE ready`. Its control socket lies in `folder`. */
export async function startNode(scope: Scope, { name, chainFile, folder }: { name: string; chainFile: string; folder: string }): Promise<Child> {
  const args = ['up', chainFile, '--as', name, '--keys', folder, '--log-level', 'warn'];
  const child = scope.start({ name: `lstp at ${name}`, ...command(name, args), env: { XDG_RUNTIME_DIR: folder } });
  await child.untilSays(/^lstp: \S+ ready$/m);
  return child;
}

/** As a shell starts it; with LSTP_BENCH_PROFILE, the name of a folder, so that each node leaves its CPU profile there. */
function command(name: string, args: readonly string[]): { file: string; args: readonly string[] } {
  const folder = process.env['LSTP_BENCH_PROFILE'];
  if (folder === undefined) return { file: LSTP, args };
  return { file: process.execPath, args: ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-name=${name}-${Date.now()}.cpuprofile`, LSTP, ...args] };
}

/** Writes NODE.key into `folder`; the public key as a chain file has it. */
export async function makeKey(folder: string, name: string): Promise<string> {
  const { stdout } = await promisify(execFile)(LSTP, ['keygen', name, '--keys', folder]);
  return stdout.trim();
}

async function makeKeys(folder: string): Promise<Record<NodeName, string>> {
  const pairs = await Promise.all(NODES.map(async (name) => [name, await makeKey(folder, name)] as const));
  return Object.fromEntries(pairs) as Record<NodeName, string>;
}

interface ChainPorts {
  readonly keys: Record<NodeName, string>;
  readonly relayPort: number;
  /** What the end dials: the relay's port, or that of what stands in front of it. The only difference between the nodes' files. */
  readonly dialedPort: number;
  readonly services: readonly Service[];
  readonly plugins: readonly string[];
  readonly scheme: Legs['scheme'];
  readonly egress: string | undefined;
}

function chain({ keys, relayPort, dialedPort, services, plugins, scheme, egress }: ChainPorts): string {
  const at = (port: number): string => `${scheme === undefined ? '' : `${scheme}://`}127.0.0.1:${port}`;
  return `
lstp: 1
nodes:
  desk: { key: "${keys.desk}"${egress === undefined ? '' : `, egress: "${egress}"`} }
  relay: { key: "${keys.relay}", listen: "${at(relayPort)}", address: "${at(dialedPort)}" }
  lab: { key: "${keys.lab}" }
tunnels:
  bench:
    route: desk > relay < lab
    services:
${services.map(serviceLine).join('\n')}
plugins: ${JSON.stringify(plugins)}
`;
}

function serviceLine({ name, entrance, keys }: Service): string {
  const listen = entrance === undefined ? '' : `listen: "127.0.0.1:${entrance}", `;
  return `      ${name}: { at: desk, ${listen}${keys} }`;
}
