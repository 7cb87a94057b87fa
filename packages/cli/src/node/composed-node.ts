/** The roles of one node behind the one interface that the command drives. */
import type { Duplex } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import { neighboursOf, type Chain, type JoinedChannel, type LegAddress, type LegHub, type NodeStatus, type PluginDefinition, type PublicKey, type ReloadReport, type RunningNode } from '@lstp/core';
import type { EndRole } from '@lstp/end';
import type { MiddleRole } from '@lstp/middle';

export interface Roles {
  readonly node: string;
  readonly version: string;
  readonly publicKey: PublicKey;
  readonly chains: readonly Chain[];
  readonly hub: LegHub;
  /** Which roles chains give this node. */
  readonly tasksIn: (chains: readonly Chain[]) => { readonly relay: boolean; readonly end: boolean };
  readonly end?: EndRole;
  readonly middle?: MiddleRole;
}

export class ComposedNode implements RunningNode {
  readonly #roles: Roles;
  readonly #madeAt = performance.now();

  constructor(roles: Roles) {
    this.#roles = roles;
  }

  async start(): Promise<void> {
    const { hub, end, middle, chains } = this.#roles;
    this.#meetNeighbours(chains);
    try {
      await hub.start();
      middle?.start();
      await end?.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async established(): Promise<void> {
    await this.#roles.end?.established();
  }

  status(): NodeStatus {
    const { node, version, hub, end, middle } = this.#roles;
    const relay = middle?.status();
    return {
      node,
      version,
      pid: process.pid,
      uptimeMs: Math.round(performance.now() - this.#madeAt),
      listeners: hub.addresses,
      tunnels: end?.status() ?? [],
      ways: hub.ways,
      ...(relay === undefined ? {} : { relay }),
    };
  }

  /** First everything that can refuse is read: the lists of admitted keys, then the files of services. */
  async reload(chains: readonly Chain[], plugins: readonly PluginDefinition[] = []): Promise<ReloadReport> {
    const { end, middle } = this.#roles;
    middle?.check(chains);
    const read = (await end?.reloadFiles(chains)) ?? [];
    const relayed = middle?.reload(chains) ?? [];
    this.#meetNeighbours(chains);
    const { applied, failed, ignored } = (await end?.reload(chains, plugins)) ?? { applied: [], failed: [], ignored: [] };
    return { applied: [...relayed, ...read, ...applied], failed, ignored: [...this.#unheeded(chains), ...ignored] };
  }

  /** A middle closes the listeners for its successor; an end needs them as long as what is open may need another carrier. */
  async drain(deadlineMs: number): Promise<void> {
    const { end, middle } = this.#roles;
    await Promise.all([middle?.drain(deadlineMs), end?.drain(deadlineMs)]);
    await this.stop();
  }

  async stop(): Promise<void> {
    const { hub, end, middle } = this.#roles;
    await end?.stop();
    middle?.stop();
    hub.stop();
  }

  connect(request: Parameters<RunningNode['connect']>[0], stream: Duplex): JoinedChannel {
    const { node, end } = this.#roles;
    if (end === undefined) throw Object.assign(new Error(`${node} is a middle: no service takes applications in here; name an end with --as`), { code: 'ERR_LSTP_NO_SERVICE' });
    return end.connect(request, stream);
  }

  /** What a node would do from its start alone. */
  #unheeded(chains: readonly Chain[]): string[] {
    const { node, end, middle, chains: first, tasksIn } = this.#roles;
    const wanted = tasksIn(chains);
    return [
      ...(isDeepStrictEqual(listenersOf(first, node), listenersOf(chains, node)) ? [] : [`listen of ${node} has changed; it stays as it was until a restart`]),
      ...TRUST.filter((key) => !isDeepStrictEqual(trustOf(first, node, key), trustOf(chains, node, key))).map((key) => `${key} of ${node} has changed; it stays as it was until a restart`),
      ...(wanted.relay && middle === undefined ? [`${node} is to relay for others; that begins with a restart`] : []),
      ...(wanted.end && end === undefined ? [`tunnels begin or end at ${node} now; that begins with a restart`] : []),
    ];
  }

  /** Whom the end lets in, and where it keeps a link. The middle sees to its own. */
  #meetNeighbours(chains: readonly Chain[]): void {
    const { node, publicKey, hub, end } = this.#roles;
    if (end === undefined) return;
    const beside = neighboursOf(chains, node, publicKey);
    hub.know(end, { neighbours: beside.map(({ neighbour }) => neighbour) });
    hub.keep(end, { links: beside.filter(({ dialsLink }) => dialsLink).map(({ neighbour }) => neighbour), standbys: [] });
  }
}

/** What a node's legs are made with. Files that it names are read anew anyway. */
const TRUST = ['authorities', 'certificate', 'proxyProtocol'] as const;

function trustOf(chains: readonly Chain[], node: string, key: (typeof TRUST)[number]): unknown[] {
  return chains.map(({ nodes }) => nodes.get(node)?.[key]);
}

function listenersOf(chains: readonly Chain[], node: string): LegAddress[] {
  return chains.flatMap(({ nodes }) => nodes.get(node)?.listen ?? []);
}
