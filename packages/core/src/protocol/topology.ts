/**
 * TOPOLOGY_EXCHANGE in clear: entry₀ ‖ entry₁ ‖ …, each LP(JSON body) ‖ signature. Entry₀ is the end's, every
 * middle copies all bytes and appends its own. What was signed is never encoded again: entries are kept as bytes.
 * Specification: docs/spec.md, "TOPOLOGY_EXCHANGE".
 */
import { lengthPrefixed, readLengthPrefixed } from './bytes.js';
import type { Crypto } from './crypto.js';
import { SIGNATURE_BYTES, endEntryMessage, middleEntryMessage, type SigningCrypto } from './digest.js';
import { ProtocolError } from './error.js';
import { SETUP_BYTES, TOPOLOGY_ENTRIES } from './limits.js';
import { END_ENTRY, MIDDLE_ENTRY, type EndEntry, type MiddleEntry } from './messages.js';
import { parseJson } from './shape.js';

/** One entry as it came: `raw` = LP(body) ‖ signature. Views into the payload. */
export interface RawEntry {
  readonly raw: Buffer;
  readonly body: Buffer;
  readonly signature: Buffer;
}

/** A parsed list. `end` is entry₀, `middles` the rest in the order passed. */
export interface Topology {
  readonly entries: readonly RawEntry[];
  readonly end: EndEntry;
  readonly middles: readonly MiddleEntry[];
}

/** The end's own entry, signed together with its COMMONUNIQUE_INFO `cu`. */
export function makeEndEntry(body: EndEntry, cu: Uint8Array, { crypto, signer }: SigningCrypto): Buffer {
  const bytes = Buffer.from(JSON.stringify(body));
  return joinEntry(bytes, signer.sign(endEntryMessage(crypto, cu, bytes)));
}

/** `topology` (a whole payload) with a middle's entry behind it. Throws LIMIT when the list is full. */
export function appendMiddleEntry(topology: Buffer, body: MiddleEntry, { cu, crypto, signer }: SigningCrypto & { readonly cu: Uint8Array }): Buffer {
  const before = splitEntries(topology, 'TOPOLOGY_EXCHANGE').map(({ raw }) => raw);
  if (before.length >= TOPOLOGY_ENTRIES) throw full(`it has ${before.length} entries already, at most ${TOPOLOGY_ENTRIES} are allowed`);
  const bytes = Buffer.from(JSON.stringify(body));
  const entry = joinEntry(bytes, signer.sign(middleEntryMessage(crypto, cu, { before, body: bytes })));
  if (topology.length + entry.length > SETUP_BYTES) throw full(`it would grow beyond ${SETUP_BYTES} bytes`);
  return Buffer.concat([topology, entry]);
}

/** Reads a list and the bodies in it; no signature is checked. `what` names it in errors. */
export function parseTopology(payload: Buffer, what = 'TOPOLOGY_EXCHANGE'): Topology {
  const entries = splitEntries(payload, what);
  const [first, ...rest] = entries;
  if (first === undefined) throw new ProtocolError('PROTOCOL', `${what}: empty, the end's entry was expected`);
  return {
    entries,
    end: parseJson(first.body, END_ENTRY, `${what} entry 0`),
    middles: rest.map(({ body }, index) => parseJson(body, MIDDLE_ENTRY, `${what} entry ${index + 1}`)),
  };
}

/** Whether entry₀ was signed with the end's key, together with this `cu`. */
export function endEntryVerifies(topology: Topology, cu: Uint8Array, crypto: Crypto): boolean {
  const [first] = topology.entries;
  return first !== undefined && crypto.verify(topology.end.key, endEntryMessage(crypto, cu, first.body), first.signature);
}

/** The number of the first middle's entry whose signature is wrong; undefined when all are right. */
export function firstForgedEntry(topology: Topology, cu: Uint8Array, crypto: Crypto): number | undefined {
  const { entries, middles } = topology;
  const raws = entries.map(({ raw }) => raw);
  for (const [index, { key }] of middles.entries()) {
    const at = index + 1;
    const { body, signature } = entries[at] as RawEntry;
    if (!crypto.verify(key, middleEntryMessage(crypto, cu, { before: raws.slice(0, at), body }), signature)) return at;
  }
  return undefined;
}

function splitEntries(payload: Buffer, what: string): RawEntry[] {
  const entries: RawEntry[] = [];
  for (let at = 0; at < payload.length; ) {
    const name = `${what} entry ${entries.length}`;
    if (entries.length === TOPOLOGY_ENTRIES) throw new ProtocolError('LIMIT', `${what}: more than ${TOPOLOGY_ENTRIES} entries`);
    const { value: body, end } = readLengthPrefixed(payload, at, name);
    if (payload.length - end < SIGNATURE_BYTES) throw new ProtocolError('PROTOCOL', `${name}: ends inside its signature`);
    const next = end + SIGNATURE_BYTES;
    entries.push({ raw: payload.subarray(at, next), body, signature: payload.subarray(end, next) });
    at = next;
  }
  return entries;
}

function joinEntry(body: Buffer, signature: Buffer): Buffer {
  return Buffer.concat([lengthPrefixed(body), signature]);
}

function full(why: string): ProtocolError {
  return new ProtocolError('LIMIT', `TOPOLOGY_EXCHANGE: ${why}`);
}
