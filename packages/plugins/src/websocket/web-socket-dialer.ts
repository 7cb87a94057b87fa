/** Dials legs over WebSocket: by the package `ws`, on the stream that is there; over TLS for `wss`. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { formatHostPort, type LegDialerRole, type LegDialRequest } from '@lstp/core';
import type { WebSocket } from 'ws';
import { formatPlace, LegError } from '../leg-handshake/leg-error.js';
import { LEG_CODES, runHandshake } from '../leg-handshake/leg-handshake.js';
import { secureClient } from '../leg-handshake/secure-client.js';
import { shownBytes, shownText } from '../leg-handshake/shown-bytes.js';
import { noMask, OPTIONS, SUBPROTOCOL } from './policy.js';
import { WebSocketStream } from './web-socket-stream.js';

/** A web server looks at the protocol before it gives the connection away. */
const ALPN = ['http/1.1'];

export class WebSocketLegDialer implements LegDialerRole {
  async dial(raw: Duplex, request: LegDialRequest): Promise<Duplex> {
    const { address, signal } = request;
    const place = formatPlace(address);
    const stream = address.scheme === 'wss' ? await secureClient(raw, { ...request, place, alpn: ALPN, codes: LEG_CODES, authorities: request.authorities }) : raw;
    request.onStep?.('WebSocket');
    return runHandshake(stream, { place, signal, codes: LEG_CODES }, async () => new WebSocketStream(await upgrade(stream, address, place)));
  }
}

async function upgrade(stream: Duplex, { scheme, host, port, path = '/' }: LegDialRequest['address'], place: string): Promise<WebSocket> {
  const { WebSocket: Client } = await import('ws');
  const socket = new Client(`${scheme}://${formatHostPort({ host, port })}${path}`, [SUBPROTOCOL], { ...OPTIONS, generateMask: noMask, createConnection: () => stream });
  // It may come paused, from what was before.
  stream.resume();
  return new Promise((resolve, reject) => {
    const fail = (message: string, cause?: Error): void => {
      socket.on('error', () => {}).terminate();
      reject(new LegError('ERR_LSTP_LEG_WEBSOCKET', message, { cause }));
    };
    socket.once('unexpected-response', (_request: ClientRequest, answer: IncomingMessage) => fail(`${place} is no WebSocket of a node: ${statusText(answer)}`));
    socket.once('error', (error: Error & { readonly rawPacket?: Buffer }) => fail(`${place} is no WebSocket of a node: ${error.rawPacket === undefined ? error.message : `it answered ${shownBytes(error.rawPacket)}`}`, error));
    socket.once('open', () => {
      // Messages that came with the answer wait until the stream is read.
      socket.pause();
      socket.removeAllListeners();
      resolve(socket);
    });
  });
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
