/** That no two things of one node listen at one address. */
import type { PluginCatalogue } from '../plugin/catalogue.js';
import type { ChainDocument, Path } from './chain-document.js';
import type { Chain, ServiceAddress } from './chain.js';
import { FormError } from './form-error.js';
import { isWildcard } from './host-port.js';
import { addressInSpan, parsePortSpan, spanLength } from './port-span.js';
import { parseServiceListen } from './service-address.js';

interface Listener {
  readonly what: string;
  readonly node: string;
  readonly address: ServiceAddress;
  readonly transport: 'stream' | 'datagram';
  readonly path: Path;
}

export function checkListeners(document: ChainDocument, chain: Chain, plugins: PluginCatalogue): void {
  const byPort = new Map<string, Listener[]>();
  // A span of ports is a listener each, under one path.
  const reported = new Set<Path>();
  for (const listener of [...legListeners(document, chain), ...serviceListeners(document, chain, plugins)]) {
    const { node, transport, address } = listener;
    const bucket = `${node} ${transport} ${address.kind === 'tcp' ? address.port : address.path}`;
    const others = byPort.get(bucket) ?? [];
    const other = others.find((one) => overlap(one.address, address));
    if (other !== undefined && !reported.has(listener.path)) document.report(listener.path, `listen: ${other.what} listens there already; choose another ${address.kind === 'tcp' ? 'port' : 'path'}`);
    if (other !== undefined) reported.add(listener.path);
    byPort.set(bucket, [...others, listener]);
  }
}

function* legListeners(document: ChainDocument, { nodes }: Chain): Generator<Listener> {
  for (const { name, listen } of nodes.values()) {
    const path = ['nodes', name, 'listen'];
    const isList = Array.isArray(document.value(path));
    for (const [index, { host, port }] of listen.entries()) yield { what: `the node "${name}" itself`, node: name, address: { kind: 'tcp', host, port }, transport: 'stream', path: isList ? [...path, index] : path };
  }
}

/** A service's `listen`, whatever its plugin, if it is of the usual form. */
function* serviceListeners(document: ChainDocument, { tunnels }: Chain, plugins: PluginCatalogue): Generator<Listener> {
  for (const tunnel of tunnels.values()) {
    for (const { name, at, plugin } of tunnel.services.values()) {
      const path = ['tunnels', tunnel.name, 'services', name, 'listen'];
      const addresses = parsed(document.value(path));
      const transport = plugins.get(plugin)?.listens ?? 'stream';
      for (const address of addresses) yield { what: `the service "${name}" of the tunnel "${tunnel.name}", at the same node,`, node: at, address, transport, path };
    }
  }
}

function parsed(text: unknown): ServiceAddress[] {
  if (typeof text !== 'string') return [];
  try {
    const span = parsePortSpan(text);
    return span === undefined ? [parseServiceListen(text)] : Array.from({ length: spanLength(span) }, (_, number) => addressInSpan(span, number));
  } catch (error) {
    if (error instanceof FormError) return [];
    throw error;
  }
}

/** Of two addresses with one port or path. Port 0 is any free one; a wildcard takes the port of every address. */
function overlap(a: ServiceAddress, b: ServiceAddress): boolean {
  if (a.kind === 'unix' || b.kind === 'unix') return a.kind === b.kind;
  if (a.port === 0) return false;
  if (a.host === b.host || a.host === '::' || b.host === '::') return true;
  const isV6 = (host: string): boolean => host.includes(':');
  return (isWildcard(a.host) || isWildcard(b.host)) && isV6(a.host) === isV6(b.host);
}
