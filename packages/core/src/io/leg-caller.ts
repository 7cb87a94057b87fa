/**
 * Dials legs to neighbours: every address and way out in order of preference, few at once before we are authenticated.
 * A way that gave a connection but no neighbour (another machine answers there) is tried last for a while.
 */
import type { Socket } from 'node:net';
import type { LegUse } from '../protocol/leg-hello.js';
import { DialQueue } from './dial-queue.js';
import { LegConnection, type LegConnectionOptions, type LegHandler } from './leg-connection.js';
import { DialError, type LegDialer } from './leg-dialer.js';
import { neighbourId, type LegAddress, type LegPath, type Neighbour } from './neighbour.js';

export interface DialRequest {
  readonly neighbour: Neighbour;
  readonly use: LegUse;
  readonly handler: LegHandler;
  /** Calls the dial off until it has resolved; afterwards the leg is closed by its owner. */
  readonly signal?: AbortSignal;
}

/** One address over one way out may take this long to connect. */
const CONNECT_MS = 10_000;
/** For this long a way that led to no neighbour is not the first to be tried. */
const AVOID_MS = 60_000;

export interface LegCallerOptions {
  readonly dialer: LegDialer;
  readonly now: () => number;
  readonly connection: (request: DialRequest, leave: () => void) => LegConnectionOptions;
}

export class LegCaller {
  readonly #options: LegCallerOptions;
  readonly #queue = new DialQueue();
  /** By neighbour: the way to begin with, and until when. */
  readonly #shifted = new Map<string, { readonly by: number; readonly until: number }>();

  constructor(options: LegCallerOptions) {
    this.#options = options;
  }

  /** Resolves when connected; HELLO and all else is told to the handler. Rejects with DialError of the last way tried. */
  async dial(request: DialRequest): Promise<LegConnection> {
    const signal = request.signal ?? new AbortController().signal;
    const id = neighbourId(request.neighbour);
    const leave = await this.#queue.enter(id, signal);
    try {
      const socket = await this.#connect(request.neighbour, signal);
      const leg = new LegConnection(socket, this.#options.connection(request, () => {
        leave();
        if (leg.peer === undefined) this.#avoid(id);
      }));
      return leg;
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #connect(neighbour: Neighbour, signal: AbortSignal): Promise<Socket> {
    let failure: unknown = new DialError(neighbour.node, 'ERR_LSTP_NO_ADDRESS', `${neighbour.node}: no address to dial in the chain file`);
    for (const { address, path } of this.#waysTo(neighbour)) {
      try {
        return await this.#tryWay({ neighbour: neighbour.node, address, path }, signal);
      } catch (error) {
        failure = error;
        if (signal.aborted) break;
      }
    }
    throw failure;
  }

  async #tryWay(target: { neighbour: string; address: LegAddress; path: LegPath }, signal: AbortSignal): Promise<Socket> {
    const attempt = new AbortController();
    const callOff = () => attempt.abort();
    const timer = setTimeout(callOff, CONNECT_MS);
    signal.addEventListener('abort', callOff, { once: true });
    // A signal that has aborted calls no listener any more.
    if (signal.aborted) callOff();
    try {
      return await this.#options.dialer.dial(target, attempt.signal);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', callOff);
    }
  }

  #waysTo(neighbour: Neighbour): { address: LegAddress; path: LegPath }[] {
    const ways = neighbour.addresses.flatMap((address) => neighbour.paths.map((path) => ({ address, path })));
    const shifted = this.#shifted.get(neighbourId(neighbour));
    if (shifted === undefined || shifted.until < this.#options.now() || ways.length === 0) return ways;
    const by = shifted.by % ways.length;
    return [...ways.slice(by), ...ways.slice(0, by)];
  }

  #avoid(id: string): void {
    const now = this.#options.now();
    const shifted = this.#shifted.get(id);
    const by = shifted !== undefined && shifted.until >= now ? shifted.by + 1 : 1;
    this.#shifted.set(id, { by, until: now + AVOID_MS });
  }
}
