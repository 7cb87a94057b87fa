/**
 * One tunnel at this end: its state, its carriers, its services, and what a person is shown of it.
 * Puts the parts together and decides nothing that they could decide.
 */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import {
  formatRoute, freezeSetup, rendezvousDigest, Tunnel, VERSIONS,
  type Carrier, type Chain, type Channel, type ChannelOpener, type Crypto, type LegConnection, type LegHub, type Neighbour, type OwnSetup, type PluginDefinition, type Pool, type ReloadReport, type Security, type ServiceConfig, type Side, type Signer, type TunnelConfig, type TunnelEvent, type TunnelStatus,
} from '@lstp/core';
import type { Logger } from 'pino';
import type { DependencyContainer } from 'tsyringe';
import { auditDenial, type Who } from './service/audit.js';
import { authorise, type Decision, type Denial } from './service/authorise.js';
import { associationOf, type BuiltCarrier } from './carrier/carrier-builder.js';
import { CarrierKeeper } from './carrier/carrier-keeper.js';
import { EpochSource } from './carrier/epoch-source.js';
import type { LaneFacts } from './carrier/lane.js';
import { LoginGate } from './service/login-gate.js';
import { RoutePins } from './carrier/route-pins.js';
import { ServiceHost } from './service/service-host.js';
import { Slabs } from './flow/slabs.js';
import { TunnelRunner, type TunnelPolicy } from './flow/tunnel-runner.js';
import { carrierStatus, channelStatus, interruptionOf, type CarrierInfo } from './tunnel-status.js';

/** Between pings inside TLS; three missed ones are the peer's death. */
const PING_MS = 1600;
/** Channels that the other end may hold open at once. */
const MAX_CHANNELS = 16_384;
/** Unsent bytes of a channel at which its application is no longer read: two frames. */
const UNSENT_BYTES = 131_072;
/** Bytes held for acknowledgement in a tunnel at which applications are no longer read. */
const RETAIN_BYTES = 128 * 1024 * 1024;

export interface TunnelEndOptions {
  readonly node: string;
  readonly chain: Chain;
  readonly config: TunnelConfig;
  readonly hub: LegHub;
  readonly signer: Signer;
  readonly crypto: Crypto;
  readonly security: Security;
  readonly pool: Pool;
  readonly poolShare: number;
  readonly software: string;
  readonly container: DependencyContainer;
  readonly plugins: readonly PluginDefinition[];
  readonly neighbourOf: (chain: Chain, node: string) => Neighbour;
  readonly holdMs?: number;
  readonly connectMs?: number;
  /** Milliseconds since 1970, for epochs. */
  readonly clock?: () => number;
  readonly logger: Logger;
}

export class TunnelEnd implements TunnelPolicy {
  readonly #options: TunnelEndOptions;
  readonly #epochs: EpochSource;
  readonly #tunnel: Tunnel;
  readonly #runner: TunnelRunner;
  readonly #services: ServiceHost;
  readonly #keeper: CarrierKeeper;
  readonly #login: LoginGate;
  readonly #pins: RoutePins;
  /** Channels that wait until it is known who has logged in. */
  readonly #undecided = new Set<Channel>();
  readonly #carriers = new Map<Carrier, CarrierInfo>();
  readonly #waiting = new Set<() => void>();
  /** Resolves drain(). */
  #onEnded: () => void = () => {};
  #config: TunnelConfig;
  #attempts = 0;
  #wasUp = false;
  #draining = false;
  #stopped = false;
  #progress = '';
  #unregister: (() => void) | undefined;
  #unlisten: (() => void) | undefined;

  constructor(options: TunnelEndOptions) {
    const { config, node, pool, poolShare, software, plugins } = options;
    this.#options = options;
    this.#config = config;
    this.#epochs = new EpochSource(options.clock);
    const slabs = new Slabs();
    const newInstance = (): string => randomBytes(16).toString('base64url');
    this.#tunnel = new Tunnel({
      side: this.side,
      instance: newInstance(),
      newInstance,
      node,
      software,
      codecs: plugins.flatMap(({ name, codec }) => (codec === undefined ? [] : [name])),
      plugins: plugins.map(({ name }) => name),
      maxChannels: MAX_CHANNELS,
      pool,
      poolShare,
      unsentBytes: UNSENT_BYTES,
      retainBytes: RETAIN_BYTES,
      reclaim: (frame) => slabs.giveBack(frame),
      graceMs: config.graceMs,
      spread: config.spread,
    });
    this.#runner = new TunnelRunner(this.#tunnel, this, { slabs, ...(options.holdMs === undefined ? {} : { holdMs: options.holdMs }) });
    this.#services = new ServiceHost({ ...options, tunnel: config.name, folder: dirname(options.chain.file), plugin: (name) => plugins.find((plugin) => plugin.name === name), runner: this.#runner, who: () => this.#who() });
    this.#login = new LoginGate({
      node,
      config: config.login,
      peer: this.#peer,
      make: (login) => this.#services.maker.resolveRole('login', login, { service: '' }),
      logger: options.logger,
      decided: () => this.#decideWaiting(),
    });
    this.#pins = new RoutePins({ ...options, side: this.side });
    this.#keeper = this.#makeKeeper();
  }

  get name(): string {
    return this.#config.name;
  }

  get side(): Side {
    return this.#options.config.left === this.#options.node ? 'left' : 'right';
  }

  /** As it runs. */
  get config(): TunnelConfig {
    return this.#config;
  }

  get isEstablished(): boolean {
    return this.#tunnel.established;
  }

  /** Starts the services. Front ends listen when it resolves, but those that it names: a line for each. */
  async startServices(): Promise<string[]> {
    const { hub, crypto, chain } = this.#options;
    this.#unlisten = hub.onLinkNews(({ node }, from) => node !== undefined && this.#keeper.handleDraining({ node, from }));
    this.#unregister = hub.register(rendezvousDigest(crypto, this.#config.common), {
      handleSetup: (setup, leg: LegConnection) => this.#keeper.handleInbound(leg, setup),
    });
    await this.#services.apply(this.#config.services);
    return this.#services.unready.map(({ config: { name, place }, error }) => `${chain.file}:${place.line}:${place.column}: service ${name} of tunnel ${this.name}: ${error}`);
  }

  /** Carriers are being built from now on. */
  buildCarriers(): void {
    const { config } = this.#options;
    if (config.login === undefined) return this.#keeper.start();
    this.#progress = 'waiting for log-in';
    // People may be asked, who take their time: the node is ready without them.
    void this.#login.start().then(() => this.#stopped || this.#draining || this.#keeper.start());
  }

  /** Resolves at the next time the tunnel is up. */
  established(): Promise<void> {
    if (this.#tunnel.established) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add(resolve));
  }

  /** What `lstp reload` reads beside the chain file, first of all: what is wrong there refuses the reload. */
  async reloadFiles({ services }: TunnelConfig): Promise<string[]> {
    const login = await this.#login.reload();
    return [...(login === undefined ? [] : [`log-in: ${login}`]), ...(await this.#services.reloadFiles(services))];
  }

  /** Takes over keys, addresses and services of a changed file; carriers and channels go on, but those over a key that was withdrawn. */
  async reload({ services }: TunnelConfig, chain: Chain): Promise<Pick<ReloadReport, 'applied' | 'failed'>> {
    const changes = this.#pins.takeOver(chain);
    if (changes.length > 0) this.#keeper.update(this.#pins.alternatives);
    this.#cutWithdrawn();
    this.#config = { ...this.#config, services };
    const { applied, failed } = await this.#services.apply(services);
    return { applied: [...changes, ...applied], failed };
  }

  /** Opens channels of a service whose applications connect here. */
  opener(config: ServiceConfig): ChannelOpener {
    return this.#services.opener(config);
  }

  /** No new work; resolves when channels and carriers are gone, at the latest after the deadline. Until then carriers that are lost are built anew. */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    await this.#services.stop();
    const ended = new Promise<void>((resolve) => (this.#onEnded = resolve));
    this.#runner.closeFlows();
    this.#tunnel.shutdown(deadlineMs, this.#runner.now());
    this.#runner.settle();
    await ended;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unregister?.();
    this.#unlisten?.();
    this.#keeper.stop();
    this.#runner.stop();
    await this.#services.stop();
    await this.#login.stop();
  }

  status(): TunnelStatus {
    const now = this.#runner.now();
    const state = this.#draining ? 'draining' : this.#tunnel.established ? 'established' : this.#wasUp ? 'interrupted' : 'connecting';
    return {
      name: this.name,
      state,
      ...(this.#tunnel.established ? {} : { progress: this.#progress }),
      ...interruptionOf(this.#tunnel, now),
      carriers: [...this.#carriers].map(([carrier, info]) => carrierStatus(carrier, info, now)),
      channels: [...this.#tunnel.channels].map((channel) => channelStatus(channel, this.#services.reportOf(channel), now)),
      ...this.#login.status(this.#config.services),
      services: this.#services.status(),
      retainedBytes: this.#tunnel.retained,
      totals: this.#runner.totals,
    };
  }

  // --- TunnelPolicy

  handleRequest(channel: Channel): void {
    const decision = this.#authorise(channel);
    if ('denied' in decision) return this.#deny(channel, decision);
    this.#services.adopt(channel);
    if ('pending' in decision) this.#undecided.add(channel);
    else this.#tunnel.accept(channel, this.#runner.now());
  }

  handleBegin(channel: Channel): void {
    void this.#services.begin(channel);
  }

  handleClosed(channel: Channel): void {
    this.#undecided.delete(channel);
    this.#options.logger.debug({ channel: channel.id, service: channel.request.service, reason: channel.reason, bytesIn: channel.bytesIn, bytesOut: channel.bytesOut }, 'channel closed');
  }

  handleEvent(event: Exclude<TunnelEvent, { readonly channel: Channel }>): void {
    const { logger } = this.#options;
    switch (event.type) {
      case 'established':
        this.#wasUp = true;
        this.#handleEstablished();
        logger.info('tunnel established');
        return this.#wake();
      case 'interrupted':
        this.#progress = 'the last carrier was lost';
        return this.#draining ? logger.info('tunnel ended') : logger.warn('tunnel interrupted');
      case 'carrier-alive':
        this.#keeper.handleAlive(event.carrier);
        return logger.info({ carrier: event.carrier.id, slot: event.carrier.slot, route: this.#carriers.get(event.carrier)?.route }, 'carrier established');
      case 'carrier-closed':
        if (event.code === 'TAMPERED') this.#alarm(event.message, { carrier: event.carrier.id, route: this.#carriers.get(event.carrier)?.route });
        this.#carriers.delete(event.carrier);
        if (event.since !== undefined) this.#outrun(event.since);
        logger.info({ carrier: event.carrier.id, slot: event.carrier.slot, code: event.code, reason: event.message }, 'carrier closed');
        return this.#keeper.handleClosed(event.carrier, event.code);
      case 'slot-wanted':
        return this.#keeper.want(event.slot, Math.max(0, event.until - this.#runner.now()));
      case 'slot-unwanted':
        return this.#keeper.unwant(event.slot);
      case 'instance':
        this.#epochs.advance();
        return undefined;
      case 'dissociated':
        if (event.ended > 0) logger.warn({ reason: event.reason }, `${event.ended === 1 ? '1 connection was' : `${event.ended} connections were`} reset: ${event.message}`);
        return undefined;
      case 'peer-shutdown':
        return logger.info({ deadlineMs: event.deadlineMs }, 'the other end shuts down');
      case 'ended':
        this.#keeper.stop();
        this.#onEnded();
        return this.#wake();
    }
  }

  // --- private

  #cutWithdrawn(): void {
    for (const [carrier, { nodes, route }] of [...this.#carriers]) {
      const node = this.#pins.withdrawn(nodes);
      if (node === undefined) continue;
      this.#options.logger.warn({ carrier: carrier.id, route, peer: node }, `carrier cut: the key of ${node} that it was built with is not in the file any more`);
      this.#runner.cut(carrier);
    }
  }

  #authorise({ request }: Channel): Decision {
    return authorise(request, {
      node: this.#options.node,
      services: this.#config.services,
      kindsOf: (service) => this.#services.kindsOf(service),
      listenerOf: (channel) => this.#services.listenerOf(channel),
      login: this.#login.state,
    });
  }

  #deny(channel: Channel, { denied: code, message }: Denial): void {
    auditDenial(this.#options.logger, channel, { code, message, ...this.#who() });
    this.#tunnel.refuse(channel, { code, message }, this.#runner.now());
  }

  /** Who has logged in is known now. */
  #decideWaiting(): void {
    for (const channel of this.#undecided) {
      const decision = this.#authorise(channel);
      if ('denied' in decision) this.#deny(channel, decision);
      else this.#tunnel.accept(channel, this.#runner.now());
    }
    this.#undecided.clear();
    this.#runner.settle();
  }

  /** The other end knows a process of this end that began later than this one did. One that was up is the older one, whatever its clock says. */
  #outrun(epoch: number): void {
    if (this.#wasUp || !this.#epochs.outrun(epoch)) return;
    this.#options.logger.warn({ since: new Date(epoch).toISOString() }, 'the other end knows a process of this end that began in the future: the clock of this machine was set back');
  }

  #handleEstablished(): void {
    const { peer, instance } = this.#tunnel;
    const key = [...this.#carriers.values()].at(-1)?.nodes.find(({ node, kind }) => kind === 'end' && node === this.#peer)?.key;
    if (peer !== undefined && key !== undefined) this.#login.handleEstablished(peer, { association: associationOf({ instance, peerInstance: peer.instance }), key });
  }

  #who(): Who {
    const { user } = this.#login;
    return { peer: this.#peer, ...(user === undefined ? {} : { user }) };
  }

  get #peer(): string {
    const { config, node } = this.#options;
    return config.left === node ? config.right : config.left;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  #makeKeeper(): CarrierKeeper {
    const { config, crypto, security, hub } = this.#options;
    return new CarrierKeeper({
      side: this.side,
      carriers: config.carriers,
      alternatives: this.#pins.alternatives,
      lane: { crypto, security, hub, freeze: (facts) => this.#freeze(facts), ...(config.login === undefined ? {} : { credentials: (association: string) => this.#login.credentials(association) }) },
      now: () => this.#runner.now(),
      replace: (carrier) => this.#runner.replace(carrier),
      handleBuilt: (built, facts) => this.#handleBuilt(built, facts),
      report: (text) => this.#report(text),
      alarm: (text, { neighbour, route }) => this.#alarm(text, { peer: neighbour.node, route: route.map(({ node }) => node).join(' ') }),
    });
  }

  #freeze({ slot, alt, peerKeys }: LaneFacts): OwnSetup {
    const { node, crypto, signer, config } = this.#options;
    this.#attempts += 1;
    const info = {
      versions: [...VERSIONS],
      common: rendezvousDigest(crypto, config.common),
      side: this.side,
      peers: [...peerKeys],
      epoch: this.#epochs.current,
      instance: this.#tunnel.instance,
      slot,
      alt,
      attempt: this.#attempts,
      pingMs: PING_MS,
    };
    return freezeSetup(info, node, { crypto, signer });
  }

  #handleBuilt(built: BuiltCarrier, { alt }: LaneFacts): Carrier {
    const route = this.#options.config.routes[alt];
    const info = { nodes: built.identity.nodes, route: route === undefined ? '' : formatRoute(route) };
    return this.#runner.addCarrier(built, (carrier) => this.#carriers.set(carrier, info));
  }

  /** For status, from which whoever runs the node tells people. */
  #report(text: string): void {
    if (this.#tunnel.established) return;
    this.#progress = text;
    this.#options.logger.debug({ progress: text }, text);
  }

  /** A person should look at the nodes between. */
  #alarm(text: string, fields: object): void {
    this.#options.logger.warn({ audit: 'tampered', code: 'TAMPERED', ...fields }, text);
  }
}
