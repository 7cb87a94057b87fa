/** One node of this process with all that belongs to it: what runs, its control socket, its way to read its files again. */
import type { LoadedChain, NodeIdentity, ReloadReport, RunningNode } from '@lstp/core';
import type { Logger } from 'pino';
import { canonical } from '../control/find-node.js';
import { ControlServer } from '../control/control-server.js';
import { composeNode } from './compose-node.js';

export interface NodePlan {
  readonly name: string;
  readonly identity: NodeIdentity;
  readonly chains: readonly LoadedChain[];
  /** The chains as they are now, for a reload. Rejects with ConfigError. */
  readonly readChains: () => Promise<readonly LoadedChain[]>;
  readonly logger: Logger;
}

export class ManagedNode {
  readonly name: string;
  readonly running: RunningNode;
  readonly #plan: NodePlan;
  readonly #control: ControlServer;
  readonly #logger: Logger;
  /** The start, then each reload that was asked for: one after the other. Never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #isGoingDown = false;

  /** Makes the node; nothing listens or dials yet. */
  static async make(plan: NodePlan): Promise<ManagedNode> {
    const logger = plan.logger.child({ node: plan.name });
    return new ManagedNode({ ...plan, logger }, await composeNode({ node: plan.name, identity: plan.identity, chains: plan.chains, logger }));
  }

  private constructor(plan: NodePlan, running: RunningNode) {
    this.name = plan.name;
    this.running = running;
    this.#plan = plan;
    this.#logger = plan.logger;
    const files = plan.chains.map(({ chain }) => canonical(chain.file));
    this.#control = new ControlServer({ name: plan.name, publicKey: plan.identity.publicKey, files, running, reload: () => this.reload() });
  }

  /** Resolves when its listeners accept. Rejects, with nothing left behind, when one cannot, or when this node runs here already. */
  async start(): Promise<void> {
    const control = this.#startControl();
    const starting = control.then(() => this.running.start());
    this.#last = starting.catch(() => {});
    await control;
    try {
      await starting;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Rejects, with nothing changed, where the files are wrong or the node is going down. */
  reload(): Promise<ReloadReport> {
    const turn = this.#last.then(() => this.#reload());
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** A relay's successor may start at once, so its control socket goes first; an end's would end the channels that may finish here. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isGoingDown = true;
    // What a reload has begun to start would come after the end of all services.
    await this.#last;
    if (this.running.status().tunnels.length === 0) await this.#control.stop();
    await this.running.drain(deadlineMs);
    await this.#control.stop();
  }

  async stop(): Promise<void> {
    this.#isGoingDown = true;
    await this.running.stop();
    await this.#control.stop();
  }

  async #reload(): Promise<ReloadReport> {
    if (this.#isGoingDown) throw Object.assign(new Error(`${this.name} is going down; nothing was changed`), { code: 'ERR_LSTP_RELOAD' });
    try {
      const loaded = await this.#plan.readChains();
      const report = await this.running.reload(loaded.map(({ chain }) => chain), loaded.flatMap(({ catalogue }) => catalogue.definitions()));
      this.#logger.info({ ...report }, 'files read again');
      return report;
    } catch (error) {
      this.#logger.error({ err: error }, 'files are wrong, nothing was changed');
      throw error;
    }
  }

  /** A node works without its control socket, unless the socket shows that it runs already. */
  async #startControl(): Promise<void> {
    try {
      await this.#control.start();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ERR_LSTP_ALREADY_RUNNING') throw error;
      this.#logger.warn({ err: error }, 'no control socket: lstp status, reload and connect do not reach this node');
    }
  }
}
