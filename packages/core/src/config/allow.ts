/**
 * `allow`: which targets an application may choose. `*.acme:443`, `10.1.0.0/16:22`, `[fd00::/8]:1-1023`, `db.acme:*`.
 *
 *   mayReach()    by the target alone, before its name is resolved: false is final
 *   isAllowed()   with the address it was resolved to, which is then dialed, and no other
 *
 * A pattern of names (`*` too) reaches no loopback, link-local, multicast or metadata address: only a literal
 * address or network that names it does, and none that merely holds it among all others (0.0.0.0/0). Of patterns of names only `*` reaches literal addresses at all.
 */
import type { z } from 'zod';
import { FormError } from './form-error.js';
import { parseHost, parseHostPort } from './host-port.js';
import { addressBits, inNetwork, parseIp, shelterOf, type IpAddress, type IpNetwork } from './ip-address.js';
import { clip } from './name.js';
import { mask } from './secret.js';
import { textForm } from './text-form.js';

export interface AllowPattern {
  /** As written. */
  readonly text: string;
  /** Names, with `*` for any characters; or addresses. */
  readonly hosts: { readonly kind: 'names'; readonly pattern: string } | { readonly kind: 'addresses'; readonly network: IpNetwork };
  readonly ports: { readonly from: number; readonly to: number };
}

/** What an application asks for. */
export interface Target {
  /** A name in lower case, or a literal address without brackets. */
  readonly host: string;
  readonly port: number;
}

const EXAMPLE = '*.acme:443 or 10.1.0.0/16:22';

/** Throws FormError. */
export function parseAllowPattern(text: string): AllowPattern {
  const colon = mask(text).lastIndexOf(':');
  const hostPart = text.slice(0, Math.max(colon, 0));
  if (text.includes('://')) throw new FormError(`a target is HOST:PORT, without "${clip(text.slice(0, text.indexOf('://') + 3))}"; write ${EXAMPLE}`);
  if (colon < 0 || (text.startsWith('[') && text.endsWith(']'))) throw new FormError(`"${clip(text)}" has no port; write ${clip(text)}:443, or ${clip(text)}:* for every port`);
  return { text, hosts: parseHosts(hostPart, text), ports: parsePorts(text.slice(colon + 1), colon + 1) };
}

/** Throws FormError. */
export function parseTarget(text: string): Target {
  // An application's text, or the other end's: nothing is ever filled in.
  if (mask(text) !== text) throw new FormError(`"${clip(text)}" is no host name or address`);
  return parseHostPort(text, { example: 'build.acme:22' });
}

/** For a plugin's options: a list of patterns; none allows nothing. */
export const allowPatternSchema: z.ZodType<AllowPattern, string> = textForm(parseAllowPattern, { expected: 'HOST:PORT', example: EXAMPLE }).describe(
  '`host-pattern:port` or `CIDR:port`; a port is `443`, `1-1023` or `*`',
);

/** Whether any pattern could allow `target`. False is final; true wants isAllowed() with the address its name has. */
export function mayReach(patterns: readonly AllowPattern[], target: Target): boolean {
  const literal = parseIp(target.host);
  if (literal !== undefined) return isAllowed(patterns, target, target.host);
  return patterns.some(({ hosts, ports }) => hasPort(ports, target.port) && (hosts.kind === 'addresses' || matchesName(hosts.pattern, target.host)));
}

/** Whether `target` may be reached at `address`, the literal address that it is or was resolved to. */
export function isAllowed(patterns: readonly AllowPattern[], target: Target, address: string): boolean {
  const ip = parseIp(address);
  if (ip === undefined) return false;
  return patterns.some(({ hosts, ports }) => hasPort(ports, target.port) && allowsHost(hosts, target.host, ip));
}

/** A sheltered address by a network that names it, as 127.0.0.0/8 does: 0.0.0.0/0 is about everything, and names nothing. */
function allowsHost(hosts: AllowPattern['hosts'], host: string, ip: IpAddress): boolean {
  const shelter = shelterOf(ip);
  if (hosts.kind === 'names') return shelter === undefined && matchesName(hosts.pattern, host);
  return inNetwork(ip, hosts.network) && hosts.network.prefix >= (shelter?.prefix ?? 0);
}

function hasPort({ from, to }: AllowPattern['ports'], port: number): boolean {
  return port >= from && port <= to;
}

/** `*` stands for any characters. Linear in the host for each `*`; no regular expression of the operator's making. */
function matchesName(pattern: string, host: string): boolean {
  // An address is no name, however it ends: anyone may write a zone behind it, `::ffff:10.1.2.3%www.acme`.
  if (parseIp(host) !== undefined) return /^\*+$/.test(pattern);
  const name = host.toLowerCase().replace(/\.$/, '');
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return name === pattern;
  if (!name.startsWith(head) || !name.endsWith(tail) || name.length < head.length + tail.length) return false;
  let at = head.length;
  const end = name.length - tail.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

function parseHosts(text: string, whole: string): AllowPattern['hosts'] {
  const bare = /^\[(.*)\]$/s.exec(text)?.[1] ?? text;
  if (bare === '') throw new FormError(`"${clip(whole)}" has no host; write ${EXAMPLE}, or *${clip(whole)} for every host`);
  if (bare === text && text.includes(':')) throw new FormError(`"${clip(whole)}": IPv6 stands in brackets, such as [fd00::/8]:443`);
  const slash = bare.indexOf('/');
  if (slash >= 0) return { kind: 'addresses', network: parseNetwork(bare, slash) };
  const ip = parseIp(bare);
  if (ip !== undefined) return { kind: 'addresses', network: { ...ip, prefix: addressBits(ip.family) } };
  return { kind: 'names', pattern: parseNames(bare) };
}

function parseNetwork(text: string, slash: number): IpNetwork {
  const ip = parseIp(text.slice(0, slash));
  if (ip === undefined) throw new FormError(`"${clip(text)}" is no network; write one such as 10.1.0.0/16`);
  const bits = addressBits(ip.family);
  const prefix = /^\d{1,3}$/.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : Infinity;
  if (prefix > bits) throw new FormError(`"${clip(text)}": the number behind "/" is from 0 to ${bits}`, slash + 1);
  return { ...ip, prefix };
}

function parseNames(text: string): string {
  if (mask(text) !== text) return text;
  if (/^[\d.*]*$/.test(text) && /\d/.test(text)) throw new FormError(`"${clip(text)}": addresses are allowed by network, such as 10.1.0.0/16`);
  // Each "*" stands for at least nothing: what is around it must make a name with a letter in its place.
  const host = parseHost(text.replaceAll('*', 'x'));
  if (host === 'localhost' || host.endsWith('.localhost')) throw new FormError('a name never reaches loopback; write 127.0.0.1 or [::1] to allow this machine');
  return text.toLowerCase().replace(/\.$/, '');
}

function parsePorts(text: string, offset: number): AllowPattern['ports'] {
  if (text === '*') return { from: 1, to: 65_535 };
  const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const from = Number(found?.[1] ?? 0);
  const to = Number(found?.[2] ?? from);
  if (from >= 1 && to <= 65_535 && from <= to) return { from, to };
  if (/^\d+(?:,\s*\d+)+$/.test(text)) throw new FormError('one entry has one port or span of ports; write an entry for each', offset);
  throw new FormError(`"${clip(text)}" is no port; write one such as 443, a span such as 1-1023, or * for every port`, offset);
}
