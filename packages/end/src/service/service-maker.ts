/** Makes what a service of the chain file asks for: its plugins' classes, resolved from the node's container. */
import {
  CHANNELS, construct, LOGGER, METRICS, OPTIONS, SERVICE,
  type AttachedConfig, type BackEnd, type ChannelOpener, type Codec, type Constructor, type FrontEnd, type Login, type Monitor, type PluginDefinition, type Rewriter, type ServiceConfig,
} from '@lstp/core';
import type { Logger } from 'pino';
import type { DependencyContainer } from 'tsyringe';
import { hasParts, type RunningService, type ServiceParts } from './running-service.js';
import { Tally } from './tally.js';
import { withinTime } from './time-limit.js';

/** For start() of whatever a service is made of. */
const START_TIMEOUT_MS = 30_000;
/** For stop(): a node that ends does not wait for plugins. */
const STOP_TIMEOUT_MS = 5000;

export interface ServiceMakerOptions {
  readonly tunnel: string;
  readonly node: string;
  /** Of the chain file. */
  readonly folder: string;
  /** Of this node; services get children of it. */
  readonly container: DependencyContainer;
  readonly plugin: (name: string) => PluginDefinition | undefined;
  readonly logger: Logger;
}

interface Startable {
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/** What the class of each role makes. */
interface Instances {
  readonly frontEnd: FrontEnd;
  readonly backEnd: BackEnd;
  readonly codec: Codec;
  readonly rewriter: Rewriter;
  readonly monitor: Monitor;
  readonly login: Login;
}

export class ServiceMaker {
  readonly #options: ServiceMakerOptions;

  constructor(options: ServiceMakerOptions) {
    this.#options = options;
  }

  /** Never throws: what went wrong is the service's `error`, and what was made for it is stopped. */
  async make(config: ServiceConfig, channels: ChannelOpener): Promise<RunningService> {
    const { node, logger } = this.#options;
    const role = config.at === node ? 'front' : 'back';
    const made: Startable[] = [];
    const tally = new Tally();
    try {
      const parts = hasParts(config, node) ? this.#makeParts(config, made, tally) : undefined;
      const ends = role === 'front' ? { frontEnd: this.#resolve(config, { role: 'frontEnd', channels, tally }) } : { backEnd: this.#resolve(config, { role: 'backEnd', channels, tally }) };
      made.push(...Object.values(ends));
      for (const one of made) await withinTime(Promise.resolve(one.start?.()), START_TIMEOUT_MS, `start() took longer than ${START_TIMEOUT_MS / 1000} s`);
      return { config, role, tally, ...(parts === undefined ? {} : { parts }), ...ends };
    } catch (error) {
      const { message, code } = error as NodeJS.ErrnoException;
      logger.error({ service: config.name, reason: message }, 'service failed');
      for (const one of made) await this.#stopOne(one, config.name);
      return { config, role, error: message, ...(code === undefined ? {} : { code }) };
    }
  }

  async stop({ config, frontEnd, backEnd, parts }: RunningService): Promise<void> {
    const all: (Startable | undefined)[] = [frontEnd, backEnd, ...(parts?.rewriters ?? []), ...(parts?.monitors.map(({ monitor }) => monitor) ?? [])];
    for (const one of all) if (one !== undefined) await this.#stopOne(one, config.name);
  }

  /** An instance of a role of a plugin that is none of a service's own ends; `at` is the service's. Throws where there is none. */
  resolveRole<R extends 'codec' | 'rewriter' | 'monitor' | 'login'>(role: R, { plugin: name, at, options }: AttachedConfig, { service, tally = new Tally() }: { readonly service: string; readonly tally?: Tally }): Instances[R] {
    const made = this.#plugin(name)[role];
    if (made === undefined) throw new Error(`plugin ${name} is no ${role}`);
    return construct(this.#containerOf({ name: service, at, options }, tally), made as Constructor<Instances[R]>);
  }

  #makeParts({ name, at, codec, rewriters = [], monitors = [] }: ServiceConfig, made: Startable[], tally: Tally): ServiceParts {
    const here = (entries: readonly AttachedConfig[]): readonly AttachedConfig[] => entries.filter(({ at }) => at === this.#options.node);
    const rewriting = here(rewriters).map((entry) => this.resolveRole('rewriter', { ...entry, at }, { service: name, tally }));
    const watching = here(monitors).map((entry) => ({ name: entry.plugin, monitor: this.resolveRole('monitor', { ...entry, at }, { service: name, tally }) }));
    made.push(...rewriting, ...watching.map(({ monitor }) => monitor));
    const resolved: { codec?: Codec } = codec === undefined ? {} : { codec: this.resolveRole('codec', { plugin: codec, at, options: {} }, { service: name, tally }) };
    return { ...resolved, counts: { plainOut: 0, plainIn: 0, codedOut: 0, codedIn: 0 }, rewriters: rewriting, monitors: watching, watches: new WeakMap(), logger: this.#options.logger.child({ service: name }) };
  }

  async #stopOne(one: Startable, service: string): Promise<void> {
    try {
      await withinTime(Promise.resolve(one.stop?.()), STOP_TIMEOUT_MS, `stop() took longer than ${STOP_TIMEOUT_MS / 1000} s`);
    } catch (error) {
      this.#options.logger.error({ service, err: error }, 'service failed to stop');
    }
  }

  #resolve<R extends 'frontEnd' | 'backEnd'>(config: ServiceConfig, { role, channels, tally }: { readonly role: R; readonly channels: ChannelOpener; readonly tally: Tally }): Instances[R] {
    const made = this.#plugin(config.plugin)[role];
    if (made === undefined) throw new Error(`plugin ${config.plugin} has no ${role === 'frontEnd' ? 'front end' : 'back end'}`);
    const child = this.#containerOf(config, tally);
    child.registerInstance(CHANNELS, channels);
    return construct(child, made as Constructor<Instances[R]>);
  }

  #plugin(name: string): PluginDefinition {
    const found = this.#options.plugin(name);
    if (found === undefined) throw new Error(`plugin ${name} is not loaded`);
    return found;
  }

  #containerOf({ name: service, at, options }: Pick<ServiceConfig, 'name' | 'at' | 'options'>, tally: Tally): DependencyContainer {
    const { container, tunnel, node, folder, logger } = this.#options;
    const child = container.createChildContainer();
    child.registerInstance(OPTIONS, options);
    child.registerInstance(SERVICE, { tunnel, service, node, at, folder });
    child.registerInstance(METRICS, tally);
    child.registerInstance(LOGGER, logger.child({ service }));
    return child;
  }
}

