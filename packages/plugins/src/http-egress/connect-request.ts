/** One CONNECT (RFC 9110, section 9.3.6), asked by Node's own client: its parser, its limits. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { LegError } from '../leg-handshake/leg-error.js';
import { shownBytes, shownText } from '../leg-handshake/shown-bytes.js';

/** Of all header lines of an answer. */
const ANSWER_HEADER_BYTES = 16_384;

export interface ConnectAnswer {
  readonly status: number;
  readonly reason: string;
  /** Lines of `Proxy-Authenticate`. */
  readonly challenges: readonly string[];
  /** What the proxy says beside its status (squid's `X-Squid-Error`); empty where it says nothing. */
  readonly detail: string;
}

/** `authority` is `host:port`. Resolves with any answer; behind a status of 2xx `stream` is paused and leads to the target. Rejects with LegError. */
export function askConnect(stream: Duplex, { place, authority, authorization }: { readonly place: string; readonly authority: string; readonly authorization: string | undefined }): Promise<ConnectAnswer> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest({
      method: 'CONNECT',
      path: authority,
      setHost: false,
      maxHeaderSize: ANSWER_HEADER_BYTES,
      createConnection: () => stream,
      headers: { host: authority, 'proxy-connection': 'keep-alive', connection: 'keep-alive', ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) },
    });
    asking.on('connect', (answer, _socket, head) => {
      stream.pause();
      if (head.length > 0) stream.unshift(head);
      resolve(answerOf(answer));
    });
    // Errors of the connection itself are told by whoever runs the handshake.
    asking.on('error', (error) => isOfParser(error) && reject(noProxy(place, error)));
    asking.end();
    // It may come paused, from the proxy before this one.
    stream.resume();
  });
}

function answerOf(answer: IncomingMessage): ConnectAnswer {
  const { statusCode: status = 0, statusMessage: reason = '', headers, headersDistinct } = answer;
  const detail = headers['x-squid-error'];
  return { status, reason: shownText(reason), challenges: headersDistinct['proxy-authenticate'] ?? [], detail: typeof detail === 'string' ? shownText(detail) : '' };
}

type ParserError = Error & { readonly code: string; readonly rawPacket?: Buffer };

function isOfParser(error: Error): error is ParserError {
  return 'code' in error && typeof error.code === 'string' && error.code.startsWith('HPE_');
}

function noProxy(place: string, error: ParserError): LegError {
  if (error.code === 'HPE_HEADER_OVERFLOW') return new LegError('ERR_LSTP_PROXY_ANSWER', `${place} answered with more than ${ANSWER_HEADER_BYTES} bytes of headers; it is no proxy that lstp can use`, { cause: error });
  return new LegError('ERR_LSTP_PROXY_ANSWER', `${place} does not speak HTTP: it answered ${shownBytes(error.rawPacket ?? Buffer.alloc(0))}`, { cause: error });
}
