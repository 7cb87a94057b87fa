/** The roles of one node behind the one interface that the command drives. */
import type { Duplex } from 'node:stream';
import type { Chain, JoinedChannel, LegHub, NodeStatus, ReloadReport, RunningNode } from '@lstp/core';
import type { EndRole } from '@lstp/end';
import { isEndOf, neighboursOf } from './neighbours.js';

export interface Roles {
  readonly node: string;
  readonly version: string;
  readonly chains: readonly Chain[];
  readonly hub: LegHub;
  readonly end?: EndRole;
}

export class ComposedNode implements RunningNode {
  readonly #roles: Roles;
  readonly #madeAt = performance.now();

  constructor(roles: Roles) {
    this.#roles = roles;
  }

  async start(): Promise<void> {
    const { hub, end, chains } = this.#roles;
    this.#meetNeighbours(chains);
    try {
      await hub.start();
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
    const { node, version, hub, end } = this.#roles;
    return { node, version, pid: process.pid, uptimeMs: performance.now() - this.#madeAt, listeners: hub.addresses, tunnels: end?.status() ?? [] };
  }

  async reload(chains: readonly Chain[]): Promise<ReloadReport> {
    const reports = [await this.#roles.end?.reload(chains)].flatMap((report) => report ?? []);
    this.#meetNeighbours(chains);
    return { applied: reports.flatMap(({ applied }) => applied), ignored: reports.flatMap(({ ignored }) => ignored) };
  }

  async drain(deadlineMs: number): Promise<void> {
    const { hub, end } = this.#roles;
    hub.closeListeners();
    await end?.drain(deadlineMs);
    await this.stop();
  }

  async stop(): Promise<void> {
    const { hub, end } = this.#roles;
    await end?.stop();
    hub.stop();
  }

  connect(request: Parameters<RunningNode['connect']>[0], stream: Duplex): JoinedChannel {
    const { node, end } = this.#roles;
    if (end === undefined) throw Object.assign(new Error(`${node} is a middle: no service takes applications in here; name an end with --as`), { code: 'ERR_LSTP_NO_SERVICE' });
    return end.connect(request, stream);
  }

  /** Whom the end lets in, and where it keeps a link. */
  #meetNeighbours(chains: readonly Chain[]): void {
    const { node, hub, end } = this.#roles;
    if (end === undefined) return;
    const { all, dialed } = neighboursOf(chains, node, isEndOf(node));
    hub.know(end, { neighbours: all });
    hub.keep(end, { links: dialed, standbys: [] });
  }
}
