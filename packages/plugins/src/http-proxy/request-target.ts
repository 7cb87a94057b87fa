/** Where a request is to go: the target of its first line, RFC 9112 section 3.2. Names are not resolved here. */
import { formatHostPort, parseTarget } from '@lstp/core';
import { HttpFault } from './http-fault.js';
import type { MessageHead } from './message-head.js';

export interface ProxyRequest {
  readonly method: string;
  readonly version: '1.0' | '1.1';
  /** `host:port`. */
  readonly target: string;
  /** What the server is asked for; absent of CONNECT. */
  readonly origin?: {
    /** In the form that servers take: a path, or `*`. */
    readonly path: string;
    /** For the field Host. */
    readonly authority: string;
  };
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP\/(\d)\.(\d)$/;
const ABSOLUTE = /^([a-z][a-z0-9+.-]*):\/\/([^/?]*)([^#]*)$/i;

/** Throws HttpFault. */
export function parseRequest({ startLine }: MessageHead): ProxyRequest {
  const [, method = '', target = '', major, minor] = REQUEST_LINE.exec(startLine) ?? [];
  if (method === '') throw new HttpFault(400, 'the first line is not METHOD TARGET HTTP/1.1');
  if (major !== '1') throw new HttpFault(505, 'this proxy speaks HTTP/1.1 and HTTP/1.0');
  const version = minor === '0' ? '1.0' : '1.1';
  if (method === 'CONNECT') return { method, version, target: parseAuthority(target) };
  return { method, version, ...parseAbsolute(method, target) };
}

function parseAbsolute(method: string, text: string): Pick<ProxyRequest, 'target' | 'origin'> {
  if (text.startsWith('/') || text === '*') throw new HttpFault(400, 'this is a proxy: a request names the whole URL, such as http://www.acme/, or uses CONNECT');
  const [, scheme, authority = '', rest = ''] = ABSOLUTE.exec(text) ?? [];
  if (scheme === undefined) throw new HttpFault(400, 'the target of the request is no URL');
  if (scheme.toLowerCase() !== 'http') throw new HttpFault(501, `this proxy forwards http; use CONNECT for everything else, ${scheme.toLowerCase()} too`);
  if (authority.includes('@')) throw new HttpFault(400, 'a URL with user and password in it is refused');
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  const target = parseAuthority(authority.replace(/:$/, ''), 80);
  // Asking a server as a whole is `*` in the form that servers take (RFC 9112, section 3.2.4).
  return { target, origin: { path: method === 'OPTIONS' && rest === '' ? '*' : path, authority } };
}

function parseAuthority(text: string, defaultPort?: number): string {
  try {
    const hasPort = /:\d+$/.test(text);
    return formatHostPort(parseTarget(hasPort || defaultPort === undefined ? text : `${text}:${defaultPort}`));
  } catch {
    throw new HttpFault(400, 'the target has no right HOST:PORT');
  }
}
