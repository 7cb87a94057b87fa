/**
 * The plugin contract, version 1: the one file that a plugin author reads.
 *
 * A plugin module's default export is a `PluginDefinition` (see `definePlugin`). Importing it does nothing.
 * What happens, in order:
 *
 *   1. The module is imported on the nodes that use it; `api` is compared with PLUGIN_API.
 *   2. `options` checks what the chain file says (also in `lstp check`), before anything runs.
 *   3. The class of the wanted role is resolved from the node's container, one instance per service (security: per
 *      node). Its constructor asks for what it needs by the tokens below; it must not do I/O.
 *   4. `start()` is awaited. A front end listens now. A throw fails this service, not the node.
 *   5. It works: a front end opens channels, a back end is asked for connections.
 *   6. `stop()` is awaited, also after a failed start. Everything it made is gone afterwards; channels may outlive it.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { InjectionToken } from 'tsyringe';
import type { ZodType } from 'zod';
import type { Logger } from 'pino';
import type { ServiceAddress } from '../config/chain.js';
import type { ChannelCode, PublicKey } from '../protocol/index.js';

/** The version of this contract. A plugin of another version is refused when it is loaded. */
export const PLUGIN_API = 1;

/** A class that the node's container can make. */
// oxlint-disable-next-line typescript/no-explicit-any -- a constructor's parameters are known to the container only
export type Constructor<T> = new (...parameters: any[]) => T;

export interface PluginDefinition {
  /** The word used in `plugin:`; `[a-z0-9][a-z0-9._-]{0,62}`. */
  readonly name: string;
  readonly api: typeof PLUGIN_API;
  /** One line for `lstp plugins`. */
  readonly about: string;
  /** The keys a service of this plugin may have beside `plugin`, `at`, `carrier` and `codec`. A zod object; strict ones catch typos. */
  readonly options?: ZodType;
  /** The kind of socket that a service's `listen` names; `stream` if absent. Two services of one kind cannot share an address. */
  readonly listens?: 'stream' | 'datagram';
  /**
   * Options that only one side uses; secrets in them are not read at the other, which may get the text with its
   * reference. `listen` is the front end's and `to` the back end's without saying.
   */
  readonly oneSided?: { readonly front?: readonly string[]; readonly back?: readonly string[] };
  readonly frontEnd?: Constructor<FrontEnd>;
  readonly backEnd?: Constructor<BackEnd>;
  readonly security?: Constructor<Security>;
  readonly connector?: Constructor<Connector>;
}

/** Takes applications in, at the service's `at`. */
export interface FrontEnd {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Where it listens, for status and `ready`; empty where it does not. */
  readonly addresses?: readonly string[];
}

/** Takes in streams that the command hands over (`lstp connect`), for any service. One bundled plugin has this role. */
export interface Connector {
  /** Owns `stream` from now on. */
  connect(stream: Duplex, request: ChannelRequest): JoinedChannel;
}

/** Connects to the real server, at the other end. */
export interface BackEnd {
  start?(): Promise<void>;
  stop?(): Promise<void>;
  /**
   * Connects for one authorised channel. The host owns what it returns.
   * Throws ChannelRefusal to tell the application why; any other error is `internal`.
   * `signal` aborts when the channel is gone meanwhile.
   */
  connect(request: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection>;
}

export interface BackEndRequest {
  /** Set only where the service lets the asking side choose; already authorised. */
  readonly target?: string;
  /** The application's address at the other end, as that end says. */
  readonly source?: string;
}

export interface BackEndConnection {
  /** A net.Socket made with `allowHalfOpen`, or any Duplex. */
  readonly stream: Duplex;
  /** Our address towards the target, `host:port`. */
  readonly bound?: string;
}

/** Why a channel is refused; becomes SERVICE_BEGIN_NACK. */
export class ChannelRefusal extends Error {
  readonly code = 'ERR_LSTP_CHANNEL_REFUSED';

  constructor(
    readonly reason: ChannelCode,
    message: string,
  ) {
    super(message);
    this.name = 'ChannelRefusal';
  }
}

/** Opens channels of the service that a front end was made for. */
export interface ChannelOpener {
  /**
   * Joins an application's connection to a new channel of this service. The opener owns `stream` from now on: it
   * moves bytes both ways with back-pressure, half-close and reset, and destroys it at the end.
   */
  join(stream: Duplex, request?: ChannelRequest): JoinedChannel;
}

export interface ChannelRequest {
  /** For services whose target the application chooses. */
  readonly target?: string;
  /** The application's address. */
  readonly source?: string;
  /** Bytes of the application that were already read; they go first. */
  readonly head?: Uint8Array;
}

export interface JoinedChannel {
  readonly id: string;
  /** Resolves when the far end has connected, with its bound address; rejects with ChannelRefusal. Data may flow before. */
  readonly connected: Promise<{ readonly bound?: string }>;
  /** Resolves when the channel is at its end, with the reason. Never rejects. */
  readonly closed: Promise<ChannelCode>;
}

/** Secures a carrier between two ends. */
export interface Security {
  /** Resolves with the secured stream only when the peer has proved one of `pins`; nothing was written to it or read from it. */
  secure(request: SecurityRequest): Promise<SecuredCarrier>;
}

export interface SecurityRequest {
  /** The raw pipe; what was read beyond its LSTP part is already pushed back. Owned by the security plugin from now on. */
  readonly socket: Socket;
  /** The master speaks first. */
  readonly master: boolean;
  /** The key that the peer must prove: the one of its COMMONUNIQUE_INFO. */
  readonly pin: PublicKey;
  readonly timeoutMs: number;
}

export interface SecuredCarrier {
  readonly stream: TLSSocket | Duplex;
  /** 32 bytes that both sides derive alike from this session and nobody else can (RFC 5705). */
  exporter(label: string): Buffer;
}

/** Listens for applications. Errors name the address and the remedy. */
export interface Listeners {
  /** `source` is the application's address, where it has one. Sockets allow half-open connections and do not delay. */
  listen(address: ServiceAddress, onConnection: (socket: Socket, source: string | undefined) => void): Promise<Listening>;
}

export interface Listening {
  /** Where it really listens, also when port 0 was asked for. */
  readonly address: string;
  /** Stops accepting; connections that were accepted go on. */
  close(): Promise<void>;
}

/** Connects to real servers, names resolved here. */
export interface Dialer {
  /** Throws ChannelRefusal with the true cause. */
  connect(address: ServiceAddress, signal: AbortSignal): Promise<{ readonly stream: Socket; readonly bound: string }>;
}

export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
}

/** Facts of the service a plugin instance was made for. */
export interface ServiceFacts {
  readonly tunnel: string;
  readonly service: string;
  readonly node: string;
}

/** Ask for these in a plugin's constructor: `constructor(@inject(OPTIONS) options: MyOptions)`. */
export const OPTIONS: InjectionToken<unknown> = Symbol('lstp options');
export const LOGGER: InjectionToken<Logger> = Symbol('lstp logger');
export const CLOCK: InjectionToken<Clock> = Symbol('lstp clock');
export const DIALER: InjectionToken<Dialer> = Symbol('lstp dialer');
export const LISTENERS: InjectionToken<Listeners> = Symbol('lstp listeners');
export const CHANNELS: InjectionToken<ChannelOpener> = Symbol('lstp channel opener');
export const SERVICE: InjectionToken<ServiceFacts> = Symbol('lstp service');
/** The node's key pair, for security plugins only. */
export const IDENTITY: InjectionToken<Identity> = Symbol('lstp identity');

export interface Identity {
  readonly publicKey: PublicKey;
  /** PEM of the private key and of a certificate of it, in memory. */
  readonly certificate: { readonly key: string; readonly cert: string };
}

/** Checks the definition's form and gives it back, typed. */
export function definePlugin(definition: PluginDefinition): PluginDefinition {
  return definition;
}
