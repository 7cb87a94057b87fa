/**
 * The services of one tunnel at this end: front ends that take applications in, back ends that connect to real servers.
 * Each is made from the node's container and knows only its own options. One that fails takes itself down, never the node;
 * but an end does not start without those that cannot listen (EndRole).
 */
import { isDeepStrictEqual } from 'node:util';
import type { Duplex } from 'node:stream';
import {
  ChannelRefusal,
  type BackEndRequest, type Channel, type ChannelOpener, type ChannelRequest, type ChannelRequestBody, type ChannelStatus, type Counts, type DatagramChannel, type DatagramRequest, type FrontEnd, type JoinedChannel, type ListenRequest, type OpenedChannel, type PluginDefinition, type ReloadReport, type ServiceConfig, type ServiceStatus,
} from '@lstp/core';
import type { Logger } from 'pino';
import type { DependencyContainer } from 'tsyringe';
import { auditDenial, type Who } from './audit.js';
import type { ChannelFlow } from '../flow/channel-flow.js';
import type { ChannelWatches } from '../flow/channel-watches.js';
import { ConnectWatch, type Attempt } from './connect-watch.js';
import { IncomingChannels } from './incoming-channels.js';
import { refuse, reset } from '../flow/last-words.js';
import { leaveUnchanged, reportOf, shape, watchesOf, type RunningService } from './running-service.js';
import { ServiceMaker } from './service-maker.js';
import { resolveTarget } from './target-addresses.js';
import type { FlowRequest, TunnelRunner } from '../flow/tunnel-runner.js';

export interface ServiceHostOptions {
  readonly tunnel: string;
  readonly node: string;
  /** Of the chain file. */
  readonly folder: string;
  /** Of this node; services get children of it. */
  readonly container: DependencyContainer;
  readonly plugin: (name: string) => PluginDefinition | undefined;
  readonly runner: TunnelRunner;
  readonly logger: Logger;
  /** How long a back end may take to connect. */
  readonly connectMs?: number;
  /** Who is at the other end, for the log. */
  readonly who: () => Who;
}

export interface UnreadyService {
  readonly config: ServiceConfig;
  readonly error: string;
}

const CANNOT_LISTEN: ReadonlySet<string> = new Set(['ERR_LSTP_LISTEN', 'ERR_LSTP_DISPLAY']);
/** Kinds of channel, and what a back end must have to take them. */
const METHODS = { stream: 'connect', datagram: 'connectDatagrams', listen: 'listen' } as const;
type Kind = ChannelRequestBody['kind'];
type OpenBody = Omit<ChannelRequestBody, 'window' | 'slot'>;

export class ServiceHost {
  readonly #options: ServiceHostOptions;
  readonly #maker: ServiceMaker;
  readonly #services = new Map<string, RunningService>();
  readonly #incoming: IncomingChannels;
  readonly #connecting: ConnectWatch;

  constructor(options: ServiceHostOptions) {
    this.#options = options;
    this.#maker = new ServiceMaker(options);
    this.#incoming = new IncomingChannels(options.runner, options.logger);
    this.#connecting = new ConnectWatch({ now: () => options.runner.now(), limitMs: options.connectMs }, ({ channel }, message) => this.#refuse(channel, new ChannelRefusal('timeout', message)));
  }

  get maker(): ServiceMaker {
    return this.#maker;
  }

  /** Makes the running services those of `wanted`, and tries again those that failed; a line for each change. Channels of what changes go on. */
  async apply(wanted: ReadonlyMap<string, ServiceConfig>): Promise<Pick<ReloadReport, 'applied' | 'failed'>> {
    const applied: string[] = [];
    const failed: string[] = [];
    for (const [name, { config, error }] of [...this.#services]) {
      const next = wanted.get(name);
      if (next !== undefined && isSame(config, next) && error === undefined) continue;
      await this.#stop(name);
      if (next === undefined) applied.push(`service ${name} removed`);
    }
    for (const [name, config] of wanted) {
      if (this.#services.has(name)) continue;
      const error = await this.#start(config);
      if (error === undefined) applied.push(`service ${name} started`);
      else failed.push(`service ${name} failed: ${error}`);
    }
    return { applied, failed };
  }

  /** The files of services that stay as they are are read again; a line for each. Rejects with what is wrong with one. */
  async reloadFiles(wanted: ReadonlyMap<string, ServiceConfig>): Promise<string[]> {
    const lines: string[] = [];
    for (const [name, { config, frontEnd }] of this.#services) {
      const next = wanted.get(name);
      const line = next !== undefined && isSame(config, next) ? await frontEnd?.reload?.() : undefined;
      if (line !== undefined) lines.push(`service ${name}: ${line}`);
    }
    return lines;
  }

  /** Services that should take applications in here and cannot listen. */
  get unready(): UnreadyService[] {
    return [...this.#services.values()].flatMap(({ config, error, code = '' }) => (error !== undefined && CANNOT_LISTEN.has(code) ? [{ config, error }] : []));
  }

  async stop(): Promise<void> {
    this.#connecting.stop();
    for (const name of [...this.#services.keys()]) await this.#stop(name);
  }

  /** The kinds of channel that this end can act on for a service; none where it has no working back end. */
  kindsOf({ name }: ServiceConfig): readonly Kind[] {
    const backEnd = this.#services.get(name)?.backEnd;
    return backEnd === undefined ? [] : (Object.keys(METHODS) as Kind[]).filter((kind) => backEnd[METHODS[kind]] !== undefined);
  }

  /** The service whose front end had the other end listen on this channel. */
  listenerOf(channel: number): string | undefined {
    return this.#incoming.serviceOf(channel);
  }

  /** What the monitors of a channel have to say of it, by plugin. */
  reportOf(channel: Channel): ChannelStatus['monitors'] {
    return reportOf(this.#services.get(channel.request.service), channel);
  }

  // --- front ends

  /** What a front end of `config` opens channels with, or whoever speaks for one. */
  opener(config: ServiceConfig): ChannelOpener {
    const current = (): ServiceConfig => this.#services.get(config.name)?.config ?? config;
    return {
      join: (stream, request) => this.join(current(), stream, request),
      openDatagrams: (request) => this.#openDatagrams(current(), request),
      listen: (request) => this.#listen(current(), request),
    };
  }

  /** Opens a channel of a service for a stream, as the service's own front end would. */
  join(config: ServiceConfig, stream: Duplex, request: ChannelRequest = {}): JoinedChannel {
    const { runner } = this.#options;
    const service = this.#services.get(config.name);
    const body = this.#bodyOf(config, 'stream', request.target);
    try {
      if (service?.parts === undefined) return runner.open(body, stream, request);
      const { parts, role } = service;
      return runner.openShaped(body, request, (channel) => ({ ...shape(parts, { channel, role, head: request.head ?? new Uint8Array() }, stream), ...watching(parts, channel, role) }));
    } catch (error) {
      // Nothing was opened: the application sees a reset, or the answer, and the plugin the reason.
      const refusal = this.#refusalOf(config.name, error as Error);
      if (request.answer === undefined) reset(stream);
      else refuse(stream, request.answer, refusal);
      return { id: '', ...refusedChannel(refusal) };
    }
  }

  #openDatagrams(config: ServiceConfig, { target, source, onDatagram }: DatagramRequest): DatagramChannel {
    const { parts, role = 'front' } = this.#services.get(config.name) ?? {};
    const watch = (channel: Channel): ChannelWatches | undefined => {
      if (parts === undefined) return undefined;
      leaveUnchanged(parts, channel, role);
      return watchesOf(parts, channel, role);
    };
    return this.#openFlow(this.#bodyOf(config, 'datagram', target), { source, take: onDatagram, watch });
  }

  #listen(config: ServiceConfig, request: ListenRequest): OpenedChannel {
    const flow = this.#openFlow(this.#bodyOf(config, 'listen', request.target), { source: request.source });
    if ('channel' in flow) this.#incoming.add(flow, config.name, request);
    return flow;
  }

  #openFlow(body: OpenBody, request: FlowRequest): ChannelFlow | DatagramChannel {
    try {
      return this.#options.runner.openFlow(body, request);
    } catch (error) {
      return { id: '', ...refusedChannel(this.#refusalOf(body.service, error as Error)), dropped: 0, send: () => {}, close: () => {} };
    }
  }

  /** What a plugin threw is told in the log; what the tunnel says is its opener's to tell. */
  #refusalOf(service: string, error: Error & { reason?: ChannelRefusal['reason'] }): ChannelRefusal {
    if (error instanceof ChannelRefusal) return error;
    if (error.reason === undefined) this.#options.logger.error({ service, err: error }, 'channel not opened: a plugin failed');
    return new ChannelRefusal(error.reason ?? 'internal', error.message);
  }

  /** The codec is the service's, unless the peer is known to have none of that name. */
  #bodyOf({ name, carrier, codec }: ServiceConfig, kind: Kind, target: string | undefined): OpenBody {
    const codecs = this.#options.runner.tunnel.peer?.codecs;
    const isCoded = kind === 'stream' && codec !== undefined && (codecs === undefined || codecs.includes(codec));
    return { service: name, kind, carrier: kind === 'stream' ? carrier : 'shared', ...(target === undefined ? {} : { target }), ...(isCoded ? { codec } : {}) };
  }

  // --- back ends

  /** Takes in an authorised channel of the peer's: from now on its bytes are kept. */
  adopt(channel: Channel): void {
    const { runner } = this.#options;
    const { kind, service } = channel.request;
    const running = this.#services.get(service);
    const watches = running?.parts === undefined || kind === 'listen' ? undefined : watchesOf(running.parts, channel, running.role);
    if (kind === 'stream') runner.adopt(channel, watches);
    else runner.adoptFlow(channel, watches);
  }

  /** Connects the back end for a granted channel, and answers the peer. */
  async begin(channel: Channel): Promise<void> {
    const { runner } = this.#options;
    if (channel.request.binding !== undefined) return this.#incoming.deliver(channel, this.#services.get(channel.request.service)?.parts);
    const attempt = this.#connecting.add(channel);
    // Only a connect that is still under way: an abort is costly, and every channel closes one day.
    const user = runner.joinOf(channel) ?? runner.flowOf(channel);
    if (user !== undefined) user.onClosed = () => queueMicrotask(() => this.#connecting.abort(attempt));
    try {
      await this.#connect(attempt);
    } catch (error) {
      if (!attempt.isOver) this.#refuse(channel, error as Error);
    }
    if (user !== undefined) user.onClosed = undefined;
    this.#connecting.settle(attempt);
    runner.settle();
  }

  async #connect(attempt: Attempt): Promise<void> {
    const { channel } = attempt;
    const { kind, service: name, target } = channel.request;
    const service = this.#services.get(name);
    if (service?.backEnd?.[METHODS[kind]] === undefined) throw new ChannelRefusal('denied', `service ${name} is gone`);
    const isChosen = target !== undefined && service.config.targets === undefined;
    const addresses = isChosen ? await resolveTarget(target, service.config.allow ?? []) : undefined;
    if (attempt.isOver) return;
    const { source } = channel;
    const request = { ...(target === undefined ? {} : { target, ...(addresses === undefined ? {} : { addresses }) }), ...(source === undefined ? {} : { source }) };
    if (kind === 'stream') return this.#connectStream(attempt, service, request);
    if (kind === 'datagram') return this.#connectDatagrams(attempt, service, request);
    return this.#listenFor(attempt, service, request);
  }

  async #connectStream(attempt: Attempt, { backEnd, parts, role }: RunningService, request: BackEndRequest): Promise<void> {
    const { runner } = this.#options;
    const { channel, abort } = attempt;
    const connected = await backEnd?.connect?.(request, abort.signal);
    if (connected === undefined) throw new Error('connect() gave no connection');
    const { stream, bound } = connected;
    const join = runner.joinOf(channel);
    if (attempt.isOver || join === undefined) return reset(stream);
    try {
      const shaped = parts === undefined ? stream : shape(parts, { channel, role }, stream).stream;
      runner.tunnel.begin(channel, bound, runner.now());
      join.attach(shaped);
    } catch (error) {
      reset(stream);
      throw error;
    }
  }

  async #connectDatagrams(attempt: Attempt, { backEnd, parts, role }: RunningService, request: BackEndRequest): Promise<void> {
    const { runner } = this.#options;
    const { channel, abort } = attempt;
    const flow = runner.flowOf(channel);
    if (flow === undefined) return;
    if (parts !== undefined) leaveUnchanged(parts, channel, role);
    const connection = await backEnd?.connectDatagrams?.({ ...request, send: (datagram) => flow.send(datagram), close: (reason) => flow.close(reason) }, abort.signal);
    if (connection === undefined) throw new Error('connectDatagrams() gave no connection');
    void flow.closed.then(() => this.#guard(channel, () => connection.close()));
    if (attempt.isOver) return;
    runner.tunnel.begin(channel, connection.bound, runner.now());
    flow.attach((datagram) => connection.send(datagram));
  }

  async #listenFor(attempt: Attempt, service: RunningService, request: BackEndRequest): Promise<void> {
    const { runner } = this.#options;
    const { channel, abort } = attempt;
    const flow = runner.flowOf(channel);
    if (flow === undefined) return;
    const accept = (stream: Duplex, source?: string): void => this.#offer(service, channel, { stream, ...(source === undefined ? {} : { source }) });
    const listening = await service.backEnd?.listen?.({ ...request, accept, close: (reason) => flow.close(reason) }, abort.signal);
    if (listening === undefined) throw new Error('listen() gave no listener');
    void flow.closed.then(() => this.#guard(channel, () => listening.close()));
    if (!attempt.isOver) runner.tunnel.begin(channel, listening.bound, runner.now());
  }

  /** What connected to a listener goes to its front end, as a channel that this end opens. */
  #offer({ config, parts, role }: RunningService, listener: Channel, { stream, source }: { readonly stream: Duplex; readonly source?: string }): void {
    const { runner } = this.#options;
    const body = { ...this.#bodyOf(config, 'stream', undefined), binding: listener.id };
    const request = source === undefined ? {} : { source };
    try {
      if (runner.flowOf(listener) === undefined) throw new Error('nobody waits for it any more');
      if (parts === undefined) runner.open(body, stream, request);
      else runner.openShaped(body, request, (channel) => ({ ...shape(parts, { channel, role }, stream), ...watching(parts, channel, role) }));
    } catch (error) {
      this.#options.logger.info({ service: config.name, channel: listener.id, source, reason: (error as Error).message }, 'connection to a listener dropped');
      reset(stream);
    }
  }

  #guard(channel: Channel, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.logger.error({ service: channel.request.service, channel: channel.id, err: error }, 'back end failed');
    }
  }

  #refuse(channel: Channel, error: Error): void {
    const { runner, logger, who } = this.#options;
    const { service } = channel.request;
    const code = error instanceof ChannelRefusal ? error.reason : 'internal';
    if (code === 'denied') auditDenial(logger, channel, { code, message: error.message, ...who() });
    else logger.info({ service, channel: channel.id, code, reason: error.message }, 'channel refused');
    if (code === 'internal') logger.error({ service, channel: channel.id, err: error }, 'back end failed');
    runner.tunnel.refuse(channel, { code, message: error.message }, runner.now());
    runner.settle();
  }

  // --- their life

  status(): ServiceStatus[] {
    return [...this.#services.values()].map(({ config, role, frontEnd, backEnd, parts, tally, error }) => ({
      name: config.name,
      plugin: config.plugin,
      role,
      addresses: frontEnd?.addresses ?? [],
      ...environmentOf(frontEnd),
      ...(config.codec === undefined || parts === undefined ? {} : { codec: { name: config.codec, ...parts.counts } }),
      ...countsOf({ ...tally?.counts, ...(frontEnd ?? backEnd)?.counts }),
      ...(error === undefined ? {} : { error }),
    }));
  }

  /** Starts a service; returns what went wrong, if anything. */
  async #start(config: ServiceConfig): Promise<string | undefined> {
    const service = await this.#maker.make(config, this.opener(config));
    this.#services.set(config.name, service);
    const addresses = service.frontEnd?.addresses ?? [];
    if (addresses.length > 0) this.#options.logger.info({ service: config.name, addresses }, 'service listens');
    return service.error;
  }

  async #stop(name: string): Promise<void> {
    const service = this.#services.get(name);
    this.#services.delete(name);
    if (service !== undefined) await this.#maker.stop(service);
  }
}

function watching(parts: NonNullable<RunningService['parts']>, channel: Channel, role: 'front' | 'back'): { watches?: NonNullable<ReturnType<typeof watchesOf>> } {
  const watches = watchesOf(parts, channel, role);
  return watches === undefined ? {} : { watches };
}

function environmentOf(frontEnd: FrontEnd | undefined): Pick<ServiceStatus, 'environment'> {
  const environment = frontEnd?.environment ?? {};
  return Object.keys(environment).length === 0 ? {} : { environment };
}

function countsOf(counts: Counts): Pick<ServiceStatus, 'counts'> {
  return Object.keys(counts).length === 0 ? {} : { counts };
}

/** Whether nothing changed but the place in the file. */
function isSame(a: ServiceConfig, b: ServiceConfig): boolean {
  return isDeepStrictEqual({ ...a, place: undefined }, { ...b, place: undefined });
}

function refusedChannel(refusal: ChannelRefusal): Pick<JoinedChannel, 'connected' | 'closed'> {
  const connected = Promise.reject<never>(refusal);
  connected.catch(() => {});
  return { connected, closed: Promise.resolve(refusal.reason) };
}
