/**
 * Dials legs to neighbours: every address and way out in order of preference, few at once before we are authenticated.
 * What passed is remembered, and so is a way that gave a connection but no neighbour: see way-memory.ts.
 */
import type { Duplex } from 'node:stream';
import type { LegUse } from '../protocol/leg-hello.js';
import { DialQueue } from './dial-queue.js';
import { LegConnection, type LegConnectionOptions, type LegHandler } from './leg-connection.js';
import { DialError, type LegDialer } from './leg-dialer.js';
import { formatLegAddress, neighbourId, type LegAddress, type LegPath, type Neighbour } from './neighbour.js';
import { WayBoard, type WayInUse } from './way-board.js';
import { WayMemory } from './way-memory.js';

export interface DialRequest {
  readonly neighbour: Neighbour;
  readonly use: LegUse;
  readonly handler: LegHandler;
  /** Calls the dial off until it has resolved; afterwards the leg is closed by its owner. */
  readonly signal?: AbortSignal;
}

/** One address over one way out may take this long to connect, proxies and TLS included. */
const CONNECT_MS = 10_000;
/** The same while there is another way to try: a firewall that says nothing costs no more. */
const ALTERNATIVE_MS = 4000;
/** A dial that is called off after this long was waiting for nothing. */
const HOPELESS_MS = 2000;

export interface LegCallerOptions {
  readonly dialer: LegDialer;
  readonly now: () => number;
  readonly connection: (request: DialRequest, dialed: { readonly remote: string; readonly leave: () => void }) => LegConnectionOptions;
}

/** One address of a neighbour over one way out. */
interface Way {
  readonly id: string;
  readonly address: LegAddress;
  readonly path: LegPath;
  /** Why it is none: what should say where it leads does not. */
  readonly failure?: DialError;
}

interface Dialed {
  readonly way: Way;
  readonly ways: readonly Way[];
  readonly stream: Duplex;
  readonly remote: string;
}

export class LegCaller {
  readonly #options: LegCallerOptions;
  readonly #queue = new DialQueue();
  readonly #memories = new Map<string, WayMemory>();
  readonly #board: WayBoard;

  constructor(options: LegCallerOptions) {
    this.#options = options;
    this.#board = new WayBoard(options.now);
  }

  /** How each neighbour that was dialed is reached, or why it is not. */
  get ways(): WayInUse[] {
    return this.#board.list();
  }

  /** Resolves when connected; HELLO and all else is told to the handler. Rejects with DialError: of several ways, with what became of each. */
  async dial(request: DialRequest): Promise<LegConnection> {
    const signal = request.signal ?? new AbortController().signal;
    const leave = await this.#queue.enter(neighbourId(request.neighbour), signal);
    try {
      const dialed = await this.#connect(request.neighbour, signal);
      const handOver = (): void => {
        leave();
        this.#judge(request.neighbour, dialed, leg.peer !== undefined);
      };
      const leg: LegConnection = new LegConnection(dialed.stream, this.#options.connection(request, { remote: dialed.remote, leave: handOver }));
      return leg;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** The leg was authenticated, or it is over. */
  #judge(neighbour: Neighbour, { way, ways }: Dialed, isPassed: boolean): void {
    const memory = this.#memoryOf(neighbour);
    const now = this.#options.now();
    if (!isPassed) return memory.avoid(way.id, now);
    memory.pass(way.id, ways.map(({ id }) => id), now);
    this.#board.pass(neighbour, this.#shown(way));
  }

  async #connect(neighbour: Neighbour, signal: AbortSignal): Promise<Dialed> {
    const ways = await this.#waysTo(neighbour, signal);
    const order = this.#memoryOf(neighbour).order(ways.map(({ id }) => id), this.#options.now());
    const failures: DialError[] = [];
    for (const [index, id] of order.entries()) {
      const way = ways.find((one) => one.id === id) as Way;
      const withinMs = index < order.length - 1 ? ALTERNATIVE_MS : CONNECT_MS;
      const tried = await this.#tryWay(neighbour, way, { signal, withinMs });
      if (!(tried instanceof DialError)) return { way, ways, ...tried };
      failures.push(tried);
      if (signal.aborted) break;
    }
    throw this.#failure(neighbour, failures, signal);
  }

  async #tryWay(neighbour: Neighbour, way: Way, { signal, withinMs }: { readonly signal: AbortSignal; readonly withinMs: number }): Promise<{ stream: Duplex; remote: string } | DialError> {
    if (way.failure !== undefined) return way.failure;
    const attempt = new AbortController();
    const began = this.#options.now();
    const callOff = (): void => attempt.abort();
    const timer = setTimeout(callOff, withinMs);
    signal.addEventListener('abort', callOff, { once: true });
    // A signal that has aborted calls no listener any more.
    if (signal.aborted) callOff();
    try {
      return await this.#options.dialer.dial({ neighbour: neighbour.node, keys: neighbour.keys, address: way.address, path: way.path }, attempt.signal);
    } catch (error) {
      const memory = this.#memoryOf(neighbour);
      if (!signal.aborted) memory.fail(way.id);
      else if (this.#options.now() - began >= HOPELESS_MS) memory.avoid(way.id, this.#options.now());
      return asDialError(error, formatLegAddress(way.address));
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', callOff);
    }
  }

  /** A path that is known only now (a PAC file's, the environment's) becomes what it stands for. */
  async #waysTo({ node, addresses, paths }: Neighbour, signal: AbortSignal): Promise<readonly Way[]> {
    const ways: Way[] = [];
    for (const address of addresses) {
      for (const path of paths) {
        const id = (one: LegPath): string => `${formatLegAddress(address)} ${this.#through(one).join(' ')}`;
        try {
          const known = (await this.#options.dialer.expand?.({ neighbour: node, address, path }, signal)) ?? [path];
          for (const one of known) ways.push({ id: id(one), address, path: one });
        } catch (error) {
          ways.push({ id: id(path), address, path, failure: asDialError(error, formatLegAddress(address)) });
        }
      }
    }
    return [...new Map(ways.map((way) => [way.id, way])).values()];
  }

  #failure(neighbour: Neighbour, failures: readonly DialError[], { aborted }: AbortSignal): DialError {
    const [only, ...others] = failures;
    if (only === undefined) return new DialError(neighbour.node, 'ERR_LSTP_NO_ADDRESS', `${neighbour.node}: no address to dial in the chain file`);
    const { address, code } = failures.at(-1) ?? only;
    const error = others.length === 0 ? only : new DialError(address, code, failures.map(({ message }) => message).join('; '));
    if (!aborted) this.#board.fail(neighbour, error);
    return error;
  }

  #shown({ address, path }: Way): { address: string; through: readonly string[] } {
    return { address: formatLegAddress(address), through: this.#through(path) };
  }

  #through(path: LegPath): readonly string[] {
    return this.#options.dialer.describe?.(path) ?? [];
  }

  #memoryOf(neighbour: Neighbour): WayMemory {
    const id = neighbourId(neighbour);
    const memory = this.#memories.get(id) ?? new WayMemory();
    this.#memories.set(id, memory);
    return memory;
  }
}

function asDialError(error: unknown, address: string): DialError {
  if (error instanceof DialError) return error;
  const { message, code = 'ERR_LSTP_DIAL' } = error as NodeJS.ErrnoException;
  return new DialError(address, code, message);
}
