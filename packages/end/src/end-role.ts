/**
 * The end role of a node: every tunnel of its chain files that begins or ends here.
 *
 *   const role = new EndRole(options);
 *   await role.start();         front ends listen, carriers are being built
 *   await role.established();
 */
import type { Duplex } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';
import {
  CHANNELS, CLOCK, construct, DIALER, IDENTITY, LISTENERS, LOGGER, nodeCrypto, Pool,
  type Chain, type Identity, type JoinedChannel, type LegHub, type Neighbour, type PluginDefinition, type ReloadReport, type Security, type ServiceConfig, type Signer, type TunnelConfig, type TunnelStatus,
} from '@lstp/core';
import type { Logger } from 'pino';
import type { DependencyContainer } from 'tsyringe';
import { ApplicationDialer } from './application/application-dialer.js';
import { ApplicationListeners } from './application/application-listeners.js';
import { TunnelEnd } from './tunnel-end.js';

/** Memory of a node that channels may borrow to hold what was granted and not yet taken. */
const POOL_BYTES = 128 * 1024 * 1024;

/** What a reload leaves as it is: the words of the chain file, and where they are kept. */
const FIXED = { route: 'routes', common: 'common', carriers: 'carriers', spread: 'spread', grace: 'graceMs', login: 'login' } as const;

export interface EndRoleOptions {
  readonly node: string;
  /** Loaded with `secretsFor` this node. */
  readonly chains: readonly Chain[];
  readonly hub: LegHub;
  readonly signer: Signer;
  readonly identity: Identity;
  /** The node's; this role registers what plugins may ask for. */
  readonly container: DependencyContainer;
  readonly plugins: readonly PluginDefinition[];
  /** Keys, addresses and ways out of a node beside this one. */
  readonly neighbourOf: (chain: Chain, node: string) => Neighbour;
  /** `lstp/0.1.0` */
  readonly software: string;
  readonly logger: Logger;
  /** How long an application that connects while its tunnel is down is held; 10 s if absent. */
  readonly holdMs?: number;
  /** How long a back end may take to connect; 30 s if absent. */
  readonly connectMs?: number;
  /** Milliseconds since 1970; the machine's if absent. */
  readonly clock?: () => number;
}

export class EndRole {
  readonly #options: EndRoleOptions;
  /** Those of later reloads, too. */
  readonly #plugins: PluginDefinition[];
  readonly #tunnels: TunnelEnd[];

  constructor(options: EndRoleOptions) {
    this.#options = options;
    this.#plugins = [...options.plugins];
    const { container, identity, logger } = options;
    container.registerInstance(IDENTITY, identity);
    container.registerInstance(LOGGER, logger);
    container.registerInstance(CLOCK, { now: () => performance.now() });
    container.registerInstance(DIALER, new ApplicationDialer());
    container.registerInstance(LISTENERS, new ApplicationListeners());
    const mine = tunnelsOf(options.node, options.chains);
    const pool = new Pool(POOL_BYTES);
    const security = this.#security();
    this.#tunnels = mine.map(({ chain, config }) => this.#makeTunnel({ chain, config, pool, poolShare: POOL_BYTES / mine.length, security }));
  }

  get tunnels(): readonly TunnelEnd[] {
    return this.#tunnels;
  }

  /**
   * Front ends listen and carriers are being built when it resolves. Rejects before any carrier, which could put an end to
   * those of a process that runs already, with all that keeps services from listening; the caller stops it then.
   */
  async start(): Promise<void> {
    const unready = (await Promise.all(this.#tunnels.map((tunnel) => tunnel.startServices()))).flat();
    if (unready.length > 0) throw Object.assign(new Error(unready.join('\n')), { code: 'ERR_LSTP_SERVICE' });
    for (const tunnel of this.#tunnels) tunnel.buildCarriers();
  }

  async established(): Promise<void> {
    await Promise.all(this.#tunnels.map((tunnel) => tunnel.established()));
  }

  status(): TunnelStatus[] {
    return this.#tunnels.map((tunnel) => tunnel.status());
  }

  /** What is read beside the chain files, before reload(): a line for each file. Rejects with what is wrong with one. */
  async reloadFiles(chains: readonly Chain[]): Promise<string[]> {
    const lines: string[] = [];
    const wanted = this.#wanted(chains);
    for (const tunnel of this.#tunnels) {
      const config = wanted.get(tunnel.name)?.config;
      if (config !== undefined) lines.push(...(await tunnel.reloadFiles(config)).map((line) => `${tunnel.name}: ${line}`));
    }
    return lines;
  }

  /** Services, keys and addresses of tunnels that are there take effect, and `plugins` of new names; tunnels that come, go or change their way need a restart. */
  async reload(chains: readonly Chain[], plugins: readonly PluginDefinition[] = []): Promise<ReloadReport> {
    this.#plugins.push(...plugins.filter(({ name }) => !this.#plugins.some((known) => known.name === name)));
    const applied: string[] = [];
    const failed: string[] = [];
    const ignored: string[] = [];
    const wanted = this.#wanted(chains);
    for (const tunnel of this.#tunnels) {
      const found = wanted.get(tunnel.name);
      wanted.delete(tunnel.name);
      if (found === undefined) {
        ignored.push(`tunnel ${tunnel.name} is gone from the file; it goes on until a restart`);
        continue;
      }
      const report = await tunnel.reload(found.config, found.chain);
      applied.push(...report.applied.map((line) => `${tunnel.name}: ${line}`));
      failed.push(...report.failed.map((line) => `${tunnel.name}: ${line}`));
      ignored.push(...fixedChanges(found.config, tunnel.config).map((key) => `${key} of tunnel ${tunnel.name} has changed; it stays as it was until a restart`));
    }
    for (const name of wanted.keys()) ignored.push(`tunnel ${name} is new in the file; it begins with a restart`);
    return { applied, failed, ignored };
  }

  /** Joins a stream to a channel of a service whose applications connect here; `tunnel` where several have that name. */
  connect({ tunnel, service, target }: { readonly tunnel?: string; readonly service: string; readonly target?: string }, stream: Duplex): JoinedChannel {
    const { node } = this.#options;
    const offers = this.#tunnels.filter(({ name, config }) => (tunnel === undefined || name === tunnel) && config.services.get(service)?.at === node);
    const [only] = offers;
    if (only === undefined) throw Object.assign(new Error(`no service ${service} takes applications in at ${node}`), { code: 'ERR_LSTP_NO_SERVICE' });
    if (offers.length > 1) throw Object.assign(new Error(`several tunnels have a service ${service}: ${offers.map(({ name }) => `${name}/${service}`).join(', ')}`), { code: 'ERR_LSTP_AMBIGUOUS' });
    const config = only.config.services.get(service) as ServiceConfig;
    const child = this.#options.container.createChildContainer();
    child.registerInstance(CHANNELS, only.opener(config));
    const connector = this.#plugins.find((plugin) => plugin.connector !== undefined)?.connector;
    if (connector === undefined) throw Object.assign(new Error('no plugin joins streams to channels'), { code: 'ERR_LSTP_NO_CONNECTOR' });
    return construct(child, connector).connect(stream, target === undefined ? {} : { target });
  }

  async drain(deadlineMs: number): Promise<void> {
    await Promise.all(this.#tunnels.map((tunnel) => tunnel.drain(deadlineMs)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#tunnels.map((tunnel) => tunnel.stop()));
  }

  #wanted(chains: readonly Chain[]): Map<string, { readonly chain: Chain; readonly config: TunnelConfig }> {
    return new Map(tunnelsOf(this.#options.node, chains).map((one) => [one.config.name, one]));
  }

  #makeTunnel(parts: { chain: Chain; config: TunnelConfig; pool: Pool; poolShare: number; security: Security }): TunnelEnd {
    const { node, hub, signer, container, software, logger, neighbourOf, holdMs, connectMs, clock } = this.#options;
    return new TunnelEnd({
      ...parts, ...(holdMs === undefined ? {} : { holdMs }), ...(connectMs === undefined ? {} : { connectMs }), ...(clock === undefined ? {} : { clock }), node, hub, signer, container, plugins: this.#plugins, software,
      crypto: nodeCrypto,
      neighbourOf,
      logger: logger.child({ tunnel: parts.config.name }),
    });
  }

  #security(): Security {
    const security = this.#plugins.find((plugin) => plugin.security !== undefined)?.security;
    if (security === undefined) throw new Error('no plugin secures carriers');
    return construct(this.#options.container, security);
  }
}

function tunnelsOf(node: string, chains: readonly Chain[]): { chain: Chain; config: TunnelConfig }[] {
  return chains.flatMap((chain) => [...chain.tunnels.values()].filter(({ left, right }) => left === node || right === node).map((config) => ({ chain, config })));
}

/** Words of the file whose change waits for a restart, and that mean something else now. */
function fixedChanges(wanted: TunnelConfig, running: TunnelConfig): string[] {
  return Object.entries(FIXED).flatMap(([word, key]) => (isDeepStrictEqual(wanted[key], running[key]) ? [] : [word]));
}
