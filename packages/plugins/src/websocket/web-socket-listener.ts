/** Takes legs over WebSocket: Node's HTTP server reads the request, the package `ws` answers it. Over TLS for `wss`. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { IDENTITY, type Identity, type LegAcceptRequest, type LegListenerRole } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import type { WebSocketServer } from 'ws';
import { formatPlace, LegError } from '../leg-handshake/leg-error.js';
import { LEG_CODES, runHandshake } from '../leg-handshake/leg-handshake.js';
import { SecureServer } from '../leg-handshake/secure-server.js';
import { OPTIONS, SUBPROTOCOL } from './policy.js';
import { WebSocketStream } from './web-socket-stream.js';

const ALPN = ['http/1.1'];
/** Of a request for a leg; a web server in front adds lines of its own. */
const REQUEST_HEADER_BYTES = 16_384;

/** What becomes of one connection. */
interface Outcome {
  readonly path: string;
  readonly place: string;
  resolve(stream: Duplex): void;
  reject(error: LegError): void;
}

@injectable()
export class WebSocketLegListener implements LegListenerRole {
  readonly #secure: SecureServer;
  readonly #outcomes = new WeakMap<Duplex, Outcome>();
  #http: Server | undefined;
  #upgrades: WebSocketServer | undefined;

  constructor(@inject(IDENTITY) identity: Identity) {
    this.#secure = new SecureServer(identity);
  }

  async accept(raw: Duplex, request: LegAcceptRequest): Promise<Duplex> {
    const { address, signal } = request;
    const place = formatPlace(address);
    // First: no stream is to wait for it without a listener.
    const server = await this.#server();
    const stream = address.scheme === 'wss' ? await this.#secure.secure(raw, request, ALPN) : raw;
    return runHandshake(stream, { place: `who connected to ${place}`, signal, codes: LEG_CODES }, () => {
      return new Promise<Duplex>((resolve, reject) => {
        this.#outcomes.set(stream, { path: address.path ?? '/', place, resolve, reject });
        // It never listens itself: connections are given to it.
        server.emit('connection', stream);
        stream.resume();
      });
    });
  }

  async #server(): Promise<Server> {
    if (this.#http !== undefined) return this.#http;
    const { WebSocketServer: Upgrades } = await import('ws');
    this.#upgrades ??= new Upgrades({ ...OPTIONS, noServer: true, clientTracking: false, handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false) });
    this.#http ??= createServer({ maxHeaderSize: REQUEST_HEADER_BYTES, keepAlive: false }, (request, response) => this.#refuse(request, response))
      .on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => this.#upgrade(request, stream, head))
      .on('clientError', (error: Error, stream: Duplex) => this.#fail(stream, `no HTTP: ${error.message}`));
    return this.#http;
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const outcome = this.#outcomes.get(stream);
    const path = (request.url ?? '').replace(/[?#].*$/s, '');
    if (outcome === undefined) return void stream.destroy();
    if (path !== outcome.path) {
      stream.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return this.#fail(stream, `a WebSocket at the path ${JSON.stringify(path.slice(0, 60))} was asked for, and the node is at ${outcome.path}`);
    }
    if (!offered(request).includes(SUBPROTOCOL)) {
      stream.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return this.#fail(stream, `another WebSocket than one of a node was asked for`);
    }
    this.#upgrades?.handleUpgrade(request, stream, head, (socket) => {
      socket.pause();
      outcome.resolve(new WebSocketStream(socket));
    });
  }

  /** A browser, or a search engine. */
  #refuse(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(404, { 'content-type': 'text/plain', connection: 'close' }).end('Not found\n');
    response.once('finish', () => this.#fail(request.socket, `a web page was asked for (${request.method ?? ''} ${JSON.stringify((request.url ?? '').slice(0, 60))})`));
  }

  #fail(stream: Duplex, why: string): void {
    const outcome = this.#outcomes.get(stream);
    outcome?.reject(new LegError('ERR_LSTP_LEG_WEBSOCKET', `no leg at ${outcome.place}: ${why}`));
  }
}

function offered({ headers }: IncomingMessage): string[] {
  return (headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim());
}
