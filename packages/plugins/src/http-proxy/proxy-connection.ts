/** One client's connection: request after request, each answered before the next is read. */
import type { Socket } from 'node:net';
import { closeAfter, type Answer, type ChannelOpener } from '@lstp/core';
import { ByteSource } from './byte-source.js';
import { Exchange, type ExchangeEnd } from './exchange.js';
import { requestFraming } from './framing.js';
import { HttpFault } from './http-fault.js';
import { listOf, valuesOf, type MessageHead } from './message-head.js';
import { answerOf, CONNECTION_ESTABLISHED, faultOf } from './proxy-answer.js';
import { readHead } from './read-head.js';
import { parseRequest, type ProxyRequest } from './request-target.js';

export interface ProxyConnectionOptions {
  readonly socket: Socket;
  /** The client's address. */
  readonly source: string | undefined;
  readonly channels: ChannelOpener;
  /** Whether the request may be served: undefined, or what the client is told. */
  authenticate(head: MessageHead, source: string | undefined): Promise<HttpFault | undefined>;
}

/** For the head of the first request. */
const FIRST_HEAD_MS = 10_000;
/** For the head of the next one, all the time between included. */
const NEXT_HEAD_MS = 60_000;

type RequestEnd = ExchangeEnd | 'connected';

const CONNECT_ANSWER: Answer = {
  connected: () => CONNECTION_ESTABLISHED,
  refused: (refusal) => answerOf(faultOf(refusal), { method: 'CONNECT', connection: 'close' }),
};

export class ProxyConnection {
  readonly #options: ProxyConnectionOptions;
  readonly #source: ByteSource;
  #state: 'waiting' | 'serving' | 'stopping' = 'waiting';

  constructor(options: ProxyConnectionOptions) {
    this.#options = options;
    this.#source = new ByteSource(options.socket);
  }

  /** Resolves when the connection is closed, or somebody else's. Never rejects. */
  async serve(): Promise<void> {
    let timeoutMs = FIRST_HEAD_MS;
    try {
      while ((await this.#serveNext(timeoutMs)) === 'keep-alive') timeoutMs = NEXT_HEAD_MS;
    } catch (error) {
      if (error instanceof HttpFault) this.#leave(answerOf(error, { connection: 'close' }));
      else this.#options.socket.resetAndDestroy();
    }
  }

  /** What is being served is served to its end. */
  stop(): void {
    if (this.#state === 'waiting') this.#options.socket.destroy();
    this.#state = 'stopping';
  }

  async #serveNext(timeoutMs: number): Promise<RequestEnd> {
    const head = await this.#awaitHead(timeoutMs);
    const end = head === undefined ? 'close' : await this.#serveOne(head);
    const isOver = end === 'close' || (end === 'keep-alive' && (this.#state === 'stopping' || this.#source.isGone));
    if (isOver) this.#leave();
    return isOver ? 'close' : end;
  }

  async #awaitHead(timeoutMs: number): Promise<MessageHead | undefined> {
    if (this.#state !== 'stopping') this.#state = 'waiting';
    const isFirst = timeoutMs === FIRST_HEAD_MS;
    const late = isFirst ? new HttpFault(408, `no request came within ${timeoutMs / 1000} s`) : new Error('no further request came');
    const timer = setTimeout(() => this.#source.fail(late), timeoutMs);
    try {
      return await readHead(this.#source);
    } finally {
      clearTimeout(timer);
      if (this.#state === 'waiting') this.#state = 'serving';
    }
  }

  async #serveOne(head: MessageHead): Promise<RequestEnd> {
    const { socket, source, channels } = this.#options;
    const request = parseRequest(head);
    checkHost(head, request);
    const connection = persistence(head, request);
    const fault = await this.#options.authenticate(head, source);
    if (fault !== undefined) return this.#tell(fault, request, requestFraming(head.fields, request.version).kind === 'none' ? connection : 'close');
    if (request.method === 'CONNECT') return this.#connect(request);
    const exchange = new Exchange({ client: socket, source: this.#source, channels, head, request, from: source, connection });
    try {
      return await exchange.run();
    } catch (error) {
      if (!(error instanceof HttpFault)) throw error;
      if (exchange.isAnswered) throw new Error(error.message, { cause: error });
      return this.#tell(error, request, exchange.isRead ? connection : 'close');
    }
  }

  #connect({ target }: ProxyRequest): 'connected' {
    const { socket, source, channels } = this.#options;
    channels.join(socket, { target, head: this.#source.release(), answer: CONNECT_ANSWER, ...(source === undefined ? {} : { source }) });
    return 'connected';
  }

  /** The connection goes on where it can. */
  #tell(fault: HttpFault, { method }: ProxyRequest, connection: 'keep-alive' | 'close'): 'keep-alive' | 'close' {
    const answer = answerOf(fault, { method, connection });
    if (connection === 'close') this.#leave(answer);
    else this.#options.socket.write(answer);
    return connection;
  }

  #leave(lastWords?: Buffer): void {
    const { socket } = this.#options;
    if (socket.destroyed || socket.writableEnded) return;
    this.#source.release();
    closeAfter(socket, lastWords);
  }
}

function checkHost({ fields }: MessageHead, { method, version }: ProxyRequest): void {
  const hosts = valuesOf(fields, 'host');
  if (hosts.length > 1 || (hosts.length === 0 && version === '1.1' && method !== 'CONNECT')) throw new HttpFault(400, `the request has ${hosts.length} fields Host; it needs one`);
}

/** HTTP/1.0 clients get one answer a connection: what they mean by keep-alive no two proxies agree on (RFC 9112, appendix C.2.2). */
function persistence({ fields }: MessageHead, { version }: ProxyRequest): 'keep-alive' | 'close' {
  const said = [...listOf(fields, 'connection'), ...listOf(fields, 'proxy-connection')];
  return version === '1.0' || said.includes('close') ? 'close' : 'keep-alive';
}
