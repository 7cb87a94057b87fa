/** Where an application connects, or where a back end connects to: `host:port`, `[v6]:port` or `unix:/path`. */
import { z } from 'zod';
import type { ServiceAddress } from './chain.js';
import { FormError } from './form-error.js';
import { formatHostPort, parseHostPort, type HostPortForm } from './host-port.js';
import { textForm } from './text-form.js';

/** Bytes of a Unix socket's path that every system takes (sockaddr_un, with its NUL). */
const UNIX_PATH_BYTES = 103;

/** Throws FormError saying what is wrong with `text` and what would be right. */
export function parseServiceAddress(text: string): ServiceAddress {
  return parse(text, { example: 'localhost:80' });
}

/** As parseServiceAddress; port 0 is any free one. */
export function parseServiceListen(text: string): ServiceAddress {
  return parse(text, { example: '127.0.0.1:8080', anyPort: 'allowed' });
}

/** Back to text. */
export function formatServiceAddress(address: ServiceAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : formatHostPort(address);
}

/** For a plugin's options: where its back end connects to. */
export const serviceAddressSchema = textForm(parseServiceAddress, {
  expected: 'host:port, [v6]:port or unix:/path',
  example: 'intranet.acme:80',
}).describe('`host:port`, `[v6]:port` or `unix:/path`');

/** For a plugin's options: where its front end listens. */
export const serviceListenSchema = textForm(parseServiceListen, {
  expected: 'host:port, [v6]:port or unix:/path',
  example: '127.0.0.1:8080',
}).describe('`host:port`, `[v6]:port` or `unix:/path`; port 0 is any free one');

/** The typed value of serviceAddressSchema. */
export type ServiceAddressOption = z.output<typeof serviceAddressSchema>;

function parse(text: string, form: HostPortForm): ServiceAddress {
  if (text.startsWith('unix:')) return { kind: 'unix', path: parseUnixPath(text.slice('unix:'.length)) };
  if (text.startsWith('/') || text.startsWith('./')) throw new FormError(`a path is written unix:${text.startsWith('/') ? text : '/path'}`);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  if (scheme !== null) throw new FormError(`a service carries bytes of any protocol; leave out "${scheme[0]}" and write HOST:PORT`);
  return { kind: 'tcp', ...parseHostPort(text, form) };
}

function parseUnixPath(path: string): string {
  const at = 'unix:'.length;
  if (path.startsWith('//')) return parseUnixPath(path.replace(/^\/+/, '/'));
  if (path === '' || path === '/') throw new FormError('no path behind "unix:"; write unix:/run/app.sock', at);
  if (path.includes('\0')) throw new FormError('a path has no NUL character', at);
  if (!path.startsWith('/') && !path.startsWith('@') && !path.startsWith('${')) throw new FormError(`the path "${path.slice(0, 40)}" is not absolute; write unix:/run/app.sock`, at);
  if (Buffer.byteLength(path) > UNIX_PATH_BYTES) throw new FormError(`the path has ${Buffer.byteLength(path)} bytes; a Unix socket's has at most ${UNIX_PATH_BYTES}`, at);
  return path;
}
