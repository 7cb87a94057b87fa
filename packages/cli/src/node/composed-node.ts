/** The roles of one node behind the one interface that the command drives. */
import type { Duplex } from 'node:stream';
import { neighboursOf, type Chain, type JoinedChannel, type LegHub, type NodeStatus, type PublicKey, type ReloadReport, type RunningNode } from '@lstp/core';
import type { EndRole } from '@lstp/end';
import type { MiddleRole } from '@lstp/middle';

export interface Roles {
  readonly node: string;
  readonly version: string;
  readonly publicKey: PublicKey;
  readonly chains: readonly Chain[];
  readonly hub: LegHub;
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
      ...(relay === undefined ? {} : { relay }),
    };
  }

  async reload(chains: readonly Chain[]): Promise<ReloadReport> {
    const { end, middle } = this.#roles;
    // First what can refuse: the middle reads files of its own, and changes nothing when they are wrong.
    const relayed = middle?.reload(chains) ?? [];
    this.#meetNeighbours(chains);
    const { applied, ignored } = (await end?.reload(chains)) ?? { applied: [], ignored: [] };
    return { applied: [...relayed, ...applied], ignored };
  }

  async drain(deadlineMs: number): Promise<void> {
    const { hub, end, middle } = this.#roles;
    hub.closeListeners();
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

  /** Whom the end lets in, and where it keeps a link. The middle sees to its own. */
  #meetNeighbours(chains: readonly Chain[]): void {
    const { node, publicKey, hub, end } = this.#roles;
    if (end === undefined) return;
    const beside = neighboursOf(chains, node, publicKey);
    hub.know(end, { neighbours: beside.map(({ neighbour }) => neighbour) });
    hub.keep(end, { links: beside.filter(({ dialsLink }) => dialsLink).map(({ neighbour }) => neighbour), standbys: [] });
  }
}
