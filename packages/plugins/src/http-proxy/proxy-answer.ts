/** What the proxy itself answers: a status, and one line of plain text that says why. */
import type { ChannelCode, ChannelRefusal } from '@lstp/core';
import { HttpFault } from './http-fault.js';
import { formatHead, type Field } from './message-head.js';

export const CONNECTION_ESTABLISHED = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n');

/** The true outcome of a channel as a status (RFC 9110, section 15). */
const STATUS_OF: Readonly<Record<ChannelCode, number>> = {
  done: 502,
  reset: 502,
  denied: 403,
  'unknown-service': 403,
  limit: 503,
  refused: 502,
  unreachable: 502,
  timeout: 504,
  'name-not-found': 502,
  'no-carrier': 503,
  'peer-restarted': 502,
  'shutting-down': 503,
  internal: 502,
};

const PHRASES: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  403: 'Forbidden',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

export interface AnswerContext {
  /** Of the request; of HEAD only the head is answered. */
  readonly method?: string;
  /** Whether the connection goes on. */
  readonly connection: 'keep-alive' | 'close';
}

export function faultOf({ reason, message }: ChannelRefusal): HttpFault {
  return new HttpFault(STATUS_OF[reason], `${reason}: ${message}`);
}

export function answerOf({ status, message }: HttpFault, { method, connection }: AnswerContext): Buffer {
  const text = Buffer.from(`lstp: ${oneLine(message)}\n`);
  const fields: Field[] = [
    ...(status === 407 ? [{ name: 'Proxy-Authenticate', value: 'Basic realm="lstp", charset="UTF-8"' }] : []),
    { name: 'Content-Type', value: 'text/plain; charset=utf-8' },
    { name: 'Content-Length', value: String(text.length) },
    { name: 'Connection', value: connection },
  ];
  const head = formatHead({ startLine: `HTTP/1.1 ${status} ${PHRASES[status] ?? 'Error'}`, fields });
  return method === 'HEAD' ? head : Buffer.concat([head, text]);
}

/** What the other end says may hold anything. */
function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out
  return text.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, 500);
}
