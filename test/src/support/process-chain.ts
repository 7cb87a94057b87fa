/** A chain whose nodes are processes: its file can be rewritten, its nodes killed, started again, asked. */
import type { NodeStatus, TunnelStatus } from '@lstp/core';
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { BIN, freePorts, type Ended, type Running, type Workplace } from 'lstp/testing';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const NODES = ['desk', 'west', 'east', 'lab'] as const;
export type NodeName = (typeof NODES)[number];

export interface ChainParts {
  readonly route?: string;
  /** Lines of services, in YAML's flow style. */
  readonly services: readonly string[];
  /** Further lines of the tunnel: `carriers: 2`. */
  readonly options?: readonly string[];
  /** How ends get out: proxy URLs. */
  readonly egress?: { readonly desk: string; readonly lab: string };
  /** Public keys that the file names instead of the real ones. */
  readonly keys?: Partial<Record<NodeName, string>>;
}

export interface StartOptions {
  /** Another chain file, written with writeAs(). */
  readonly file?: string;
  /** Another folder of keys. */
  readonly keys?: string;
  /** A folder for its control socket, as another machine has it. */
  readonly machine?: string;
  readonly drainSeconds?: number;
  /** A module, by path, that its process loads first. */
  readonly preload?: string;
}

/** Where the nodes of a chain are, when not on this machine's loopback. */
export interface ChainNetwork {
  address(node: NodeName): string;
  /** The beginning of a command that runs a program where the node is. */
  inside(node: NodeName): readonly string[];
}

const LOOPBACK: ChainNetwork = { address: () => '127.0.0.1', inside: () => [] };

export class ProcessChain {
  /** By node, those of the chain's own keys. */
  readonly keys: Readonly<Record<NodeName, string>>;
  /** Where west and east take legs. */
  readonly west: number;
  readonly east: number;
  /** Of the last start of each node. */
  readonly running = new Map<NodeName, Running>();
  readonly #place: Workplace;
  readonly #network: ChainNetwork;

  static async make(place: Workplace, network = LOOPBACK): Promise<ProcessChain> {
    return new ProcessChain(place, network, await freePorts(2));
  }

  private constructor(place: Workplace, network: ChainNetwork, [west = 0, east = 0]: readonly number[]) {
    this.#place = place;
    this.#network = network;
    this.west = west;
    this.east = east;
    this.keys = Object.fromEntries(NODES.map((node) => [node, this.makeKey(node, 'keys')])) as Record<NodeName, string>;
  }

  /** A new key of a node in a folder; gives its public half. */
  makeKey(node: NodeName, folder: string): string {
    return publicKeyOf(createKeyFile(keyFilePath(join(this.#place.folder, folder), node)));
  }

  write(parts: ChainParts): void {
    this.writeAs('chain.yaml', parts);
  }

  writeAs(file: string, { route = 'desk > west > east < lab', services, keys = {}, options = [], egress }: ChainParts): void {
    const key = (node: NodeName): string => `key: "${keys[node] ?? this.keys[node]}"`;
    const way = (node: 'desk' | 'lab'): string => (egress === undefined ? '' : `, egress: "${egress[node]}"`);
    const lines = services.map((line) => `      ${line}`).join('\n');
    writeFileSync(
      join(this.#place.folder, file),
      `lstp: 1
nodes:
  desk: { ${key('desk')}${way('desk')} }
  west: { ${key('west')}, listen: "${this.#network.address('west')}:${this.west}" }
  east: { ${key('east')}, listen: "${this.#network.address('east')}:${this.east}" }
  lab: { ${key('lab')}${way('lab')} }
tunnels:
  acme-globex:
    route: ${route}
${options.map((line) => `    ${line}\n`).join('')}    services:
${lines}
`,
    );
  }

  /** Resolves when it is ready. */
  async start(node: NodeName, { file = 'chain.yaml', keys = 'keys', machine, drainSeconds = 30, preload }: StartOptions = {}): Promise<Running> {
    const up = [BIN, 'up', file, '--as', node, '--keys', keys, '--drain', String(drainSeconds)];
    const first = preload === undefined ? [] : ['--require', preload];
    const [program = '', ...args] = [...this.#network.inside(node), 'env', ...this.#runtime(machine), process.execPath, ...first, ...up];
    const running = this.#place.spawn(program, args);
    if (machine === undefined) this.running.set(node, running);
    await running.says(new RegExp(`lstp: ${node} ready\\n`));
    return running;
  }

  isRunning(node: NodeName): boolean {
    const child = this.running.get(node)?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  kill(node: NodeName): Promise<Ended> {
    return (this.running.get(node) as Running).end('SIGKILL');
  }

  async status(node: NodeName): Promise<NodeStatus> {
    const { stdout, stderr } = await this.#place.run(['status', '--as', node, '--json']);
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as NodeStatus;
  }

  async tunnel(node: NodeName): Promise<TunnelStatus> {
    return (await this.status(node)).tunnels[0] as TunnelStatus;
  }

  /** What the nodes wrote, for who wants to know why a test failed. */
  logs(): string {
    return [...this.running].map(([node, { stdout, stderr }]) => `--- ${node}\n${stdout}${stderr}`).join('\n');
  }

  #runtime(machine: string | undefined): string[] {
    if (machine === undefined) return [];
    const folder = join(this.#place.folder, machine);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return [`XDG_RUNTIME_DIR=${folder}`];
  }
}
