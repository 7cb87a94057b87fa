/** Two real ends in this process, `desk > lab` over loopback, with one service at desk. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { freePorts, parseChain, PluginCatalogue, type PluginDefinition } from '@lstp/core';
import { parseServiceAddress, type ServiceAddress } from '@lstp/core/plugin';
import { createLogger } from '@lstp/core/observe';
import { generateIdentity } from '@lstp/core/security';
import { until } from '@lstp/core/testing';
import { composeNode } from '../node/compose-node.js';
import type { ComposedNode } from '../node/composed-node.js';

export interface PairOptions {
  /** The plugins beside the bundled ones, at each end. One of a bundled one's name replaces it. */
  readonly desk: readonly PluginDefinition[];
  readonly lab: readonly PluginDefinition[];
  /** As the chain file has it; `at` is desk. */
  readonly service: Readonly<Record<string, unknown>>;
}

export class Pair {
  readonly #desk: ComposedNode;
  readonly #lab: ComposedNode;

  /** Runs `use` while the tunnel stands, and stops both ends whatever happens. */
  static async use(options: PairOptions, use: (pair: Pair) => Promise<void>): Promise<void> {
    const pair = await Pair.#make(options);
    try {
      await pair.#start();
      await use(pair);
    } finally {
      await Promise.all([pair.#desk.stop(), pair.#lab.stop()]);
    }
  }

  static async #make({ desk, lab, service }: PairOptions): Promise<Pair> {
    const { bundledPlugins } = await import('@lstp/plugins');
    const [port = 0] = await freePorts(1);
    const identities = { desk: generateIdentity(), lab: generateIdentity() };
    const text = JSON.stringify({
      lstp: 1,
      nodes: { desk: { key: identities.desk.publicKey }, lab: { key: identities.lab.publicKey, listen: `127.0.0.1:${port}` } },
      tunnels: { conformance: { route: 'desk > lab', services: { sample: { at: 'desk', ...service } } } },
    });
    const logger = await createLogger({ level: 'silent', format: 'json' });
    const compose = (node: 'desk' | 'lab', own: readonly PluginDefinition[]): Promise<ComposedNode> => {
      const others = bundledPlugins.filter(({ name }) => !own.some((plugin) => plugin.name === name));
      const catalogue = new PluginCatalogue([...others, ...own]);
      return composeNode({ node, identity: identities[node], chains: [{ chain: parseChain(text, 'conformance.yaml', catalogue), catalogue }], logger });
    };
    return new Pair(await compose('desk', desk), await compose('lab', lab));
  }

  private constructor(desk: ComposedNode, lab: ComposedNode) {
    this.#desk = desk;
    this.#lab = lab;
  }

  async #start(): Promise<void> {
    await Promise.all([this.#lab.start(), this.#desk.start()]);
    await Promise.all([this.#desk.established(), this.#lab.established()]);
    for (const node of [this.#desk, this.#lab]) {
      const [failed] = node.status().tunnels.flatMap(({ services }) => services.flatMap(({ error }) => error ?? []));
      if (failed !== undefined) throw new Error(`the service failed to start: ${failed}`);
    }
  }

  /** Where the service takes applications in. */
  get address(): ServiceAddress {
    const [address] = this.#desk.status().tunnels.flatMap(({ services }) => services.flatMap(({ addresses }) => addresses));
    if (address === undefined) throw new Error('the front end has started and shows no address');
    return parseServiceAddress(address);
  }

  /** An application's connection; never throws for what the other side does to it. */
  async client(): Promise<Socket> {
    return connectTo(this.address);
  }

  /** Resolves when no channel is left at either end. */
  async quiet(): Promise<void> {
    await until('the channels of clients that have left are closed', () => [this.#desk, this.#lab].every((node) => node.status().tunnels.every(({ channels }) => channels.length === 0)));
  }
}

/** Connects, half-open and without delay. */
export async function connectTo(address: ServiceAddress): Promise<Socket> {
  const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port, noDelay: true };
  const socket = createConnection({ ...where, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket.on('error', () => {});
}
