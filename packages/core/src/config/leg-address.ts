/** Where a node listens or is dialed: `host:port`, or a URL of tcp, tls, ws or wss. */
import type { LegAddress, LegScheme } from './chain.js';
import { FormError } from './form-error.js';
import { formatHostPort, parseHostPort, type HostPortForm } from './host-port.js';
import { clip } from './name.js';
import { didYouMean } from './nearest.js';
import { hasReference, mask } from './secret.js';

const SCHEMES: readonly LegScheme[] = ['tcp', 'tls', 'ws', 'wss'];
const DEFAULT_PORTS: Partial<Record<LegScheme, number>> = { ws: 80, wss: 443 };

/** What `listen` says. Port 0 is any free one. Throws FormError. */
export function parseListen(text: string): LegAddress {
  return parse(text, { example: '0.0.0.0:7070', anyPort: 'allowed' });
}

/** What `address` says. Throws FormError. */
export function parseAddress(text: string): LegAddress {
  return parse(text, { example: 'west.example.net:7070' });
}

/** Back to text, `tcp` without its scheme. */
export function formatLegAddress(address: LegAddress): string {
  const { scheme, path = '' } = address;
  return `${scheme === 'tcp' ? '' : `${scheme}://`}${formatHostPort(address)}${path}`;
}

function parse(text: string, form: HostPortForm): LegAddress {
  const masked = mask(text);
  const url = /^([a-z][a-z0-9+.-]*):\/\//i.exec(masked);
  if (url === null) return stream('tcp', text, form);
  const scheme = parseScheme(url[1] ?? '');
  const start = url[0].length;
  const rest = text.slice(start);
  if (scheme === 'tcp' || scheme === 'tls') return stream(scheme, rest, { ...form, offset: start, example: `${scheme}://${form.example}` });
  return web(scheme, rest, { ...form, offset: start, example: `${scheme}://${form.example}` });
}

function stream(scheme: 'tcp' | 'tls', text: string, form: HostPortForm): LegAddress {
  refuseUser(text, form);
  const slash = hasReference(text) ? -1 : text.indexOf('/');
  if (slash >= 0) throw new FormError(`"${clip(text.slice(slash))}" is a path; only ws:// and wss:// have one`, (form.offset ?? 0) + slash);
  return { scheme, ...parseHostPort(text, form) };
}

function web(scheme: 'ws' | 'wss', text: string, form: HostPortForm): LegAddress {
  refuseUser(text, form);
  const slash = mask(text).indexOf('/');
  const authority = slash < 0 ? text : text.slice(0, slash);
  const path = slash < 0 ? '' : text.slice(slash);
  if (/[?#\s]/.test(path)) throw new FormError(`"${clip(path)}": a path has no "?", "#" or space`, (form.offset ?? 0) + slash);
  const address = { scheme, ...parseHostPort(authority, { ...form, defaultPort: DEFAULT_PORTS[scheme] ?? 0 }) };
  return path === '' || path === '/' ? address : { ...address, path };
}

function refuseUser(text: string, form: HostPortForm): void {
  if (mask(text).includes('@')) throw new FormError('a node is known by its key, not by user and password; write HOST:PORT', form.offset ?? 0);
}

function parseScheme(word: string): LegScheme {
  const scheme = word.toLowerCase();
  const found = SCHEMES.find((known) => known === scheme);
  if (found !== undefined) return found;
  const near: Partial<Record<string, string>> = { http: '; did you mean "ws"?', https: '; did you mean "wss"?', ssl: '; did you mean "tls"?' };
  throw new FormError(`nodes do not listen on "${clip(word)}://"${near[scheme] ?? didYouMean(scheme, SCHEMES, `; there are ${SCHEMES.join(', ')}`)}`);
}
