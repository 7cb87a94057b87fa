/** A route of real hubs and middles over loopback, and ends that stop where TLS would begin. Everything ends with close(). */
import type { Socket } from 'node:net';
import { LegHub, PluginCatalogue, parseChain, type Chain, type GateLimits, type LegDialer } from '@lstp/core';
import { namedSigner } from '@lstp/core/testing';
import { MiddleRole, type MiddleLimits } from '../../src/index.js';
import { LabEnd } from './lab-end.js';
import { RecordingLog } from './recording-log.js';

export interface LabOptions {
  readonly pingMs?: number;
  readonly gate?: GateLimits;
  readonly limits?: Partial<MiddleLimits>;
  /** How every node dials; straight if absent. */
  readonly dialer?: LegDialer;
  /** Nodes that are not started with the others. */
  readonly later?: readonly string[];
}

export class Lab {
  readonly log = new RecordingLog();
  readonly hubs = new Map<string, LegHub>();
  readonly roles = new Map<string, MiddleRole>();
  readonly ends = new Map<string, LabEnd>();
  chain!: Chain;
  readonly #options: LabOptions;
  readonly #ports = new Map<string, number>();
  readonly #sockets = new Set<Socket>();

  private constructor(options: LabOptions) {
    this.#options = options;
  }

  /** `routes` as in the chain file; one tunnel `acme`, every node listens. */
  static async up(routes: string | readonly string[], options: LabOptions = {}): Promise<Lab> {
    const lab = new Lab(options);
    const list = typeof routes === 'string' ? [routes] : routes;
    const names = [...new Set(list.flatMap((route) => route.split(/ [<>] /)))];
    for (const name of names) await lab.#openHub(name);
    lab.chain = lab.makeChain(list);
    for (const name of names) {
      if (!(options.later ?? []).includes(name)) lab.startNode(name);
      else lab.stopNode(name);
    }
    return lab;
  }

  /** The chain file of this lab with other routes; keys of nodes may be replaced. */
  makeChain(routes: readonly string[], keys: Readonly<Record<string, string>> = {}): Chain {
    const nodes = [...this.#ports].map(([name, port]) => `  ${name}: { key: "${keys[name] ?? namedSigner(name).publicKey}", listen: "127.0.0.1:${port}" }`);
    const text = ['lstp: 1', 'nodes:', ...nodes, 'tunnels:', '  acme:', `    route: [${routes.map((route) => `"${route}"`).join(', ')}]`].join('\n');
    return parseChain(text, 'lab.yaml', new PluginCatalogue([]));
  }

  startNode(name: string): void {
    const hub = this.hubs.get(name) as LegHub;
    const { left, right } = this.chain.tunnels.get('acme') as { left: string; right: string };
    if (name === left || name === right) this.ends.set(name, new LabEnd({ hub, chain: this.chain, name, side: name === left ? 'left' : 'right' }));
    if (!MiddleRole.isNeeded([this.chain], name)) return;
    const { limits } = this.#options;
    const role = new MiddleRole(hub, { node: name, chains: [this.chain], signer: namedSigner(name), log: this.log, ...(limits && { limits }) });
    role.start();
    this.roles.set(name, role);
  }

  /** As when the process is killed. */
  stopNode(name: string): void {
    this.roles.get(name)?.stop();
    this.hubs.get(name)?.stop();
  }

  /** A new process of this node, at the same port. */
  async restartNode(name: string): Promise<void> {
    this.stopNode(name);
    await this.#openHub(name);
    this.startNode(name);
  }

  end(name: string): LabEnd {
    return this.ends.get(name) as LabEnd;
  }

  role(name: string): MiddleRole {
    return this.roles.get(name) as MiddleRole;
  }

  port(name: string): number {
    return this.#ports.get(name) as number;
  }

  /** The two raw sockets of a carrier from end to end; closed with the lab. */
  async carrier(): Promise<{ left: Socket; right: Socket }> {
    const [left, right] = await Promise.all([...this.ends.values()].map((end) => end.connect()));
    return { left: this.track(left as Socket), right: this.track(right as Socket) };
  }

  track(socket: Socket): Socket {
    this.#sockets.add(socket.on('error', () => undefined));
    return socket;
  }

  close(): void {
    for (const end of this.ends.values()) end.close();
    for (const name of this.hubs.keys()) this.stopNode(name);
    for (const socket of this.#sockets) socket.destroy();
  }

  async #openHub(name: string): Promise<void> {
    const { pingMs = 1000, gate, dialer } = this.#options;
    const port = this.#ports.get(name) ?? 0;
    const hub = new LegHub({ node: name, signer: namedSigner(name), log: this.log, pingMs, listen: [{ scheme: 'tcp', host: '127.0.0.1', port }], ...(gate && { gate }), ...(dialer && { dialer }) });
    await hub.start();
    this.hubs.set(name, hub);
    this.#ports.set(name, Number(/\d+$/.exec(hub.addresses[0] as string)?.[0]));
  }
}
