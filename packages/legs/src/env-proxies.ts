/**
 * `egress: env`: what HTTPS_PROXY, ALL_PROXY and NO_PROXY say of one target; names in small letters count first, as with curl.
 * A leg is no HTTP request, so HTTP_PROXY has no say. NO_PROXY is a list, by commas or spaces, of names (they and what is
 * below them), addresses, CIDRs, each with `:port` if wanted; `*` is everything.
 */
import { BlockList, isIP } from 'node:net';
import { FormError, literalSecret, parseProxyUrl, type EgressPath, type LegAddress } from '@lstp/core';

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws a plain Error (ERR_LSTP_EGRESS) that names the variable, never its value, where its text is no proxy. */
export function pathOfEnvironment({ host, port }: Pick<LegAddress, 'host' | 'port'>, env: Environment): EgressPath {
  const excepted = (valueOf('no_proxy', env)?.value ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  if (excepted.some((entry) => isExcepted(entry, { host, port }))) return { through: [] };
  const found = valueOf('https_proxy', env) ?? valueOf('all_proxy', env);
  return found === undefined ? { through: [] } : { through: [parse(found)] };
}

interface Variable {
  readonly name: string;
  readonly value: string;
}

function valueOf(name: string, env: Environment): Variable | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    const value = env[variable]?.trim();
    if (value !== undefined && value !== '') return { name: variable, value };
  }
  return undefined;
}

/** curl's forms too: no scheme is http, socks5h and socks are socks5. A literal `${` needs no care here. */
function parse({ name, value }: Variable): EgressPath['through'][number] {
  const url = value.includes('://') ? value : `http://${value}`;
  const text = literalSecret(url.replace(/^socks(?:5h)?:/i, 'socks5:'));
  try {
    return parseProxyUrl(/^https?:\/\/[^/]*:\d+\/?$|^socks/i.test(text) ? text : withPort(text));
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    throw Object.assign(new Error(`the environment variable ${name} is no proxy: ${error.message}`), { code: 'ERR_LSTP_EGRESS' });
  }
}

/** curl's default port. */
function withPort(url: string): string {
  return `${url.replace(/\/$/, '')}:1080`;
}

function isExcepted(entry: string, { host, port }: { readonly host: string; readonly port: number }): boolean {
  if (entry === '*') return true;
  const { name, port: only } = split(entry.toLowerCase());
  if (only !== undefined && only !== port) return false;
  if (isIP(host) !== 0) return isInRange(host, name);
  const domain = name.replace(/^\*?\./, '');
  return host === domain || host.endsWith(`.${domain}`);
}

function split(entry: string): { readonly name: string; readonly port: number | undefined } {
  const bracketed = /^\[(.+)\](?::(\d+))?$/.exec(entry);
  if (bracketed !== null) return { name: bracketed[1] ?? '', port: bracketed[2] === undefined ? undefined : Number(bracketed[2]) };
  const plain = /^([^:]+):(\d+)$/.exec(entry);
  return plain === null ? { name: entry, port: undefined } : { name: plain[1] ?? '', port: Number(plain[2]) };
}

function isInRange(host: string, range: string): boolean {
  const [address = '', bits] = range.split('/');
  const family = isIP(address);
  if (family === 0 || family !== isIP(host)) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const prefix = bits === undefined ? (family === 4 ? 32 : 128) : Number(bits);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(address, prefix, kind);
  return list.check(host, kind);
}
