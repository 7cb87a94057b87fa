/** Two ends and the middles between them, at the level of set-up payloads: what each would send and receive. */
import type { Commonunique } from '../../../src/protocol/messages.js';
import type { PeerExpectation } from '../../../src/protocol/peer-check.js';
import { freezeSetup, parseSetup, type ClearSetup, type OwnSetup, type RoutePin } from '../../../src/protocol/setup.js';
import { appendMiddleEntry } from '../../../src/protocol/topology.js';
import { rendezvousDigest } from '../../../src/protocol/digest.js';
import { namedSigner, seededCrypto } from '../../../src/testing/index.js';

export const crypto = seededCrypto('way');
export const keyOf = (node: string) => namedSigner(node).publicKey;
const MIDDLES = ['west', 'east', 'south'];

export interface Way {
  /** From the left end to the right end. */
  readonly names: readonly string[];
  readonly left: OwnSetup;
  readonly right: OwnSetup;
  /** What the left end received of the right end, and the other way round. */
  readonly atLeft: ClearSetup;
  readonly atRight: ClearSetup;
}

/** Set-up of `desk`, through `middles` honest middles, with `lab`. */
export function wayThrough(middles: number): Way {
  const names = ['desk', ...MIDDLES.slice(0, middles), 'lab'];
  const left = endSetup('desk', { side: 'left', peers: [keyOf('lab')] });
  const right = endSetup('lab', { side: 'right', peers: [keyOf('desk')] });
  return { names, left, right, atRight: forwarded(left, names), atLeft: forwarded(right, names.toReversed()) };
}

export function endSetup(node: string, members: Partial<Commonunique> & Pick<Commonunique, 'side' | 'peers'>): OwnSetup {
  const info = {
    versions: [1],
    common: rendezvousDigest(crypto, 'acme-globex'),
    epoch: 1_700_000_000_000,
    instance: crypto.random(16).toString('base64url'),
    slot: 0,
    alt: 0,
    attempt: 1,
    pingMs: 15_000,
    ...members,
  };
  return freezeSetup(info, node, { crypto, signer: namedSigner(node) });
}

/** What arrives at the last of `names` when the first is `own`'s end and those between are honest. */
export function forwarded(own: OwnSetup, names: readonly string[]): ClearSetup {
  let topology: Buffer = own.entry;
  for (let at = 1; at < names.length - 1; at++) topology = append(topology, own.cu, { names, at });
  return parseSetup(own.cu, topology);
}

export function append(topology: Buffer, cu: Buffer, { names, at }: { names: readonly string[]; at: number }): Buffer {
  const node = names[at] as string;
  const body = { node, key: keyOf(node), address: `${node}.example.net:7070`, from: keyOf(names[at - 1] as string), to: keyOf(names[at + 1] as string) };
  return appendMiddleEntry(topology, body, { cu, crypto, signer: namedSigner(node) });
}

/** What the end at `side` of `names` expects, with every key pinned. */
export function expectation(names: readonly string[], side: 'left' | 'right'): PeerExpectation & { crypto: typeof crypto } {
  const route: RoutePin[] = names.map((node) => ({ node, keys: [keyOf(node)] }));
  const [peer, neighbour] = side === 'left' ? [names.at(-1), names[1]] : [names[0], names.at(-2)];
  return { keys: [keyOf(peer as string)], route, neighbour: keyOf(neighbour as string), crypto };
}
