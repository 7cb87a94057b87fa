/** What a service's options say about its two ends, whatever its plugin. */
import type { ServiceConfig, Side } from '@lstp/core';
import { formatServiceAddress } from '@lstp/core/config';

export interface MapService {
  readonly name: string;
  readonly plugin: string;
  /** The end where applications connect, and its side; the other end. */
  readonly at: string;
  readonly side: Side;
  readonly far: string;
  /** Where applications connect; empty where nothing listens (`lstp connect`). */
  readonly entry: string;
  /** What they reach; empty where the plugin says nothing of the usual kind. */
  readonly target: string;
  readonly codec?: string;
}

export function mapService(service: ServiceConfig, { left, right }: { readonly left: string; readonly right: string }): MapService {
  const { name, plugin, at, codec } = service;
  const side = at === left ? 'left' : 'right';
  const options = (typeof service.options === 'object' && service.options !== null ? service.options : {}) as Readonly<Record<string, unknown>>;
  return { name, plugin, at, side, far: side === 'left' ? right : left, entry: entryOf(options), target: targetOf({ ...options, allow: service.allow }), ...(codec === undefined ? {} : { codec }) };
}

/** Only options that are known to be no secrets are shown. */
function entryOf({ listen, display, sockets }: Readonly<Record<string, unknown>>): string {
  const text = optionText(listen);
  if (text !== '') return text;
  if (typeof display === 'number') return `display :${display}`;
  return sockets === undefined ? '' : 'a free display';
}

function targetOf({ to, allow }: Readonly<Record<string, unknown>>): string {
  const text = optionText(to);
  if (text !== '' || allow === undefined) return text;
  return optionText(allow) || 'nothing: no allow';
}

/** A text, an address, a pattern, or a list of them. */
function optionText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(optionText).filter((text) => text !== '').join(', ');
  if (typeof value !== 'object' || value === null) return '';
  if ('text' in value && typeof value.text === 'string') return value.text;
  return addressText(value);
}

function addressText(value: object): string {
  if (!('kind' in value)) return '';
  if (value.kind === 'unix' && 'path' in value) return formatServiceAddress({ kind: 'unix', path: String(value.path) });
  if (value.kind === 'inherited' && 'name' in value) return `systemd:${String(value.name)}`;
  if (value.kind === 'tcp' && 'host' in value && 'port' in value) return formatServiceAddress({ kind: 'tcp', host: String(value.host), port: Number(value.port) });
  return '';
}
