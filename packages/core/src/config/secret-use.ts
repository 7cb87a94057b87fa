/** Which texts of a chain file a node uses: only their references are read there. */
import type { PluginCatalogue } from '../plugin/catalogue.js';
import type { ChainDocument, Path } from './chain-document.js';
import { FormError } from './form-error.js';
import { parseRoute, type ParsedRoute } from './route.js';

/** For whom references are filled in: one node, or every node (a trial of all in one process). */
export type SecretUser = { readonly node: string } | 'every-node';

/** Whether the text at a path is used. */
export type UseOf = (path: Path) => boolean;

/**
 * A node uses all of its own entry, the keys of all nodes, the addresses of those it dials, the tunnels it is part of,
 * and of their services, where it is an end, the options of its side.
 */
export function usedBy(user: SecretUser, document: ChainDocument, plugins: PluginCatalogue): UseOf {
  if (user === 'every-node') return () => true;
  const { node } = user;
  const routes = new Map(document.keys(['tunnels']).map((name) => [name, routesOf(document, name)]));
  const dialed = dialedBy(node, [...routes.values()].flat());
  return ([top, name, key, ...rest]) => {
    if (top === 'nodes') return name === node || key === 'key' || (dialed.has(String(name)) && isDialedAddress(document, String(name), key));
    if (top !== 'tunnels') return true;
    const own = (routes.get(String(name)) ?? []).filter(({ nodes }) => nodes.some((one) => one.name === node));
    if (key !== 'services' && key !== 'login') return own.length > 0;
    if (!own.some((route) => isEnd(node, route))) return false;
    if (key === 'login') return usesLogin({ document, plugins, node }, ['tunnels', name ?? '', 'login', ...rest]);
    return usesOption({ document, plugins, node }, ['tunnels', name ?? '', 'services', ...rest]);
  };
}

function isDialedAddress(document: ChainDocument, name: string, key: PropertyKey | undefined): boolean {
  return key === 'address' || (key === 'listen' && !document.has(['nodes', name, 'address']));
}

function isEnd(node: string, { nodes }: ParsedRoute): boolean {
  return nodes[0]?.name === node || nodes.at(-1)?.name === node;
}

function routesOf(document: ChainDocument, tunnel: string): readonly ParsedRoute[] {
  const value = document.value(['tunnels', tunnel, 'route']);
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  return texts.flatMap((text) => (typeof text === 'string' ? lenient(text) : []));
}

/** A bad route is reported where it is parsed for good. */
function lenient(text: string): readonly ParsedRoute[] {
  try {
    return parseRoute(text);
  } catch (error) {
    if (error instanceof FormError) return [];
    throw error;
  }
}

function dialedBy(node: string, routes: readonly ParsedRoute[]): ReadonlySet<string> {
  const dialed = new Set<string>();
  for (const { nodes, arrows } of routes) {
    for (const [index, arrow] of arrows.entries()) {
      const [left, right] = [nodes[index]?.name ?? '', nodes[index + 1]?.name ?? ''];
      if (arrow === '>' && left === node) dialed.add(right);
      if (arrow === '<' && right === node) dialed.add(left);
    }
  }
  return dialed;
}

function usesOption({ document, plugins, node }: { document: ChainDocument; plugins: PluginCatalogue; node: string }, path: Path): boolean {
  const service = path.slice(0, 4);
  const option = String(path[4]);
  const at = document.value([...service, 'at']);
  if (option === 'monitors' || option === 'rewriters') return (document.value([...service, option, path[5] ?? 0, 'at']) ?? at) === node;
  const { front, back } = sides(plugins, document.value([...service, 'plugin']) ?? 'forward');
  const isFront = at === node;
  return isFront ? option !== 'to' && !back.includes(option) : option !== 'listen' && !front.includes(option);
}

/** The end that logs in has the `front` options. */
function usesLogin({ document, plugins, node }: { document: ChainDocument; plugins: PluginCatalogue; node: string }, path: Path): boolean {
  const login = path.slice(0, 3);
  const { front, back } = sides(plugins, document.value([...login, 'plugin']) ?? 'login');
  return !(document.value([...login, 'at']) === node ? back : front).includes(String(path[3]));
}

function sides(plugins: PluginCatalogue, name: unknown): { readonly front: readonly string[]; readonly back: readonly string[] } {
  const { front = [], back = [] } = (typeof name === 'string' ? plugins.get(name)?.oneSided : undefined) ?? {};
  return { front, back };
}
