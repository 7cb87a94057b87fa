/** The node's side of `lstp connect`: a connection that became raw bytes, joined to a channel, and how that channel ended. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { JoinedChannel, RunningNode } from '@lstp/core';
import type { ConnectOutcome } from './controlled-node.js';

export const UPGRADE = 'lstp-connect';
/** Outcomes that nobody has fetched; the oldest goes first. */
const KEPT_OUTCOMES = 256;
const REFUSED_LINGER_MS = 5_000;

type ConnectRequest = Parameters<RunningNode['connect']>[0];

export class ConnectEndpoint {
  readonly #running: RunningNode;
  readonly #sockets = new Set<Socket>();
  readonly #outcomes = new Map<string, Promise<ConnectOutcome>>();

  constructor(running: RunningNode) {
    this.#running = running;
  }

  handleUpgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setTimeout(0);
    if (head.length > 0) socket.unshift(head);
    const wanted = parseRequest(request);
    if (wanted === undefined) return refuse(socket, { code: 'ERR_LSTP_CONTROL_REQUEST', message: `expected POST /connect?service=NAME with Upgrade: ${UPGRADE}` });
    try {
      this.#join(wanted, socket);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      refuse(socket, { code: code ?? 'ERR_LSTP_CONTROL_REQUEST', message });
    }
  }

  /** Resolves with how the channel ended, when it has. Undefined for an id that is unknown or was asked for before. */
  takeOutcome(id: string): Promise<ConnectOutcome> | undefined {
    const outcome = this.#outcomes.get(id);
    this.#outcomes.delete(id);
    return outcome;
  }

  /** Ends every joined connection. */
  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(request: ConnectRequest, socket: Socket): void {
    const id = randomBytes(8).toString('hex');
    const channel = this.#running.connect(request, socket);
    // The channel writes in a later turn at the earliest, so this comes before its first byte.
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${UPGRADE}\r\nLSTP-Channel: ${id}\r\n\r\n`);
    this.#keep(id, outcomeOf(channel));
  }

  #keep(id: string, outcome: Promise<ConnectOutcome>): void {
    this.#outcomes.set(id, outcome);
    const [oldest] = this.#outcomes.keys();
    if (this.#outcomes.size > KEPT_OUTCOMES && oldest !== undefined) this.#outcomes.delete(oldest);
  }
}

/** The wanted service; undefined where the request is not one of ours. */
function parseRequest({ method, url = '/', headers }: IncomingMessage): ConnectRequest | undefined {
  if (!URL.canParse(url, 'http://control')) return undefined;
  const { pathname, searchParams } = new URL(url, 'http://control');
  const service = searchParams.get('service');
  if (method !== 'POST' || pathname !== '/connect' || headers.upgrade !== UPGRADE || service === null) return undefined;
  const given = ([name, value]: [string, string | null]): [string, string][] => (value === null ? [] : [[name, value]]);
  const optional = (['tunnel', 'target'] as const).flatMap((name) => given([name, searchParams.get(name)]));
  return { service, ...Object.fromEntries(optional) };
}

/** Resolves when the channel is at its end; never rejects. */
async function outcomeOf(channel: JoinedChannel): Promise<ConnectOutcome> {
  let message: string | undefined;
  channel.connected.catch((error: Error) => {
    message = error.message;
  });
  const code = await channel.closed;
  return message === undefined ? { code } : { code, message };
}

function refuse(socket: Socket, error: { code: string; message: string }): void {
  const body = `${JSON.stringify(error)}\n`;
  socket.end(`HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
  // A client that does not leave is not waited for.
  socket.setTimeout(REFUSED_LINGER_MS, () => socket.destroy());
  socket.resume();
}
