/** Dials legs over WebSocket, over TLS for `wss`. */
import { randomBytes } from 'node:crypto';
import { request, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { LegDialerRole, LegDialRequest } from '@lstp/core';
import { formatPlace, LegError } from '../leg-handshake/leg-error.js';
import { LEG_CODES, runHandshake } from '../leg-handshake/leg-handshake.js';
import { secureClient } from '../leg-handshake/secure-client.js';
import { shownBytes, shownText } from '../leg-handshake/shown-bytes.js';
import { acceptOf, SUBPROTOCOL, VERSION } from './policy.js';
import { WebSocketStream } from './web-socket-stream.js';

/** A web server looks at the protocol before it gives the connection away. */
const ALPN = ['http/1.1'];

export class WebSocketLegDialer implements LegDialerRole {
  async dial(raw: Duplex, order: LegDialRequest): Promise<Duplex> {
    const { address, signal } = order;
    const place = formatPlace(address);
    const stream = address.scheme === 'wss' ? await secureClient(raw, { ...order, place, alpn: ALPN, codes: LEG_CODES, authorities: order.authorities }) : raw;
    order.onStep?.('WebSocket');
    return runHandshake(stream, { place, signal, codes: LEG_CODES }, () => upgrade(stream, address, place));
  }
}

/** By Node's HTTP client, on the stream that is there. RFC 6455, section 4.1. */
function upgrade(stream: Duplex, { scheme, host, port, path = '/' }: LegDialRequest['address'], place: string): Promise<WebSocketStream> {
  const key = randomBytes(16).toString('base64');
  const asked = request({
    host, port, path,
    defaultPort: scheme === 'wss' ? 443 : 80,
    createConnection: () => stream,
    headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': VERSION, 'sec-websocket-key': key, 'sec-websocket-protocol': SUBPROTOCOL },
  });
  // It may come paused, from what was before.
  stream.resume();
  return new Promise((resolve, reject) => {
    const fail = (what: string, cause?: Error): void => {
      asked.on('error', () => {}).destroy();
      reject(new LegError('ERR_LSTP_LEG_WEBSOCKET', `${place} is no WebSocket of a node: ${what}`, { cause }));
    };
    asked.once('response', (answer) => fail(statusText(answer)));
    asked.once('error', (error: Error & { readonly rawPacket?: Buffer }) => fail(error.rawPacket === undefined ? error.message : `it answered ${shownBytes(error.rawPacket)}`, error));
    asked.once('upgrade', (answer, _stream, head) => {
      const wrong = faultOf(answer, key);
      if (wrong !== undefined) return fail(wrong);
      stream.pause();
      resolve(new WebSocketStream(stream, { head, isDialer: true }));
    });
    asked.end();
  });
}

function faultOf({ headers, statusCode }: IncomingMessage, key: string): string | undefined {
  if (statusCode !== 101 || headers.upgrade?.toLowerCase() !== 'websocket') return `it changed to ${shownText(headers.upgrade ?? 'nothing')}, HTTP ${statusCode ?? 0}`;
  if (headers['sec-websocket-accept'] !== acceptOf(key)) return 'its answer does not belong to the request (Sec-WebSocket-Accept)';
  if (headers['sec-websocket-protocol'] !== SUBPROTOCOL) return `it speaks ${JSON.stringify(shownText(headers['sec-websocket-protocol'] ?? 'no subprotocol'))}, not ${SUBPROTOCOL}`;
  if (headers['sec-websocket-extensions'] !== undefined) return 'it uses extensions that were not asked for';
  return undefined;
}

function statusText({ statusCode = 0, statusMessage = '' }: IncomingMessage): string {
  const known: Readonly<Record<number, string>> = {
    404: 'there is nothing at this path; compare it with the node\'s `listen` and with the web server in front of it',
    502: 'the web server in front of it does not reach the node',
    503: 'the web server in front of it has no node to give it to',
    504: 'the web server in front of it got no answer from the node',
  };
  const hint = known[statusCode];
  return `HTTP ${statusCode} ${shownText(statusMessage)}${hint === undefined ? '' : `, ${hint}`}`;
}
