/** `host:port`, `[v6]:port`: the form that legs, services, proxies and `allow` have in common. */
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { FormError } from './form-error.js';
import { clip } from './name.js';
import { mask, MASK } from './secret.js';

export interface HostPort {
  /** A name in lower case or a literal address without brackets; as written where it holds a reference. */
  readonly host: string;
  /** 0 where it stands in a reference that is not filled in yet. */
  readonly port: number;
}

export interface HostPortForm {
  /** What a right one looks like, for messages. */
  readonly example: string;
  /** Port where none is written; without it one must be. */
  readonly defaultPort?: number;
  /** Whether port 0 (any free one) makes sense. */
  readonly anyPort?: 'allowed';
  /** Where `text` begins in the whole text, for the offsets of errors. */
  readonly offset?: number;
}

const REFERENCE = new RegExp(MASK);
/** What the system takes for an IPv4 address in another writing, 0x7f.1 for 127.0.0.1. */
const NUMBERS = /^[\d.]+$|^(?:\d+|0x[0-9a-f]*)(?:\.(?:\d+|0x[0-9a-f]*))*\.?$/i;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;

/** Throws FormError. */
export function parseHostPort(text: string, form: HostPortForm): HostPort {
  const offset = form.offset ?? 0;
  if (text === '') throw new FormError(`empty; write ${form.example}`, offset);
  const masked = mask(text);
  // A reference may stand for the whole, port included.
  if (/^\uE000+$/.test(masked)) return { host: text, port: 0 };
  const { host, port } = split(masked, form);
  const hostText = text.slice(host.at, host.at + host.text.length);
  return { host: parseHost(hostText, offset + host.at), port: port === undefined ? (form.defaultPort ?? 0) : parsePort(port.text, form, offset + port.at) };
}

/** Back to text, IPv6 in brackets. */
export function formatHostPort({ host, port }: HostPort): string {
  if (port === 0 && mask(host) !== host) return host;
  return `${host.includes(':') && isIP(host.replace(/%.*/, '')) === 6 ? `[${host}]` : host}:${port}`;
}

/** Whether `host` means every address of a machine, so that nobody can dial it. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || /^[0:]*:[0:]*$/.test(host);
}

interface Piece {
  readonly text: string;
  readonly at: number;
}

function split(text: string, form: HostPortForm): { host: Piece; port: Piece | undefined } {
  const offset = form.offset ?? 0;
  const bracketed = /^\[([^\]]*)\](.*)$/s.exec(text);
  if (bracketed !== null) return splitBracketed(bracketed[1] ?? '', bracketed[2] ?? '', form);
  const colon = text.lastIndexOf(':');
  if (text.indexOf(':') !== colon) throw new FormError(`"${clip(text)}": an IPv6 address stands in brackets; write ${bracketedSuggestion(text, form)}, in quotes`, offset);
  if (colon < 0 && form.defaultPort === undefined) throw new FormError(`"${visible(text)}" has no port; write ${withPort(text, form)}`, offset);
  if (colon === 0) throw new FormError(`"${visible(text)}" has no host; write ${hostSuggestion(text, form)}`, offset);
  if (colon < 0) return { host: { text, at: 0 }, port: undefined };
  return { host: { text: text.slice(0, colon), at: 0 }, port: { text: text.slice(colon + 1), at: colon + 1 } };
}

function splitBracketed(host: string, behind: string, form: HostPortForm): { host: Piece; port: Piece | undefined } {
  const offset = form.offset ?? 0;
  const end = host.length + 2;
  if (isIP(host.replace(/%.+$/, '')) !== 6) throw new FormError(`"[${clip(host)}]": only an IPv6 address stands in brackets; write ${form.example}`, offset);
  if (behind === '' && form.defaultPort !== undefined) return { host: { text: host, at: 1 }, port: undefined };
  if (!behind.startsWith(':')) throw new FormError(`"[${clip(host)}]" has no port; write "[${clip(host)}]:${examplePort(form)}", in quotes`, offset + end);
  return { host: { text: host, at: 1 }, port: { text: behind.slice(1), at: end + 1 } };
}

function parsePort(text: string, form: HostPortForm, offset: number): number {
  if (REFERENCE.test(text)) return 0;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  const least = form.anyPort === 'allowed' ? 0 : 1;
  if (port >= least && port <= 65_535) return port;
  throw new FormError(text === '' ? `no port behind ":"; write ${form.example}` : `"${clip(text)}" is no port; a port is a number from ${least} to 65535`, offset);
}

/** A host name in lower case or a literal address. Throws FormError. */
export function parseHost(text: string, offset = 0): string {
  if (mask(text) !== text) return text;
  if (isIP(text) === 4 || isIP(text.replace(/%[^%\s]+$/, '')) === 6) return text.toLowerCase();
  if (NUMBERS.test(text)) throw new FormError(`"${clip(text)}" is no IPv4 address; it has four numbers from 0 to 255, as in 192.0.2.7`, offset);
  if (text === '*') throw new FormError('"*" is no address to listen on; write 0.0.0.0, or [::] for IPv6', offset);
  const name = text.replace(/\.$/, '');
  if (name.length <= 253 && name.split('.').every((label) => LABEL.test(label))) return name.toLowerCase();
  throw new FormError(`"${clip(text)}" is no host name or address${asciiForm(name)}`, offset);
}

function asciiForm(name: string): string {
  // oxlint-disable-next-line no-control-regex -- everything beyond ASCII
  const ascii = /[^\u0000-\u007f]/.test(name) ? domainToASCII(name) : '';
  return ascii === '' ? '; names have letters, digits, "-" and "."' : `; write its ASCII form, ${clip(ascii)}`;
}

function visible(masked: string): string {
  return clip(masked.replaceAll(/\uE000+/g, '${...}'));
}

function examplePort({ example }: HostPortForm): string {
  return /(\d+)(?!.*\d)/.exec(example)?.[1] ?? '7070';
}

function withPort(text: string, form: HostPortForm): string {
  return /^\d+$/.test(text) ? form.example : `${visible(text)}:${examplePort(form)}`;
}

function hostSuggestion(text: string, form: HostPortForm): string {
  return form.anyPort === 'allowed' && /^:\d+$/.test(text) ? `127.0.0.1${text} for this machine alone, or 0.0.0.0${text}` : form.example;
}

function bracketedSuggestion(text: string, form: HostPortForm): string {
  const colon = text.lastIndexOf(':');
  if (isIP(text.slice(0, colon)) === 6 && /^\d+$/.test(text.slice(colon + 1))) return `"[${text.slice(0, colon)}]:${text.slice(colon + 1)}"`;
  return isIP(text) === 6 ? `"[${text}]:${examplePort(form)}"` : '"[ADDRESS]:PORT"';
}
