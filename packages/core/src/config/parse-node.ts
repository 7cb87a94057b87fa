/** One entry of `nodes`. */
import type { ChainDocument } from './chain-document.js';
import type { NodeConfig } from './chain.js';
import { DIRECT_EGRESS } from './egress-schema.js';
import { nodeSchema } from './file-schema.js';
import { checkPiece } from './issue-problems.js';
import { clip } from './name.js';
import { didYouMean } from './nearest.js';

/** Reports what is wrong; undefined then. A node of which nothing is said (`west: {}`, `west:`) is one for trials. */
export function parseNode(document: ChainDocument, name: string): NodeConfig | undefined {
  const path = ['nodes', name];
  const value = document.value(path);
  if (document.isBroken(path)) return undefined;
  const node = checkPiece(nodeSchema, value === null ? {} : value, { document, path });
  checkNeighbours(document, name);
  if (node === undefined) return undefined;
  const listen = node.listen ?? [];
  if (node.admit !== undefined && listen.length === 0) document.report(path, `"${name}" admits others and has no "listen"; add listen: 0.0.0.0:7070`, { part: 'key' });
  return {
    name,
    keys: node.key ?? [],
    listen,
    address: node.address ?? listen,
    egress: node.egress ?? DIRECT_EGRESS,
    ...(node.authorities === undefined ? {} : { authorities: node.authorities }),
    ...(node.certificate === undefined ? {} : { certificate: node.certificate }),
    ...(node.proxyProtocol === undefined ? {} : { proxyProtocol: node.proxyProtocol }),
    ...(node.admit === undefined ? {} : { admit: node.admit }),
    place: document.place(path, { part: 'key' }),
  };
}

/** The keys of an egress map are nodes. */
function checkNeighbours(document: ChainDocument, name: string): void {
  const nodes = document.keys(['nodes']);
  const path = ['nodes', name, 'egress'];
  for (const neighbour of document.keys(path)) {
    if (neighbour === 'default' || neighbour === 'through') continue;
    if (neighbour === name) document.report([...path, neighbour], `egress: "${name}" does not dial itself`, { part: 'key' });
    else if (!nodes.includes(neighbour)) document.report([...path, neighbour], `egress: no node is named "${clip(neighbour)}"${didYouMean(neighbour, [...nodes, 'default', 'through'], '; a key here is a neighbour or "default"')}`, { part: 'key' });
  }
}
