/**
 * The plugin contract, version 1: the one file that a plugin author reads.
 *
 * A plugin module's default export is a `PluginDefinition` (see `definePlugin`). Importing it does nothing.
 * What happens, in order:
 *
 *   1. The module is imported on the nodes that use it; `api` is compared with PLUGIN_API, the roles with their forms.
 *   2. `options` checks what the chain file says (also in `lstp check`), before anything runs.
 *   3. The class of the wanted role is resolved from the node's container, one instance per service (login: per tunnel;
 *      security, leg dialer, leg listener: per node). Its constructor asks for what it needs by the tokens below; it must not do I/O.
 *   4. `start()` is awaited, for at most 30 s. A front end listens now. A throw fails this service, not the node, unless
 *      the node is starting and its code is ERR_LSTP_LISTEN, as LISTENERS has it: a node is ready when all listeners accept.
 *   5. It works: a front end opens channels, a back end is asked for connections, a codec, a rewriter or a monitor is
 *      asked for its part of every channel.
 *   6. `stop()` is awaited, for at most 5 s, also after a failed start. Everything it made is gone afterwards; channels
 *      that were opened may outlive it.
 *
 * Roles: front end and back end carry a service; codec, rewriter and monitor attach to one, a monitor to those of its own
 * plugin also without being asked (`monitors: []` turns that off); login says who is at the other end; security, leg dialer and leg listener carry the tunnel itself; connector serves the command.
 * What a plugin throws, rejects or forgets ends its own channel or service and is logged; the node goes on.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { InjectionToken } from 'tsyringe';
import type { ZodType } from 'zod';
import type { Logger } from 'pino';
import type { LegAddress, ServiceAddress } from '../config/chain.js';
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
  /**
   * The keys a service (or an entry of `monitors`, `rewriters`, `login`) of this plugin may have beside those that every
   * one has: see docs/config.md. A zod object; strict ones catch typos.
   */
  readonly options?: ZodType;
  /** The keys of an entry of `monitors` or `rewriters`, where they are not those of a service. */
  readonly attachedOptions?: { readonly monitor?: ZodType; readonly rewriter?: ZodType };
  /** Whether applications choose the target of a channel: services of it take `allow`, and reach nothing without. */
  readonly targets?: 'chosen';
  /**
   * How many targets a service with these options has, where applications choose none: a channel names one by its number,
   * from 0, in decimal, in `target`; without it the first is meant. 1 if absent. Options whose references are not filled
   * in may be the text of the file.
   */
  readonly targetCount?: (options: unknown) => number;
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
  readonly codec?: Constructor<Codec>;
  readonly rewriter?: Constructor<Rewriter>;
  readonly monitor?: Constructor<Monitor>;
  readonly login?: Constructor<Login>;
  /** The schemes of addresses that `legDialer` and `legListener` are for: `wss`, or `socks5` of a proxy. */
  readonly schemes?: readonly string[];
  readonly legDialer?: Constructor<LegDialerRole>;
  readonly legListener?: Constructor<LegListenerRole>;
}

// --- front end and back end

/** Takes applications in, at the service's `at`. */
export interface FrontEnd {
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * `lstp reload`: files that its options name are to be read again (options that changed make a new instance). Resolves
   * with what a person should know, in one line. A rejection: they are wrong, what was read before stays.
   */
  reload?(): Promise<string | undefined>;
  /** Where it listens, for status and `ready`; empty where it does not. */
  readonly addresses?: readonly string[];
  /** What a program's environment must have to use it, for status and `lstp x11 run`; empty while it does not listen. No secrets. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly counts?: Counts;
}

/** What happened since start(), by name (`datagrams in`), for status and metrics: numbers that only grow. */
export type Counts = Readonly<Record<string, number>>;

/** Takes in streams that the command hands over (`lstp connect`), for any service. One bundled plugin has this role. */
export interface Connector {
  /** Owns `stream` from now on. */
  connect(stream: Duplex, request: ChannelRequest): JoinedChannel;
}

/** Connects to the real server, at the other end. Has one of the three `connect`s at least: the kinds of channel it takes. */
export interface BackEnd {
  start?(): Promise<void>;
  stop?(): Promise<void>;
  /**
   * Connects for one authorised channel. The host owns what it returns.
   * Throws ChannelRefusal to tell the application why; any other error is `internal`.
   * `signal` aborts when the channel is gone meanwhile, or after 30 s, which is `timeout`.
   */
  connect?(request: BackEndRequest, signal: AbortSignal): Promise<BackEndConnection>;
  /** The same for a channel of datagrams: one flow between one client and one target. */
  connectDatagrams?(request: DatagramBackEndRequest, signal: AbortSignal): Promise<DatagramBackEndConnection>;
  /** Listens for one channel of kind `listen` (SOCKS BIND): what connects there goes to its front end. */
  listen?(request: ListenBackEndRequest, signal: AbortSignal): Promise<BackEndListening>;
  readonly counts?: Counts;
}

export interface BackEndRequest {
  /** `host:port`, where the service lets the asking side choose; its number, where it has several (`targetCount`). Already authorised. */
  readonly target?: string;
  /**
   * Where the target is: the addresses that its name has and `allow` permits, resolved once. Connect to these and no
   * other (Dialer.connect takes the list); resolving `target` again might give another one.
   */
  readonly addresses?: readonly TargetAddress[];
  /** The application's address at the other end, as that end says. */
  readonly source?: string;
}

/** A literal address and a port. */
export type TargetAddress = Extract<ServiceAddress, { readonly kind: 'tcp' }>;

export interface BackEndConnection {
  /** A net.Socket made with `allowHalfOpen`, or any Duplex. */
  readonly stream: Duplex;
  /** Our address towards the target, `host:port`. */
  readonly bound?: string;
}

export interface DatagramBackEndRequest extends BackEndRequest {
  /** Gives a datagram from the target to the application. Copied; dropped and counted under pressure. */
  send(datagram: Uint8Array): void;
  /** The flow is over: idle for too long (`done`), or its socket failed. */
  close(reason?: ChannelCode): void;
}

export interface DatagramBackEndConnection {
  /** Our address towards the target, `host:port`. */
  readonly bound?: string;
  /** A datagram of the application. The view is valid only during the call. */
  send(datagram: Uint8Array): void;
  /** The channel is at its end. Called once. */
  close(): void;
}

export interface ListenBackEndRequest extends BackEndRequest {
  /** Something connected: the front end gets it as a channel of its own. The host owns `stream`; `source` is its address. */
  accept(stream: Duplex, source?: string): void;
  /** Nothing more is accepted. */
  close(reason?: ChannelCode): void;
}

export interface BackEndListening {
  /** Where, `host:port`, as those who are to connect reach it. */
  readonly bound: string;
  /** The channel is at its end: stop listening. Called once; connections that were accepted go on. */
  close(): void;
}

/** Why a channel is refused; becomes SERVICE_BEGIN_NACK. */
export class ChannelRefusal extends Error {
  readonly code = 'ERR_LSTP_CHANNEL_REFUSED';

  /** Also one that another copy of this file made: a plugin installed elsewhere has its own. */
  static override [Symbol.hasInstance](value: unknown): value is ChannelRefusal {
    return value instanceof Error && 'code' in value && value.code === 'ERR_LSTP_CHANNEL_REFUSED';
  }

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
  /** A channel of datagrams: one for each pair of a client and a target. */
  openDatagrams(request: DatagramRequest): DatagramChannel;
  /** Has the other end listen; what connects there comes to `onConnection`. */
  listen(request: ListenRequest): OpenedChannel;
}

export interface ChannelRequest {
  /** `host:port`, for services whose target the application chooses: never resolved here. Its number, where the service has several. */
  readonly target?: string;
  /** The application's address. */
  readonly source?: string;
  /** Bytes of the application that were already read; they go first. */
  readonly head?: Uint8Array;
  /** For protocols that tell the application how connecting ended, such as SOCKS. */
  readonly answer?: Answer;
}

/** What the application is told of the true outcome, before any byte of the channel. Undefined: nothing. */
export interface Answer {
  /** The far end has connected. */
  connected(result: Connected): Uint8Array | undefined;
  /** It could not, or the channel ended before. Written, then the stream is closed in order; without it, reset. */
  refused(refusal: ChannelRefusal): Uint8Array | undefined;
}

export interface Connected {
  /** The far end's address towards the target. */
  readonly bound?: string;
}

export interface DatagramRequest {
  readonly target?: string;
  readonly source?: string;
  /** A datagram for the application. The view is valid only during the call. */
  onDatagram(datagram: Uint8Array): void;
}

export interface ListenRequest {
  /** Who is expected, `host:port`; authorised like any target. */
  readonly target?: string;
  readonly source?: string;
  /** Something connected at the other end: join it to a stream, or refuse it. One that is left alone for 30 s is refused. */
  onConnection(incoming: IncomingChannel): void;
}

export interface IncomingChannel {
  /** Who connected, as the other end says. */
  readonly source?: string;
  /** Write the application its reply first: what comes after it is the channel's. */
  join(stream: Duplex, request?: { readonly head?: Uint8Array }): JoinedChannel;
  refuse(reason: ChannelCode, message: string): void;
}

/** A channel that this end opened or joined. */
export interface JoinedChannel {
  readonly id: string;
  /** Resolves when the far end has connected, with its bound address; rejects with ChannelRefusal. Data may flow before. */
  readonly connected: Promise<Connected>;
  /** Resolves when the channel is at its end, with the reason. Never rejects. */
  readonly closed: Promise<ChannelCode>;
}

export interface OpenedChannel extends JoinedChannel {
  /** Ends it. Idempotent. */
  close(reason?: ChannelCode): void;
}

export interface DatagramChannel extends OpenedChannel {
  /** Copied. Dropped, the oldest first, and counted when the tunnel cannot take it in 100 ms. */
  send(datagram: Uint8Array): void;
  readonly dropped: number;
}

// --- codec, rewriter, monitor

/** Facts of one channel, for those who see its bytes. */
export interface ChannelFacts {
  readonly id: string;
  readonly kind: 'stream' | 'datagram';
  /** Where the application connects: this end (`front`) or the other (`back`). */
  readonly role: 'front' | 'back';
  readonly target?: string;
  readonly source?: string;
}

/**
 * Makes bytes fewer on their way between the ends. Both ends have it, under one name: the plugin's.
 * Its streams are any Duplex that reads what was written, changed, with back-pressure: node:zlib's are such.
 */
export interface Codec {
  /** Must give out all of a write before the next comes (Z_SYNC_FLUSH): an interactive byte is never held back. */
  encoder(): Duplex;
  /** Its input is the peer's: it may be anything. An error ends the channel. */
  decoder(): Duplex;
  /**
   * What a decoder may give out for each byte it got, beyond 1 MiB; more is a bomb and ends the channel. 256 if absent:
   * an encoder must not shrink by more.
   */
  readonly mostExpansion?: number;
}

/** Changes the bytes of a channel at one end. */
export interface Rewriter {
  start?(): Promise<void>;
  stop?(): Promise<void>;
  /**
   * For one channel; undefined leaves it alone. A throw refuses the channel: bytes that should be changed never go as they
   * are. So does a Rewriting for a channel of datagrams, which none can change.
   */
  rewrite(channel: ChannelFacts): Rewriting | undefined;
}

export interface Rewriting {
  /** What this end's application (or real server) sends is written to it; what it reads goes into the channel. */
  readonly outgoing?: Duplex;
  /** The other direction. */
  readonly incoming?: Duplex;
}

/** Sees the bytes of a channel at one end and changes none. */
export interface Monitor {
  start?(): Promise<void>;
  stop?(): Promise<void>;
  /** For one channel; undefined where it is of no interest. */
  watch(channel: ChannelFacts): ChannelWatch | undefined;
}

/** Views are valid only during the call: copy what you keep. A throw ends the watch, not the channel. Never block. */
export interface ChannelWatch {
  /** What this end's application (or real server) sent; one call a datagram on channels of datagrams. */
  outgoing?(bytes: Uint8Array): void;
  /** What it is given. */
  incoming?(bytes: Uint8Array): void;
  closed?(reason: ChannelCode): void;
  /** What it has seen so far: what JSON can say, for `lstp status --json`, where it stands at the channel. Called when somebody asks. */
  report?(): unknown;
}

// --- login

/**
 * Says who uses a tunnel, once an association. The end that `login: { at: ... }` names gives credentials, inside TLS;
 * the other verifies them. Services with `users` serve only who was verified.
 */
export interface Login {
  /** At the asking end: people may be asked now; the tunnel waits. */
  start?(): Promise<void>;
  stop?(): Promise<void>;
  /** As a front end's. */
  reload?(): Promise<string | undefined>;
  /** At the asking end, for every association anew. At most 5 s: ask people in start(). A rejection: the tunnel works without. */
  credentials?(): Promise<Credentials>;
  /**
   * At the other end. At most 30 s, and meanwhile only services with `users` wait. Compare in constant time.
   * Undefined, or a rejection with the reason, which is logged and told nobody: they are wrong.
   */
  verify?(credentials: Credentials, source: LoginSource): Promise<VerifiedUser | undefined>;
  /** After reload(): what somebody is now that verify() gave before; undefined where no user any more. Absent: what it was. */
  current?(user: VerifiedUser): VerifiedUser | undefined;
}

/** Who gives credentials: the other end, which has proved this key. */
export interface LoginSource {
  readonly node: string;
  readonly key: PublicKey;
}

export interface Credentials {
  /** At most 255 characters. */
  readonly user: string;
  /** A password, a code: at most 4096 characters. Never logged. */
  readonly proof: string;
}

export interface VerifiedUser {
  readonly user: string;
  /** Without `@`. */
  readonly groups?: readonly string[];
}

// --- what carries the tunnel

/**
 * Makes a byte stream to an address of its `schemes` out of one that is there: a proxy's handshake, TLS, WebSocket.
 * Several do it one after the other on one leg.
 */
export interface LegDialerRole {
  /** Owns `stream` from now on, also when it throws. Throws a plain Error whose message names the address and the cause. */
  dial(stream: Duplex, request: LegDialRequest): Promise<Duplex>;
}

export interface LegDialRequest {
  /** The node, or the proxy, that `stream` leads to. */
  readonly address: Omit<LegAddress, 'scheme'> & { readonly scheme: string };
  /** Where `stream` leads to a node: the keys that it may have. A certificate of such a key is as good as one of an authority. */
  readonly pins?: readonly PublicKey[];
  /** PEM of the certificate authorities that this node believes beside the system's. */
  readonly authorities?: string;
  /** For proxies: where they are to connect to. Names are not resolved here. */
  readonly target?: { readonly host: string; readonly port: number };
  /** For proxies, with secrets filled in. */
  readonly user?: string;
  readonly password?: string;
  /** Another stream to the same address, for a proxy that wants to be asked anew. The role owns it, as it does the first. */
  readonly redial?: () => Promise<Duplex>;
  /** What is being done from now on, in a word or two (`CONNECT`, `TLS`): `lstp doctor` shows it. */
  readonly onStep?: (step: string) => void;
  /** Aborts when it takes too long, or the leg is no longer wanted. */
  readonly signal: AbortSignal;
}

/** The other side of a LegDialerRole: a stream of legs out of an accepted connection. */
export interface LegListenerRole {
  /** Owns `stream` from now on, also when it throws. */
  accept(stream: Duplex, request: LegAcceptRequest): Promise<Duplex>;
}

export interface LegAcceptRequest {
  /** Where it was accepted, as in `listen`. */
  readonly address: LegDialRequest['address'];
  /** PEM of the certificate that the file gives this node, and its key. Absent: one of the node's key, which dialers of the same file know. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly signal: AbortSignal;
}

/** Secures a carrier between two ends. */
export interface Security {
  /** Resolves with the secured stream only when the peer has proved one of `pins`; nothing was written to it or read from it. */
  secure(request: SecurityRequest): Promise<SecuredCarrier>;
}

export interface SecurityRequest {
  /**
   * The raw pipe: a net.Socket, or what carries a leg over tls or WebSocket. What was read beyond its LSTP part is already
   * pushed back. Owned by the security plugin from now on.
   */
  readonly socket: Duplex;
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

// --- what plugins may ask for

/** Listens for applications. Errors name the address and the remedy. */
export interface Listeners {
  /**
   * `source` is the application's address, where it has one. Sockets allow half-open connections and do not delay.
   * `onConnection` may be async. Where it throws or rejects, the socket is destroyed; see Handshake for protocols that
   * speak first.
   */
  listen(address: ServiceAddress | InheritedSocket, onConnection: (socket: Socket, source: string | undefined) => unknown): Promise<Listening>;
}

/** Sockets that systemd, or whoever started this process, has opened and handed over under this name (sd_listen_fds(3)). */
export interface InheritedSocket {
  readonly kind: 'inherited';
  readonly name: string;
}

export interface Listening {
  /** Where it really listens, also when port 0 was asked for. */
  readonly address: string;
  /** Stops accepting; connections that were accepted go on. */
  close(): Promise<void>;
}

/** Connects to real servers, names resolved here. */
export interface Dialer {
  /** Of a list, the first that answers. Throws ChannelRefusal with the true cause: of a list, the first one's. */
  connect(address: ServiceAddress | readonly ServiceAddress[], signal: AbortSignal): Promise<{ readonly stream: Socket; readonly bound: string }>;
}

export interface Clock {
  /** Milliseconds that never go back. */
  now(): number;
}

/** Counts what happens in a service, for status and metrics; its plugins share it. */
export interface Metrics {
  /**
   * Adds `by` (1) to the count of `event`, a few words: `names refused`. Throws for a name that is none (up to 64 of a-z,
   * 0-9, space, _ and -), for the 65th kind of event, and for less than nothing.
   */
  count(event: string, by?: number): void;
}

/** Facts of the service a plugin instance was made for. */
export interface ServiceFacts {
  readonly tunnel: string;
  /** Empty for a log-in, which is the tunnel's. */
  readonly service: string;
  readonly node: string;
  /** The end where the service's applications connect; of a log-in, the end that gives credentials. */
  readonly at: string;
  /** Of the chain file: relative paths in options begin there. */
  readonly folder: string;
}

/**
 * Ask for these in a plugin's constructor. Without a compiler: `static inject = [OPTIONS, CHANNELS]`, in the order of the
 * parameters; with decorators: `constructor(@inject(OPTIONS) options: MyOptions)`. Registered symbols: a plugin that is
 * installed elsewhere brings a copy of this file, and means the same.
 */
export const OPTIONS: InjectionToken<unknown> = Symbol.for('lstp options');
export const LOGGER: InjectionToken<Logger> = Symbol.for('lstp logger');
export const CLOCK: InjectionToken<Clock> = Symbol.for('lstp clock');
export const METRICS: InjectionToken<Metrics> = Symbol.for('lstp metrics');
export const DIALER: InjectionToken<Dialer> = Symbol.for('lstp dialer');
export const LISTENERS: InjectionToken<Listeners> = Symbol.for('lstp listeners');
export const CHANNELS: InjectionToken<ChannelOpener> = Symbol.for('lstp channel opener');
export const SERVICE: InjectionToken<ServiceFacts> = Symbol.for('lstp service');
/** The node's key pair, for plugins that secure carriers or take legs. */
export const IDENTITY: InjectionToken<Identity> = Symbol.for('lstp identity');

export interface Identity {
  readonly publicKey: PublicKey;
  /** PEM of the private key and of a certificate of it, in memory. */
  readonly certificate: { readonly key: string; readonly cert: string };
}

/** Checks the definition's form and gives it back, typed. */
export function definePlugin(definition: PluginDefinition): PluginDefinition {
  return definition;
}
