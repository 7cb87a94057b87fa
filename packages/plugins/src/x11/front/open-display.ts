/** A display `:N` for X clients: its lock, and the sockets at which they look for it. */
import { chmod, mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { formatServiceAddress, type Listening, type Listeners, type ServiceAddress } from '@lstp/core';
import { isFoundByClients } from './abstract-socket.js';
import { displayFault, displayInUse, isTaken } from './display-error.js';
import { takeDisplayLock, type DisplayLock } from './display-lock.js';

export type DisplaySocket = 'unix' | 'abstract' | 'tcp';

export interface DisplayRequest {
  /** The first free one from FIRST_DISPLAY if absent. */
  readonly display?: number | undefined;
  readonly sockets: readonly DisplaySocket[];
  readonly listeners: Listeners;
  readonly onConnection: Parameters<Listeners['listen']>[1];
  /** Told what people may want to know. */
  readonly tell: (line: string) => void;
}

/** As sshd counts: below it are the displays of the machine itself. */
const FIRST_DISPLAY = 10;
/** So many are tried. */
const TRIED_DISPLAYS = 1000;
const FOLDER = '/tmp/.X11-unix';
/** TCP port of display 0. */
const FIRST_PORT = 6000;
const LAST_PORT = 65_535;
const NO_ABSTRACT = `abstract sockets of this Node.js (${process.version}) have names that X clients do not find`;

/** What X clients connect to, while it is open. */
export class OpenDisplay {
  readonly #lock: DisplayLock;
  readonly #listening: readonly Listening[];

  /** Rejects with ERR_LSTP_DISPLAY, with nothing left behind. */
  static async open(request: DisplayRequest): Promise<OpenDisplay> {
    if (request.display !== undefined) return openNumber(request, request.display);
    for (let display = FIRST_DISPLAY; display < FIRST_DISPLAY + TRIED_DISPLAYS; display += 1) {
      try {
        return await openNumber(request, display);
      } catch (error) {
        if (!isTaken(error)) throw error;
      }
    }
    throw displayFault('any display', `all from :${FIRST_DISPLAY} to :${FIRST_DISPLAY + TRIED_DISPLAYS - 1} are in use`);
  }

  constructor(
    /** N of `:N`. */
    readonly display: number,
    private readonly sockets: readonly DisplaySocket[],
    parts: { readonly lock: DisplayLock; readonly listening: readonly Listening[] },
  ) {
    this.#lock = parts.lock;
    this.#listening = parts.listening;
  }

  /** What clients find in DISPLAY. */
  get name(): string {
    return this.sockets.some((socket) => socket !== 'tcp') ? `:${this.display}` : `127.0.0.1:${this.display}`;
  }

  get addresses(): readonly string[] {
    return this.#listening.map(({ address }) => address);
  }

  async close(): Promise<void> {
    await Promise.all(this.#listening.map((listening) => listening.close()));
    await this.#lock.release();
  }
}

async function openNumber(request: DisplayRequest, display: number): Promise<OpenDisplay> {
  const { sockets, tell } = request;
  const addresses = usable(sockets).map((socket) => addressOf(socket, display));
  const what = `display :${display} (${addresses.map(formatServiceAddress).join(', ')})`;
  const lock = await takeDisplayLock(display, { what, onStale: tell });
  const listening: Listening[] = [];
  try {
    await refuseAnswered(display, what);
    if (sockets.includes('unix')) await makeFolder(what);
    for (const address of addresses) listening.push(...(await listenAt(address, request)));
    if (listening.length === 0) throw displayFault(what, `${NO_ABSTRACT}; write "sockets: [unix]", or use a newer Node.js`);
    return new OpenDisplay(display, usable(sockets), { lock, listening });
  } catch (error) {
    await Promise.all(listening.map((one) => one.close()));
    await lock.release();
    throw inDisplay(error as Error, what);
  }
}

/** None where clients would not find it. */
async function listenAt(address: ServiceAddress, { listeners, onConnection, tell }: DisplayRequest): Promise<Listening[]> {
  const listening = await listeners.listen(address, onConnection);
  if (address.kind !== 'unix' || !address.path.startsWith('@') || (await isFoundByClients(address.path))) return [listening];
  await listening.close();
  tell(`${formatServiceAddress(address)} is left out: ${NO_ABSTRACT}`);
  return [];
}

/** Abstract sockets are Linux's. */
function usable(sockets: readonly DisplaySocket[]): DisplaySocket[] {
  return sockets.filter((socket) => socket !== 'abstract' || process.platform === 'linux');
}

function addressOf(socket: DisplaySocket, display: number): ServiceAddress {
  if (socket === 'tcp') return { kind: 'tcp', host: '127.0.0.1', port: FIRST_PORT + display };
  return { kind: 'unix', path: socket === 'unix' ? `${FOLDER}/X${display}` : `@${FOLDER}/X${display}` };
}

/** Displays without a lock: of X servers with -displayfd, of another container, or of sshd, whose cookie has the same place in Xauthority as ours. */
async function refuseAnswered(display: number, what: string): Promise<void> {
  for (const socket of ['unix', 'tcp'] as const) {
    const address = addressOf(socket, display);
    if (address.kind === 'tcp' && address.port > LAST_PORT) continue;
    if (await isAnswered(address)) throw displayInUse(what, `it is in use, although nobody has locked it: ${formatServiceAddress(address)} is answered, by ${socket === 'tcp' ? 'an ssh -X session?' : 'an X server?'}`);
  }
}

function isAnswered(address: ServiceAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port });
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
}

/** As X servers make it: everybody may, and nobody may remove what is another's. */
async function makeFolder(what: string): Promise<void> {
  try {
    await mkdir(FOLDER);
    // What mkdir() sets of it, the process's umask takes away.
    await chmod(FOLDER, 0o1777);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw displayFault(what, `the folder ${FOLDER} cannot be made: ${(error as Error).message}`);
  }
}

function inDisplay(error: Error & { readonly cause?: unknown }, what: string): Error {
  if ('isTaken' in error) return error;
  const isInUse = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE';
  return isInUse ? displayInUse(what, error.message) : displayFault(what, error.message);
}
