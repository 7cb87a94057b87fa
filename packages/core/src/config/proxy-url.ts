/** One proxy on the way out: `socks5://user:password@host:port` and its kin. */
import type { EgressPath, ProxyUrl } from './chain.js';
import { FormError } from './form-error.js';
import { formatHostPort, parseHostPort } from './host-port.js';
import { clip } from './name.js';
import { didYouMean } from './nearest.js';
import { formatPacPlace } from './pac-place.js';
import { mapLiterals, mask } from './secret.js';

type ProxyScheme = ProxyUrl['scheme'];
const SCHEMES: readonly ProxyScheme[] = ['socks4', 'socks4a', 'socks5', 'http', 'https'];
const SOCKS_PORT = 1080;

/**
 * Throws FormError; its message never repeats user or password.
 * User and password are percent-decoded; their references stay. A URL that is a reference as a whole, and not filled
 * in yet, is its \`host\` with port 0, and its scheme means nothing.
 */
export function parseProxyUrl(text: string): ProxyUrl {
  const masked = mask(text);
  const start = /^([a-z][a-z0-9+.-]*):\/\//i.exec(masked);
  if (/^\uE000+$/.test(masked)) return { scheme: 'socks5', host: text, port: 0 };
  if (start === null) throw new FormError(noScheme(masked));
  const scheme = parseScheme(start[1] ?? '');
  const authority = { text: text.slice(start[0].length), at: start[0].length };
  refuseTail(masked.slice(authority.at), authority.at);
  const body = trimSlash(authority.text);
  const atSign = mask(body).lastIndexOf('@');
  const place = parseHostPort(body.slice(atSign + 1), {
    example: `${scheme}://fw.globex:${scheme.startsWith('socks') ? SOCKS_PORT : 3128}`,
    offset: authority.at + atSign + 1,
    ...(scheme.startsWith('socks') ? { defaultPort: SOCKS_PORT } : {}),
  });
  return { scheme, ...place, ...(atSign < 0 ? {} : parseUser(body.slice(0, atSign), scheme, authority.at)) };
}

/** Back to text, without user and password. */
export function formatProxyUrl(proxy: ProxyUrl): string {
  if (proxy.port === 0) return proxy.host;
  return `${proxy.scheme}://${formatHostPort(proxy)}`;
}

/** What stands on a way out, in order; nothing for a straight one. Without user and password. */
export function formatEgressPath({ through, ask }: EgressPath): string[] {
  if (ask?.from === 'env') return ['env'];
  if (ask?.from === 'pac') return [`pac:${formatPacPlace(ask.at)}`];
  return through.map(formatProxyUrl);
}

function trimSlash(text: string): string {
  return text.endsWith('/') ? text.slice(0, -1) : text;
}

function refuseTail(masked: string, offset: number): void {
  const at = masked.search(/\/.|[?#\s]/);
  if (at >= 0) throw new FormError('a proxy URL ends with its port; write SCHEME://USER@HOST:PORT (a "/", "?", "#" or space of a password is written %2F, %3F, %23, %20)', offset + at);
}

function parseUser(text: string, scheme: ProxyScheme, offset: number): Pick<ProxyUrl, 'user' | 'password'> {
  const colon = mask(text).indexOf(':');
  const user = decode(colon < 0 ? text : text.slice(0, colon), offset);
  if (user === '') throw new FormError('no user in front of the password; write SCHEME://USER:PASSWORD@HOST:PORT', offset);
  if (colon < 0) return { user };
  if (scheme === 'socks4' || scheme === 'socks4a') throw new FormError(`${scheme} has a user and no password; leave it out, or write socks5`, offset + colon);
  return { user, password: decode(text.slice(colon + 1), offset + colon + 1) };
}

function decode(text: string, offset: number): string {
  try {
    return mapLiterals(text, decodeURIComponent);
  } catch (error) {
    if (error instanceof FormError) throw new FormError(error.message, offset + error.offset);
    throw new FormError('a "%" in user or password is the begin of a code such as %40; write %25 for the character itself', offset);
  }
}

function noScheme(masked: string): string {
  const hostPort = /^[\w.-]+:\d+$/.test(masked) ? masked : 'fw.globex:1080';
  return `a proxy is written as a URL, such as socks5://${hostPort} or http://${hostPort}; "direct" is without one`;
}

function parseScheme(word: string): ProxyScheme {
  const scheme = word.toLowerCase();
  const found = SCHEMES.find((known) => known === scheme);
  if (found !== undefined) return found;
  const near: Partial<Record<string, string>> = { socks: '; did you mean "socks5"?', socks5h: '; write "socks5", which resolves names at the proxy already' };
  throw new FormError(`"${clip(word)}://" is no proxy${near[scheme] ?? didYouMean(scheme, SCHEMES, `; there are ${SCHEMES.join(', ')}`)}`);
}
