/** A chain of the laboratory: each node a process on its host, with the same file and its own key. */
import type { NodeStatus } from '@lstp/core';
import { createKeyFile, keyFilePath, publicKeyOf } from '@lstp/core/security';
import { BIN } from 'lstp/testing';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { EXAMPLES } from './firewall.js';
import type { Lab } from './lab.js';
import type { LabProcess } from './lab-process.js';

export interface LabChainParts {
  /** What each node has beside its key, in YAML's flow style. A node is named like the host it runs on. */
  readonly nodes: Readonly<Record<string, string>>;
  readonly route: string;
  /** Lines of services, in YAML's flow style. */
  readonly services: readonly string[];
}

export class LabChain {
  readonly file: string;
  readonly #lab: Lab;
  readonly #running = new Map<string, LabProcess>();

  /** Its nodes, in the order of the file. */
  readonly nodes: readonly string[];

  /** That of a folder of examples/firewalls, with keys of its own. `change` makes another text of it. */
  static ofExample(lab: Lab, folder: string, change: (text: string) => string = (text) => text): LabChain {
    return new LabChain(lab, change(readFileSync(new URL(`${folder}/chain.yaml`, EXAMPLES), 'utf8')));
  }

  static ofParts(lab: Lab, { nodes, route, services }: LabChainParts): LabChain {
    const lines = Object.entries(nodes).map(([node, members]) => `  ${node}: { key: "own"${members === '' ? '' : `, ${members}`} }`);
    return new LabChain(lab, ['lstp: 1', 'nodes:', ...lines, 'tunnels:', '  acme-globex:', `    route: ${route}`, '    services:', ...services.map((line) => `      ${line}`), ''].join('\n'));
  }

  /** Each node gets a new key in place of the one that the text has. */
  private constructor(lab: Lab, text: string) {
    this.#lab = lab;
    const nodes: string[] = [];
    const own = text.replaceAll(/^ {2}([a-z0-9]+): \{ key: "[^"]+"/gm, (_line, node: string) => {
      nodes.push(node);
      return `  ${node}: { key: "${publicKeyOf(createKeyFile(keyFilePath(join(lab.folder, 'keys'), node)))}"`;
    });
    this.nodes = nodes;
    this.file = lab.file('chain.yaml', own);
  }

  /** Starts each on its host. Resolves when all are ready. */
  async start(): Promise<void> {
    await Promise.all(this.nodes.map(async (node) => {
      const runtime = join(this.#lab.folder, `run-${node}`);
      mkdirSync(runtime, { recursive: true, mode: 0o700 });
      const running = this.#lab.start(node, this.#command('up', this.file, '--as', node, '--keys', join(this.#lab.folder, 'keys')), this.#env(node));
      this.#running.set(node, running);
      await running.says(new RegExp(`lstp: ${node} ready\\n`));
    }));
  }

  async established(node: string, withinMs = 30_000): Promise<void> {
    await eventually(async () => (await this.status(node)).tunnels[0]?.state === 'established', () => `the tunnel is up at ${node}:\n${this.logs()}`, withinMs);
  }

  async status(node: string): Promise<NodeStatus> {
    return JSON.parse(await this.lstp(node, 'status', '--as', node, '--json')) as NodeStatus;
  }

  /** Runs the command on a node's host; gives what it printed. Rejects when it fails. */
  async lstp(node: string, ...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.#lab.start(node, this.#command(...words), this.#env(node)).ended;
    if (status !== 0) throw new Error(`lstp ${words.join(' ')} ended with ${status}: ${stdout}${stderr}`);
    return stdout;
  }

  /** What the nodes wrote, for who wants to know why a test failed. */
  logs(): string {
    return [...this.#running].map(([node, { stderr }]) => `--- ${node}\n${stderr}`).join('\n');
  }

  log(node: string): string {
    return this.#running.get(node)?.stderr ?? '';
  }

  /** The command as a node's host runs it, for other programs: ProxyCommand of ssh. */
  command(node: string, ...words: readonly string[]): string {
    return ['env', `XDG_RUNTIME_DIR=${join(this.#lab.folder, `run-${node}`)}`, ...this.#command(...words)].join(' ');
  }

  #command(...words: readonly string[]): string[] {
    return [process.execPath, BIN, ...words];
  }

  #env(node: string): NodeJS.ProcessEnv {
    return { XDG_RUNTIME_DIR: join(this.#lab.folder, `run-${node}`) };
  }
}
