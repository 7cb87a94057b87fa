/** desk, lab and any relays between them, each a process that can be killed, stopped and started again: what resume is measured with. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@lstp/core';
import type { Child } from '../process/child.js';
import type { Scope } from '../process/scope.js';
import { makeKey, startNode } from './lstp.js';

export interface RelayedChainPlan {
  /** `desk > (west | south) < lab`; relays are what is neither desk nor lab, and all of them listen. */
  readonly route: string;
  /** Lines of the tunnel: `carriers: 2`. */
  readonly options?: readonly string[];
  /** Loopback port of the server. */
  readonly target: number;
}

export class RelayedChain {
  readonly relays: readonly string[];
  /** Loopback port where applications connect. */
  readonly entrance: number;
  readonly #scope: Scope;
  readonly #folder: string;
  readonly #running = new Map<string, Child>();

  /** Resolves when every node is ready; the tunnel may take a moment longer. */
  static async start(scope: Scope, plan: RelayedChainPlan): Promise<RelayedChain> {
    const relays = [...new Set(plan.route.match(/[a-z]+/g))].filter((name) => name !== 'desk' && name !== 'lab');
    const chain = new RelayedChain(scope, relays, await freePort());
    await chain.#write(plan);
    for (const node of [...relays, 'lab', 'desk']) await chain.startAgain(node);
    return chain;
  }

  private constructor(scope: Scope, relays: readonly string[], entrance: number) {
    this.#scope = scope;
    this.#folder = scope.temporaryFolder();
    this.relays = relays;
    this.entrance = entrance;
  }

  pid(node: string): number {
    return (this.#running.get(node) as Child).pid;
  }

  /** Resolves when the node is ready. */
  async startAgain(node: string): Promise<void> {
    this.#running.set(node, await startNode(this.#scope, { name: node, chainFile: join(this.#folder, 'chain.yaml'), folder: this.#folder }));
  }

  /** Resolves when the process has gone. */
  async kill(node: string): Promise<void> {
    const child = this.#running.get(node) as Child;
    process.kill(child.pid, 'SIGKILL');
    await child.ended;
  }

  signal(node: string, signal: NodeJS.Signals): void {
    process.kill(this.pid(node), signal);
  }

  /** SIGTERM, and the successor is started while the old process works; resolves when that has ended by itself. */
  async replace(node: string): Promise<void> {
    const old = this.#running.get(node) as Child;
    process.kill(old.pid, 'SIGTERM');
    await this.#startWhenFree(node);
    await old.ended;
  }

  /** The old process closes its listener in a moment. */
  async #startWhenFree(node: string): Promise<void> {
    await pause(100);
    await this.startAgain(node);
  }

  async #write({ route, options = [], target }: RelayedChainPlan): Promise<void> {
    const nodes = await Promise.all([...this.relays, 'desk', 'lab'].map(async (name) => {
      const listen = this.relays.includes(name) ? `, listen: "127.0.0.1:${await freePort()}"` : '';
      return `  ${name}: { key: "${await makeKey(this.#folder, name)}"${listen} }`;
    }));
    const service = `      bench: { at: desk, listen: "127.0.0.1:${this.entrance}", to: "127.0.0.1:${target}" }`;
    const tunnel = [`    route: "${route}"`, ...options.map((line) => `    ${line}`), '    services:', service];
    await writeFile(join(this.#folder, 'chain.yaml'), ['lstp: 1', 'nodes:', ...nodes, 'tunnels:', '  bench:', ...tunnel, ''].join('\n'));
  }
}

