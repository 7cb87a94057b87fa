/**
 * The services of one tunnel at this end: front ends that take applications in, back ends that connect to real servers.
 * Each is made from the node's container and knows only its own options. One that fails takes itself down, never the node.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Duplex } from 'node:stream';
import {
  CHANNELS, ChannelRefusal, LOGGER, OPTIONS, SERVICE,
  type BackEnd, type Channel, type ChannelOpener, type ChannelRequest, type FrontEnd, type JoinedChannel, type PluginDefinition, type ServiceConfig, type ServiceStatus,
} from '@lstp/core';
import type { DependencyContainer } from 'tsyringe';
import type { Logger } from 'pino';
import type { TunnelRunner } from './tunnel-runner.js';

export interface ServiceHostOptions {
  readonly tunnel: string;
  readonly node: string;
  /** Of this node; services get children of it. */
  readonly container: DependencyContainer;
  readonly plugin: (name: string) => PluginDefinition | undefined;
  readonly runner: TunnelRunner;
  readonly logger: Logger;
}

interface RunningService {
  config: ServiceConfig;
  readonly role: 'front' | 'back';
  readonly frontEnd?: FrontEnd;
  readonly backEnd?: BackEnd;
  error?: string;
}

export class ServiceHost {
  readonly #options: ServiceHostOptions;
  readonly #services = new Map<string, RunningService>();

  constructor(options: ServiceHostOptions) {
    this.#options = options;
  }

  /** Makes the running services those of `wanted`; returns a line for each change. Channels of what changes go on. */
  async apply(wanted: ReadonlyMap<string, ServiceConfig>): Promise<string[]> {
    const changes: string[] = [];
    for (const [name, { config }] of [...this.#services]) {
      const next = wanted.get(name);
      if (next !== undefined && isSame(config, next)) continue;
      await this.#stop(name);
      if (next === undefined) changes.push(`service ${name} removed`);
    }
    for (const [name, config] of wanted) {
      if (this.#services.has(name)) continue;
      const error = await this.#start(config);
      changes.push(error === undefined ? `service ${name} started` : `service ${name} failed: ${error}`);
    }
    return changes;
  }

  async stop(): Promise<void> {
    for (const name of [...this.#services.keys()]) await this.#stop(name);
  }

  /** Whether this end acts for a service: it has a working back end. */
  acts({ name }: ServiceConfig): boolean {
    return this.#services.get(name)?.backEnd !== undefined;
  }

  /** Opens a channel of a service for a stream, as the service's own front end would. */
  join(config: ServiceConfig, stream: Duplex, request: ChannelRequest = {}): JoinedChannel {
    const target = request.target === undefined ? {} : { target: request.target };
    const codec = config.codec === undefined ? {} : { codec: config.codec };
    const body = { service: config.name, kind: 'stream' as const, carrier: config.carrier, ...target, ...codec };
    try {
      return this.#options.runner.open(body, stream, request);
    } catch (error) {
      // Nothing was opened: the application sees a reset, the plugin the reason.
      stream.destroy(error as Error);
      return refused(error as Error & { reason?: ChannelRefusal['reason'] });
    }
  }

  /** Connects the back end for a granted channel, and answers the peer. */
  async begin(channel: Channel): Promise<void> {
    const { runner } = this.#options;
    const join = runner.joinOf(channel);
    const abort = new AbortController();
    let isConnecting = true;
    // Only a connect that is still under way: an abort is costly, and every channel closes one day.
    void join?.closed.then(() => isConnecting && abort.abort());
    try {
      const backEnd = this.#services.get(channel.request.service)?.backEnd;
      if (backEnd === undefined) throw new ChannelRefusal('denied', `service ${channel.request.service} is gone`);
      const { target } = channel.request;
      const { source } = channel;
      const { stream, bound } = await backEnd.connect({ ...(target === undefined ? {} : { target }), ...(source === undefined ? {} : { source }) }, abort.signal);
      isConnecting = false;
      runner.tunnel.begin(channel, bound, runner.now());
      if (join === undefined) stream.destroy();
      else join.attach(stream);
    } catch (error) {
      isConnecting = false;
      this.#refuse(channel, error as Error);
    }
    runner.settle();
  }

  status(): ServiceStatus[] {
    return [...this.#services.values()].map(({ config, role, frontEnd, error }) => ({
      name: config.name,
      plugin: config.plugin,
      role,
      addresses: frontEnd?.addresses ?? [],
      ...(error === undefined ? {} : { error }),
    }));
  }

  #refuse(channel: Channel, error: Error): void {
    const { runner, logger } = this.#options;
    const code = error instanceof ChannelRefusal ? error.reason : 'internal';
    logger.info({ service: channel.request.service, channel: channel.id, code, reason: error.message }, 'channel refused');
    if (code === 'internal') logger.error({ service: channel.request.service, err: error }, 'back end failed');
    runner.tunnel.refuse(channel, { code, message: error.message }, runner.now());
  }

  /** Starts a service; returns what went wrong, if anything. */
  async #start(config: ServiceConfig): Promise<string | undefined> {
    const { logger, node } = this.#options;
    const role = config.at === node ? 'front' : 'back';
    let service: RunningService = { config, role };
    try {
      service = role === 'front' ? { ...service, frontEnd: this.#resolveFrontEnd(config) } : { ...service, backEnd: this.#resolveBackEnd(config) };
      await (service.frontEnd ?? service.backEnd)?.start?.();
    } catch (error) {
      const { message } = error as Error;
      service = { config, role, error: message };
      logger.error({ service: config.name, reason: message }, 'service failed');
    }
    this.#services.set(config.name, service);
    const addresses = service.frontEnd?.addresses ?? [];
    if (addresses.length > 0) logger.info({ service: config.name, addresses }, 'service listens');
    return service.error;
  }

  async #stop(name: string): Promise<void> {
    const service = this.#services.get(name);
    this.#services.delete(name);
    try {
      await (service?.frontEnd ?? service?.backEnd)?.stop?.();
    } catch (error) {
      this.#options.logger.error({ service: name, err: error }, 'service failed to stop');
    }
  }

  #resolveFrontEnd(config: ServiceConfig): FrontEnd {
    const { frontEnd } = this.#plugin(config);
    if (frontEnd === undefined) throw new Error(`plugin ${config.plugin} has no front end`);
    return this.#containerOf(config).resolve(frontEnd);
  }

  #resolveBackEnd(config: ServiceConfig): BackEnd {
    const { backEnd } = this.#plugin(config);
    if (backEnd === undefined) throw new Error(`plugin ${config.plugin} has no back end`);
    return this.#containerOf(config).resolve(backEnd);
  }

  #plugin({ plugin }: ServiceConfig): PluginDefinition {
    const found = this.#options.plugin(plugin);
    if (found === undefined) throw new Error(`plugin ${plugin} is not loaded`);
    return found;
  }

  #containerOf(config: ServiceConfig): DependencyContainer {
    const { container, tunnel, node, logger } = this.#options;
    const child = container.createChildContainer();
    const channels: ChannelOpener = { join: (stream, request) => this.join(this.#services.get(config.name)?.config ?? config, stream, request) };
    child.registerInstance(OPTIONS, config.options);
    child.registerInstance(SERVICE, { tunnel, service: config.name, node });
    child.registerInstance(LOGGER, logger.child({ service: config.name }));
    child.registerInstance(CHANNELS, channels);
    return child;
  }
}

/** Whether nothing changed but the place in the file. */
function isSame(a: ServiceConfig, b: ServiceConfig): boolean {
  return isDeepStrictEqual({ ...a, place: undefined }, { ...b, place: undefined });
}

function refused(error: Error & { reason?: ChannelRefusal['reason'] }): JoinedChannel {
  const reason = error.reason ?? 'internal';
  const connected = Promise.reject(new ChannelRefusal(reason, error.message));
  connected.catch(() => {});
  return { id: '', connected, closed: Promise.resolve(reason) };
}
