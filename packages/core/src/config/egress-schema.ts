/** How a node gets out: the schema of `egress` in all its forms. */
import { z } from 'zod';
import type { Egress, EgressPath } from './chain.js';
import { parsePacPlace } from './pac-place.js';
import { parseProxyUrl } from './proxy-url.js';
import { expecting, textForm } from './text-form.js';

/** Alternatives of an egress. */
const MAX_WAYS = 64;
/** Proxies in a row. */
const MAX_PROXIES = 8;
const DIRECT: EgressPath = { through: [] };
/** Where a node is silent about its egress. */
export const DIRECT_EGRESS: Egress = { default: [DIRECT], byNeighbour: new Map() };

const proxyUrl = textForm(parseProxyUrl, { expected: 'a proxy URL', example: 'socks5://fw.globex:1080' });

/** `direct`, `env`, `pac:PLACE`, or a proxy URL. */
const wayOut = textForm(parseWay, { expected: '"direct" or a proxy URL', example: 'socks5://fw.globex:1080' });
const sequence = z
  .strictObject({
    through: z
      .array(proxyUrl, { error: expecting({ expected: 'a list of proxies', example: '["socks5://fw.globex:1080", "http://dmz.globex:3128"]' }) })
      .min(1)
      .max(MAX_PROXIES)
      .describe('Proxies to go through, in this order.'),
  })
  .transform(({ through }): EgressPath => ({ through }));
const list = z.array(z.union([wayOut, sequence])).min(1).max(MAX_WAYS);
const ways = z.union([wayOut.transform((way) => [way]), list, sequence.transform((way) => [way])]);
/** `{through: [...]}`, or a way for each neighbour. One object, so that a fault is told of the form that was meant. */
const wayMap = z
  .object({ through: sequence.in.shape.through.optional() })
  .catchall(ways)
  .transform(({ through, ...others }, context): Egress => {
    const neighbours = Object.entries(others);
    if (through === undefined) return { default: others['default'] ?? [DIRECT], byNeighbour: new Map(neighbours.filter(([name]) => name !== 'default')) };
    for (const [name] of neighbours) context.addIssue({ code: 'custom', path: [name], message: 'beside "through" there is no other key; write { NEIGHBOUR: { through: [...] }, default: ... }' });
    return { default: [{ through }], byNeighbour: new Map() };
  });
const everywhere = (paths: readonly EgressPath[]): Egress => ({ default: paths, byNeighbour: new Map() });

export const egressSchema = z
  .union([wayOut.transform((way) => everywhere([way])), list.transform(everywhere), wayMap])
  .describe(
    'How it gets out to the nodes it dials: `direct` (default), a proxy URL (socks4, socks4a, socks5, http, https), `env` for what HTTPS_PROXY, ALL_PROXY and NO_PROXY say, `pac:URL` for what a PAC file says, a list of alternatives, `{through: [a, b]}` for several in order, or a map by neighbour with `default`. Names of nodes are resolved by the proxy.',
  );

function parseWay(text: string): EgressPath {
  if (text === 'direct') return DIRECT;
  if (text === 'env') return { through: [], ask: { from: 'env' } };
  if (/^pac:/i.test(text)) return { through: [], ask: { from: 'pac', at: parsePacPlace(text) } };
  return { through: [parseProxyUrl(text)] };
}
