/** One real end: a hub with its legs and an end role on loopback, with the bundled plugins; its log is kept. */
import 'reflect-metadata';
import { Writable } from 'node:stream';
import { freePort, generateIdentity, LegHub, neighbourIn, neighboursOf, parseChain, PluginCatalogue, signerOf, type Chain, type NodeIdentity, type PluginDefinition, type ReloadReport, type TunnelStatus } from '@lstp/core';
import { createLogger } from '@lstp/core/observe';
import { bundledPlugins } from '@lstp/plugins';
import { container } from 'tsyringe';
import { EndRole } from '../../src/index.js';
import { until } from '@lstp/core/testing';

export interface TestEndOptions {
  readonly holdMs?: number;
  readonly connectMs?: number;
  readonly clock?: () => number;
  readonly plugins?: readonly PluginDefinition[];
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export function chainOf(text: string, plugins: readonly PluginDefinition[] = bundledPlugins): Chain {
  return parseChain(text, 'chain.yaml', new PluginCatalogue(plugins));
}

export class TestEnd {
  readonly node: string;
  readonly hub: LegHub;
  readonly role: EndRole;
  readonly log: LogLine[];
  readonly #key: NodeIdentity['publicKey'];

  static async make(node: string, chain: Chain, identity: NodeIdentity, { plugins = bundledPlugins, ...options }: TestEndOptions = {}): Promise<TestEnd> {
    const log: LogLine[] = [];
    const destination = new Writable({
      write(line: Buffer, _encoding, done) {
        log.push(JSON.parse(line.toString()) as LogLine);
        done();
      },
    });
    const logger = await createLogger({ level: 'debug', format: 'json', destination });
    const signer = signerOf(identity.privateKey);
    const hub = new LegHub({ node, signer, listen: chain.nodes.get(node)?.listen ?? [], log: logger });
    const role = new EndRole({
      node, chains: [chain], hub, signer, identity, logger,
      container: container.createChildContainer(),
      plugins,
      neighbourOf: (of, name) => neighbourIn(of, node, name),
      software: 'lstp/test',
      ...options,
    });
    return new TestEnd({ node, hub, role, log }, { chain, key: identity.publicKey });
  }

  private constructor({ node, hub, role, log }: Pick<TestEnd, 'node' | 'hub' | 'role' | 'log'>, { chain, key }: { chain: Chain; key: NodeIdentity['publicKey'] }) {
    this.node = node;
    this.hub = hub;
    this.role = role;
    this.log = log;
    this.#key = key;
    this.#meetNeighbours(chain);
  }

  async start(): Promise<this> {
    await this.hub.start();
    await this.role.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.role.stop();
    this.hub.stop();
  }

  /** As a node does. */
  async reload(chain: Chain): Promise<ReloadReport> {
    const read = await this.role.reloadFiles([chain]);
    this.#meetNeighbours(chain);
    const { applied, failed, ignored } = await this.role.reload([chain]);
    return { applied: [...read, ...applied], failed, ignored };
  }

  tunnel(name?: string): TunnelStatus {
    const found = this.role.status().find((tunnel) => name === undefined || tunnel.name === name);
    if (found === undefined) throw new Error(`${this.node} has no tunnel ${name}`);
    return found;
  }

  /** Where applications connect to a service. */
  address(service: string): { host: string; port: number } {
    const services = this.role.status().flatMap((tunnel) => tunnel.services);
    const [address = ''] = services.find(({ name }) => name === service)?.addresses ?? [];
    const at = address.lastIndexOf(':');
    if (at < 0) throw new Error(`${service} does not listen at ${this.node}`);
    return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
  }

  /** Resolves with the first line that has been or will be logged and matches. */
  says(message: RegExp): Promise<LogLine> {
    return until(`${this.node} logs ${message}`, () => this.log.find(({ msg }) => message.test(msg)));
  }

  #meetNeighbours(chain: Chain): void {
    const beside = neighboursOf([chain], this.node, this.#key);
    this.hub.know(this.role, { neighbours: beside.map(({ neighbour }) => neighbour) });
    this.hub.keep(this.role, { links: beside.filter(({ dialsLink }) => dialsLink).map(({ neighbour }) => neighbour), standbys: [] });
  }
}

export interface PairOptions {
  /** YAML lines of the services of tunnel `acme`, in flow style: `web: { at: desk, ... }`. */
  readonly services: readonly string[];
  /** Further keys of the tunnel. */
  readonly tunnel?: readonly string[];
  /** The services of a second tunnel `globex` between the same ends. */
  readonly globex?: readonly string[];
}

/** `desk > lab` on loopback: what is needed to start each end, as often as wanted. */
export class PairPlan {
  readonly desk = generateIdentity();
  readonly lab = generateIdentity();
  readonly port: number;

  static async make(): Promise<PairPlan> {
    return new PairPlan(await freePort());
  }

  private constructor(port: number) {
    this.port = port;
  }

  text({ services, tunnel = [], globex = [] }: PairOptions): string {
    return `lstp: 1
nodes:
  desk: { key: "${this.desk.publicKey}" }
  lab: { key: "${this.lab.publicKey}", listen: "127.0.0.1:${this.port}" }
tunnels:
  acme:
    route: desk > lab
${tunnel.map((line) => `    ${line}\n`).join('')}${servicesText(services)}${globex.length > 0 ? `  globex:\n    route: desk > lab\n${servicesText(globex)}` : ''}`;
  }

  end(node: 'desk' | 'lab', options: PairOptions, settings?: TestEndOptions): Promise<TestEnd> {
    return TestEnd.make(node, chainOf(this.text(options), settings?.plugins), this[node], settings);
  }

  /** Both ends, and the tunnel between them up. */
  async start(options: PairOptions, settings?: TestEndOptions): Promise<{ desk: TestEnd; lab: TestEnd }> {
    const [desk, lab] = await Promise.all([this.end('desk', options, settings), this.end('lab', options, settings)]);
    await Promise.all([lab.start(), desk.start()]);
    await Promise.all([desk.role.established(), lab.role.established()]);
    return { desk, lab };
  }
}

function servicesText(services: readonly string[]): string {
  return `    services:\n${services.map((line) => `      ${line}\n`).join('')}`;
}
