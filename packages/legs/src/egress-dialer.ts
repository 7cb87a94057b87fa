/**
 * Dials legs along the egress of the chain file: the first proxy by TCP, each further one and at last the node through
 * those before it. Names are given to the proxy; only the first place of a way is ever resolved here.
 *
 *   new LegHub({ ..., dialer: new EgressDialer({ roles, ... }) })
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  connectTcp, DialError, formatEgressPath, formatLegAddress, formatProxyUrl, remoteOf, resolveSecrets,
  type EgressPath, type LegAddress, type LegDialer, type LegDialRequest, type LegPath, type LegTarget, type ProxyUrl,
} from '@lstp/core';
import { stepListenerOf, type StepListener } from './dial-step.js';
import { pathOfEnvironment } from './env-proxies.js';
import { HoldOff } from './hold-off.js';
import type { LegRoles } from './leg-roles.js';
import { PacFile } from './pac-file.js';

export interface EgressDialerOptions {
  readonly roles: LegRoles;
  /** Path of a file of certificate authorities that are believed beside the system's. */
  readonly authorities?: string;
  /** process.env if absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

/** One dial: the places on its way, the node last, and what all of them share. */
interface Journey {
  readonly proxies: readonly ProxyUrl[];
  readonly target: LegTarget;
  readonly signal: AbortSignal;
  readonly tell: StepListener;
  /** What TLS on the way believes beside the system's; read before anything is connected, for a stream is never left to wait without a listener. */
  readonly trust: Pick<LegDialRequest, 'authorities'>;
}

export class EgressDialer implements LegDialer {
  readonly #options: EgressDialerOptions;
  readonly #now: () => number;
  readonly #holdOff: HoldOff;
  readonly #pacFiles = new Map<string, PacFile>();

  constructor(options: EgressDialerOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#holdOff = new HoldOff(this.#now);
  }

  describe(path: LegPath): readonly string[] {
    return formatEgressPath(path as EgressPath);
  }

  async expand({ address, path }: LegTarget): Promise<readonly LegPath[] | undefined> {
    const { ask } = path as EgressPath;
    if (ask === undefined) return undefined;
    try {
      if (ask.from === 'env') return [pathOfEnvironment(address, this.#options.env ?? process.env)];
      return await this.#pacFile(resolveSecrets(ask.at)).pathsTo(address);
    } catch (error) {
      throw asDialError(error, formatLegAddress(address));
    }
  }

  async dial(target: LegTarget, signal: AbortSignal): Promise<{ readonly stream: Duplex; readonly remote: string }> {
    const { through } = target.path as EgressPath;
    const journey: Journey = { proxies: through, target, signal, tell: stepListenerOf(target), trust: await this.#trust() };
    const reached = await this.#reach(journey, through.length);
    const stream = await this.#carry(reached, journey);
    return { stream, remote: through.length === 0 && reached instanceof Socket ? remoteOf(reached) : formatLegAddress(target.address) };
  }

  /** A stream to the place at `index`: a proxy's, or behind all of them the node's. */
  async #reach(journey: Journey, index: number): Promise<Duplex> {
    const { proxies, signal, tell } = journey;
    const place = placeAt(journey, index);
    if (index > 0) return this.#through(journey, index - 1);
    tell({ step: 'connect', place: shown(place) });
    try {
      return await connectTcp(place, signal);
    } catch (error) {
      const { code, message } = error as DialError;
      throw proxies.length === 0 ? error : new DialError(shown(place), code, `the proxy ${shown(place)} cannot be reached: ${message}`);
    }
  }

  /** A stream behind the proxy at `index`. */
  async #through(journey: Journey, index: number): Promise<Duplex> {
    const { proxies, signal, tell, trust } = journey;
    const proxy = proxies[index] as ProxyUrl;
    const role = this.#options.roles.dialer(proxy.scheme);
    const place = formatProxyUrl(proxy);
    if (role === undefined) throw new DialError(place, 'ERR_LSTP_SCHEME', `${place}: no plugin goes out through ${proxy.scheme} proxies`);
    const { host, port } = placeAt(journey, index + 1);
    const secrets = filled(proxy);
    const attempt = async (): Promise<Duplex> => {
      const stream = await this.#reach(journey, index);
      const request = { address: proxy, target: { host, port }, signal, ...secrets, ...trust, redial: () => this.#reach(journey, index), onStep: (step: string) => tell({ step, place }) };
      return role.dial(stream, request).catch((error: unknown) => Promise.reject(asDialError(error, place)));
    };
    if (secrets.user === undefined) return attempt();
    return this.#holdOff.run({ account: `${place} ${digestOf(secrets)}`, signal }, attempt, (error) => error instanceof DialError && error.address === place && error.code === 'ERR_LSTP_PROXY_AUTH');
  }

  /** The node's own scheme: TLS, WebSocket. */
  async #carry(stream: Duplex, { target, signal, tell, trust }: Journey): Promise<Duplex> {
    const { address, keys = [] } = target;
    if (address.scheme === 'tcp') return stream;
    const place = formatLegAddress(address);
    const role = this.#options.roles.dialer(address.scheme);
    if (role === undefined) {
      stream.destroy();
      throw new DialError(place, 'ERR_LSTP_SCHEME', `${place}: no plugin dials legs over ${address.scheme}`);
    }
    const request: LegDialRequest = { address, pins: keys, signal, ...trust, onStep: (step) => tell({ step, place }) };
    return role.dial(stream, request).catch((error: unknown) => Promise.reject(asDialError(error, place)));
  }

  async #trust(): Promise<Pick<LegDialRequest, 'authorities'>> {
    const { authorities } = this.#options;
    if (authorities === undefined) return {};
    try {
      return { authorities: await readFile(authorities, 'latin1') };
    } catch (error) {
      throw new DialError(authorities, 'ERR_LSTP_EGRESS', `the file of authorities ${authorities} cannot be read: ${(error as Error).message}`);
    }
  }

  #pacFile(place: string): PacFile {
    const file = this.#pacFiles.get(place) ?? new PacFile(place, this.#now);
    this.#pacFiles.set(place, file);
    return file;
  }
}

function placeAt({ proxies, target }: Journey, index: number): Pick<LegAddress, 'host' | 'port'> & { readonly scheme: string } {
  return proxies[index] ?? target.address;
}

function shown(place: ProxyUrl | LegAddress | ReturnType<typeof placeAt>): string {
  return place.scheme === 'tcp' ? formatLegAddress({ ...place, scheme: 'tcp' }) : `${place.scheme}://${formatLegAddress({ ...place, scheme: 'tcp' })}`;
}

/** A file of a password is read anew for each dial: a changed one counts at once. Throws DialError. */
function filled(proxy: ProxyUrl): Pick<LegDialRequest, 'user' | 'password'> {
  const { user, password } = proxy;
  try {
    return { ...(user === undefined ? {} : { user: resolveSecrets(user) }), ...(password === undefined ? {} : { password: resolveSecrets(password) }) };
  } catch (error) {
    throw asDialError(error, formatProxyUrl(proxy));
  }
}

/** What stands for user and password where they are compared. */
function digestOf({ user = '', password = '' }: Pick<LegDialRequest, 'user' | 'password'>): string {
  return createHash('sha256').update(JSON.stringify([user, password])).digest('base64');
}

function asDialError(error: unknown, address: string): DialError {
  if (error instanceof DialError) return error;
  const { message, code = 'ERR_LSTP_DIAL' } = error as NodeJS.ErrnoException;
  return new DialError(address, code, message);
}
