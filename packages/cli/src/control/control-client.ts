/** The other side of control-server.ts: asks a running node. Errors are UnreachableError where nobody (or nonsense) answers. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect as connectTo, type Socket } from 'node:net';
import type { ReloadReport } from '@lstp/core';
import { UnreachableError } from '../exit-status.js';
import { UPGRADE } from './connect-endpoint.js';
import type { ConnectOutcome, ControlStatus } from './controlled-node.js';

/** Until an answer begins, and between its parts. */
const ANSWER_TIMEOUT_MS = 5_000;
/** A reload imports plugins and makes listeners. */
const RELOAD_TIMEOUT_MS = 30_000;
/** The status of a node with 100 000 channels is about 30 MB. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

interface Answer {
  readonly status: number;
  readonly text: string;
}

export async function fetchStatus(path: string): Promise<ControlStatus> {
  return parse(await ask(path, 'GET', '/status')) as ControlStatus;
}

/** Rejects with the node's own words when its files are wrong: nothing has changed then. */
export async function requestReload(path: string): Promise<ReloadReport> {
  const answer = await ask(path, 'POST', '/reload', { beginMs: RELOAD_TIMEOUT_MS });
  if (answer.status === 409) throw Object.assign(new Error((parse(answer) as { error: string }).error), { code: 'ERR_LSTP_RELOAD' });
  return parse(answer) as ReloadReport;
}

/** How a channel of openChannel() ended. Waits until it has, as long as the node lives: what it still holds may wait for a slow reader, or for the tunnel. */
export async function fetchOutcome(path: string, id: string): Promise<ConnectOutcome> {
  return parse(await ask(path, 'GET', `/connect/${encodeURIComponent(id)}`, { goOnMs: 0 })) as ConnectOutcome;
}

export interface OpenChannel {
  /** Raw bytes of the application, both ways, half-open allowed. Paused; owned by the caller. */
  readonly socket: Socket;
  readonly id: string;
}

/** Asks for a channel. Rejects with the node's words and code when it has no such service. */
export function openChannel(path: string, wanted: { readonly service: string; readonly tunnel: string; readonly target?: string | undefined }): Promise<OpenChannel> {
  const query = new URLSearchParams({ service: wanted.service, tunnel: wanted.tunnel });
  if (wanted.target !== undefined) query.set('target', wanted.target);
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      method: 'POST',
      path: `/connect?${query}`,
      headers: { connection: 'Upgrade', upgrade: UPGRADE },
      createConnection: () => connectTo({ path, allowHalfOpen: true }),
    });
    request.setTimeout(ANSWER_TIMEOUT_MS, () => request.destroy(new Error('no answer')));
    request.on('error', (error) => reject(unreachable(path, error)));
    request.on('response', (response) => void refusal(response).then(reject, reject));
    request.on('upgrade', (response: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.setTimeout(0);
      if (head.length > 0) socket.unshift(head);
      resolve({ socket, id: String(response.headers['lstp-channel']) });
    });
    request.end();
  });
}

async function refusal(response: IncomingMessage): Promise<Error> {
  const { code, message } = parse({ status: 200, text: await readText(response) }) as { code: string; message: string };
  return Object.assign(new Error(message), { code });
}

interface Patience {
  /** Until the answer begins. */
  readonly beginMs?: number;
  /** Between its parts; 0 for no limit. */
  readonly goOnMs?: number;
}

function ask(path: string, method: 'GET' | 'POST', url: string, { beginMs = ANSWER_TIMEOUT_MS, goOnMs = ANSWER_TIMEOUT_MS }: Patience = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath: path, method, path: url, agent: false });
    const giveUp = (afterMs: number) => (): void => void request.destroy(new Error(`no answer within ${afterMs / 1000} s`));
    const timer = setTimeout(giveUp(beginMs), beginMs);
    request.once('close', () => clearTimeout(timer));
    request.on('error', (error) => reject(unreachable(path, error)));
    request.on('response', (response) => {
      clearTimeout(timer);
      if (goOnMs > 0) response.setTimeout(goOnMs, giveUp(goOnMs));
      readText(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), (error: Error) => reject(unreachable(path, error)));
    });
    request.end();
  });
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse({ status, text }: Answer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UnreachableError('the node gave an answer that is not JSON; is it of another version?');
  }
  if (status >= 400 && status !== 409) throw new UnreachableError(`the node answered: ${(value as { error?: string }).error ?? status}`);
  return value;
}

function unreachable(path: string, error: Error): UnreachableError {
  return new UnreachableError(`nobody answers at ${path}: ${error.message}`, { cause: error });
}
