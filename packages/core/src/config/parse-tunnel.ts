/** One entry of `tunnels`. */
import { MAX_ALTERNATIVES } from '../protocol/index.js';
import type { PluginCatalogue } from '../plugin/catalogue.js';
import type { ChainDocument, Path } from './chain-document.js';
import type { Route, ServiceConfig, TunnelConfig } from './chain.js';
import { tunnelSchema } from './file-schema.js';
import { FormError } from './form-error.js';
import { checkPiece } from './issue-problems.js';
import { nameFault } from './name.js';
import { didYouMean } from './nearest.js';
import { parseAttached } from './parse-attached.js';
import { parseService } from './parse-service.js';
import { formatRoute, parseRoute, toRoute, type ParsedRoute, type RouteNode } from './route.js';

export interface ParseContext {
  readonly document: ChainDocument;
  readonly plugins: PluginCatalogue;
  /** Every node the file names, faulty ones included. */
  readonly nodeNames: readonly string[];
}

/** Reports what is wrong; undefined where the tunnel cannot be understood. */
export function parseTunnel(context: ParseContext, name: string): TunnelConfig | undefined {
  const { document } = context;
  const path = ['tunnels', name];
  if (document.isBroken(path)) return undefined;
  const tunnel = checkPiece(tunnelSchema, document.value(path), { document, path });
  const routes = parseRoutes(context, [...path, 'route']);
  const ends = endsOf(routes);
  const services = parseServices(context, path, ends);
  const login = tunnel?.login === undefined ? undefined : parseAttached(context, { path: [...path, 'login'], role: 'login', at: tunnel.login.at, ends });
  if (tunnel !== undefined) checkUsers(document, path, { services, login: tunnel.login });
  if (tunnel === undefined || ends === undefined) return undefined;
  return {
    name,
    common: tunnel.common ?? name,
    routes,
    ...ends,
    carriers: tunnel.carriers,
    spread: tunnel.spread,
    graceMs: tunnel.grace,
    ...(login === undefined ? {} : { login }),
    services,
    place: document.place(path, { part: 'key' }),
  };
}

/** Services for users are of no use to anybody where nobody logs in. */
function checkUsers(document: ChainDocument, tunnel: Path, { services, login }: { readonly services: ReadonlyMap<string, ServiceConfig>; readonly login: { readonly at: string } | undefined }): void {
  for (const { name, at, users } of services.values()) {
    if (users === undefined || login?.at === at) continue;
    const remedy = `write login: { at: ${at}, ... } at the tunnel`;
    const why = login === undefined ? 'nobody logs in' : `people log in at "${login.at}", and its applications connect at "${at}"`;
    document.report([...tunnel, 'services', name, 'users'], `users: ${why}; ${remedy}`, { part: 'key' });
  }
}

export interface Ends {
  readonly left: string;
  readonly right: string;
}

function endsOf(routes: readonly Route[]): Ends | undefined {
  const nodes = routes[0]?.nodes;
  return nodes === undefined ? undefined : { left: nodes[0] ?? '', right: nodes.at(-1) ?? '' };
}

function parseRoutes(context: ParseContext, path: Path): readonly Route[] {
  const { document } = context;
  const value = document.value(path);
  const texts = Array.isArray(value) ? value.map((text: unknown, index) => ({ text, path: [...path, index] })) : [{ text: value, path }];
  const parsed = texts.flatMap(({ text, path: at }) => (typeof text === 'string' ? parseOne(context, text, at) : []));
  if (parsed.length > MAX_ALTERNATIVES) document.report(path, `route: ${parsed.length} alternatives are too many; a tunnel has at most ${MAX_ALTERNATIVES}`);
  checkSameEnds(document, parsed);
  checkDistinct(document, parsed);
  return parsed.map(({ route }) => toRoute(route));
}

interface PlacedRoute {
  readonly route: ParsedRoute;
  readonly path: Path;
}

function parseOne({ document, nodeNames }: ParseContext, text: string, path: Path): PlacedRoute[] {
  try {
    const routes = parseRoute(text);
    const known = new Set(nodeNames);
    for (const { name, offset } of known.size === 0 ? [] : unknownNodes(routes, known)) document.report(path, `route: no node is named "${name}"${didYouMean(name, nodeNames, `; there are ${nodeNames.join(', ')}`)}`, { offset });
    return routes.map((route) => ({ route, path }));
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    document.report(path, `route: ${error.message}`, { offset: error.offset });
    return [];
  }
}

function unknownNodes(routes: readonly ParsedRoute[], known: ReadonlySet<string>): Iterable<RouteNode> {
  const unknown = routes.flatMap(({ nodes }) => nodes).filter(({ name }) => !known.has(name));
  return new Map(unknown.map((node) => [node.offset, node])).values();
}

function checkSameEnds(document: ChainDocument, routes: readonly PlacedRoute[]): void {
  const first = endsOf(routes.map(({ route }) => toRoute(route)));
  if (first === undefined) return;
  for (const { route, path } of routes) {
    const [left] = route.nodes;
    const right = route.nodes.at(-1);
    if (left?.name === first.left && right?.name === first.right) continue;
    const wrong = left?.name === first.left ? right : left;
    document.report(path, `route: every alternative has the same two ends; this one goes from "${left?.name}" to "${right?.name}", the first from "${first.left}" to "${first.right}"`, { offset: wrong?.offset ?? 0 });
  }
}

function checkDistinct(document: ChainDocument, routes: readonly PlacedRoute[]): void {
  const seen = new Set<string>();
  for (const { route, path } of routes) {
    const text = formatRoute(toRoute(route));
    if (seen.has(text)) document.report(path, `route: the alternative "${text}" is here twice`, { offset: route.nodes[0]?.offset ?? 0 });
    seen.add(text);
  }
}

function parseServices(context: ParseContext, tunnel: Path, ends: Ends | undefined): ReadonlyMap<string, ServiceConfig> {
  const services = new Map<string, ServiceConfig>();
  for (const name of context.document.keys([...tunnel, 'services'])) {
    const path = [...tunnel, 'services', name];
    const fault = nameFault(name, 'service');
    if (fault !== undefined) context.document.report(path, fault, { part: 'key' });
    const service = parseService(context, { name, path, ends });
    if (service !== undefined) services.set(name, service);
  }
  return services;
}
