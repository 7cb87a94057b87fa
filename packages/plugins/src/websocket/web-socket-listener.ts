/** Takes legs over WebSocket, over TLS for `wss`. Node's HTTP server reads the request. RFC 6455, section 4.2. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { IDENTITY, type Identity, type LegAcceptRequest, type LegListenerRole } from '@lstp/core';
import { inject, injectable } from 'tsyringe';
import { formatPlace, LegError } from '../leg-handshake/leg-error.js';
import { LEG_CODES, runHandshake } from '../leg-handshake/leg-handshake.js';
import { SecureServer } from '../leg-handshake/secure-server.js';
import { acceptOf, SUBPROTOCOL, VERSION } from './policy.js';
import { WebSocketStream } from './web-socket-stream.js';

const ALPN = ['http/1.1'];
/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
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
  readonly #server = createServer({ maxHeaderSize: REQUEST_HEADER_BYTES, keepAlive: false }, (request, response) => this.#refuse(request, response))
    .on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => this.#upgrade(request, stream, head))
    .on('clientError', (error: Error, stream: Duplex) => this.#fail(stream, `no HTTP: ${error.message}`));

  constructor(@inject(IDENTITY) identity: Identity) {
    this.#secure = new SecureServer(identity);
  }

  async accept(raw: Duplex, request: LegAcceptRequest): Promise<Duplex> {
    const { address, signal } = request;
    const place = formatPlace(address);
    const stream = address.scheme === 'wss' ? await this.#secure.secure(raw, request, ALPN) : raw;
    return runHandshake(stream, { place: `who connected to ${place}`, signal, codes: LEG_CODES }, () => {
      return new Promise<Duplex>((resolve, reject) => {
        this.#outcomes.set(stream, { path: address.path ?? '/', place, resolve, reject });
        // It never listens itself: connections are given to it.
        this.#server.emit('connection', stream);
        stream.resume();
      });
    });
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const outcome = this.#outcomes.get(stream);
    const path = (request.url ?? '').replace(/[?#].*$/s, '');
    if (outcome === undefined) return void stream.destroy();
    if (path !== outcome.path) {
      stream.end(answerOf('404 Not Found'));
      return this.#fail(stream, `a WebSocket at the path ${JSON.stringify(path.slice(0, 60))} was asked for, and the node is at ${outcome.path}`);
    }
    const wrong = faultOf(request);
    if (wrong !== undefined) {
      stream.end(answerOf('400 Bad Request', [`Sec-WebSocket-Version: ${VERSION}`]));
      return this.#fail(stream, wrong);
    }
    stream.pause();
    stream.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(keyOf(request))}\r\nSec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`);
    outcome.resolve(new WebSocketStream(stream, { head, isDialer: false }));
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

function keyOf({ headers }: IncomingMessage): string {
  return headers['sec-websocket-key'] ?? '';
}

function faultOf(request: IncomingMessage): string | undefined {
  const { headers, method } = request;
  if (!offered(request).includes(SUBPROTOCOL)) return 'another WebSocket than one of a node was asked for';
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket' || !KEY.test(keyOf(request))) return 'no WebSocket was asked for as RFC 6455 has it';
  if (headers['sec-websocket-version'] !== VERSION) return `version ${JSON.stringify(headers['sec-websocket-version']?.slice(0, 10) ?? 'none')} of WebSocket was asked for, not ${VERSION}`;
  return undefined;
}

function offered({ headers }: IncomingMessage): string[] {
  return (headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim());
}

function answerOf(status: string, headers: readonly string[] = []): string {
  return [`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Length: 0', ...headers, '', ''].join('\r\n');
}
