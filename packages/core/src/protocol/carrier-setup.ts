/**
 * Set-up again, over the secured line: each end says once more what it said in clear and shows what it received
 * in clear; both compare. Whatever a middle changed is found and named here, or was found before PASS_THROUGH.
 *
 *   frames()        the two frames to write first inside TLS
 *   handleFrame()   the peer's two frames; after the second the carrier has its identity
 *
 * Pure; the TLS session itself and its pins are the security plugin's. Specification: docs/spec.md, "Set-up inside TLS".
 */
import { lengthPrefixed, readLengthPrefixed } from './bytes.js';
import type { CarrierFacts } from './carrier.js';
import type { Crypto, PublicKey } from './crypto.js';
import { carrierTranscript } from './digest.js';
import { ProtocolError } from './error.js';
import { encodeFrame, type Frame } from './frame.js';
import type { Side } from './messages.js';
import type { CheckedPeer, MapNode } from './peer-check.js';
import type { OwnSetup } from './setup.js';
import { parseTopology, type RawEntry } from './topology.js';

/** Bytes of a carrier's id. */
export const CARRIER_ID_BYTES = 16;

/** What both ends of one carrier have in common, and nobody else. */
export interface CarrierIdentity {
  /** T: 32 bytes, equal at both ends exactly when both saw one set-up. */
  readonly transcript: Buffer;
  /** The first 16 bytes of T, in base64url as PROPERTY_EXCHANGE.alive lists it. */
  readonly id: string;
  /** The way, from the left end to the right end. */
  readonly nodes: readonly MapNode[];
  /** What the tunnel is to know of the carrier. `exported` = 32 bytes of the TLS session under CARRIER_EXPORTER, which the proofs are for. */
  facts(exported: Uint8Array): CarrierFacts;
}

/** One carrier's second exchange of set-up. */
export class CarrierSetup {
  readonly #own: OwnSetup;
  readonly #peer: CheckedPeer;
  readonly #crypto: Crypto;
  #commonuniqueSeen = false;
  #identity: CarrierIdentity | undefined;

  constructor(own: OwnSetup, peer: CheckedPeer, crypto: Crypto) {
    this.#own = own;
    this.#peer = peer;
    this.#crypto = crypto;
  }

  /** COMMONUNIQUE_INFO and TOPOLOGY_EXCHANGE in one buffer. */
  frames(): Buffer {
    const shown = Buffer.concat([lengthPrefixed(this.#own.entry), lengthPrefixed(this.#peer.setup.topology)]);
    return Buffer.concat([encodeFrame('COMMONUNIQUE_INFO', 0, this.#own.cu), encodeFrame('TOPOLOGY_EXCHANGE', 0, shown)]);
  }

  /** The identity once it is known, else undefined. */
  get identity(): CarrierIdentity | undefined {
    return this.#identity;
  }

  /**
   * Takes the peer's first two frames, in this order. Gives the identity with the second.
   * Throws TAMPERED naming what differs from the clear, PROTOCOL for any other frame.
   */
  handleFrame({ name, channel, payload }: Pick<Frame, 'name' | 'channel' | 'payload'>): CarrierIdentity | undefined {
    const expected = this.#commonuniqueSeen ? 'TOPOLOGY_EXCHANGE' : 'COMMONUNIQUE_INFO';
    if (this.#identity !== undefined || name !== expected) throw new ProtocolError('PROTOCOL', `${name} inside TLS where ${this.#identity ? 'set-up is over' : `${expected} was expected`}`);
    if (channel !== 0) throw new ProtocolError('PROTOCOL', `${name}: on channel ${channel} instead of 0`);
    if (name === 'COMMONUNIQUE_INFO') this.#handleCommonuniqueInfo(payload);
    else this.#identity = this.#handleTopologyExchange(payload);
    return this.#identity;
  }

  #handleCommonuniqueInfo(payload: Buffer): void {
    if (!this.#crypto.equal(payload, this.#peer.setup.cu)) {
      throw tampered(`COMMONUNIQUE_INFO${differingMember(payload, this.#peer.setup.cu)}: in clear it was not what it is inside TLS`);
    }
    this.#commonuniqueSeen = true;
  }

  #handleTopologyExchange(payload: Buffer): CarrierIdentity {
    const { value: entry, end } = readLengthPrefixed(payload, 0, 'TOPOLOGY_EXCHANGE inside TLS');
    const { value: list, end: behind } = readLengthPrefixed(payload, end, 'TOPOLOGY_EXCHANGE inside TLS');
    if (behind !== payload.length) throw new ProtocolError('PROTOCOL', 'TOPOLOGY_EXCHANGE inside TLS: bytes behind the list');
    const [clear] = this.#peer.topology.entries as [RawEntry];
    if (!this.#crypto.equal(entry, clear.raw)) throw tampered('TOPOLOGY_EXCHANGE entry 0: in clear it was not what it is inside TLS');
    this.#checkPeersList(list);
    return this.#identify(Buffer.from(list));
  }

  /** What the peer received in clear: our entry unchanged, and the same middles the other way round. */
  #checkPeersList(list: Buffer): void {
    const { entries, middles } = parseTopology(list, 'TOPOLOGY_EXCHANGE that the peer received in clear,');
    const [first] = entries as [RawEntry];
    if (!this.#crypto.equal(first.raw, this.#own.entry)) throw tampered('TOPOLOGY_EXCHANGE entry 0: the peer received another one than this end sent');
    const theirs = middles.map(({ key }) => key).reverse();
    const ours = this.#peer.topology.middles.map(({ key }) => key);
    const at = firstDifference(ours, theirs);
    if (at !== undefined) throw tampered(`TOPOLOGY_EXCHANGE entry ${at + 1}: key is not on the way that the peer's list shows`);
  }

  #identify(listOfPeer: Buffer): CarrierIdentity {
    const { info, cu, entry } = this.#own;
    const { setup, topology, nodes } = this.#peer;
    const own = { cu, entry, received: setup.topology };
    const peer = { cu: setup.cu, entry: (topology.entries[0] as RawEntry).raw, received: listOfPeer };
    const [left, right] = info.side === 'left' ? [own, peer] : [peer, own];
    const transcript = carrierTranscript(this.#crypto, [left.cu, left.entry, right.cu, right.entry, right.received, left.received]);
    const id = transcript.subarray(0, CARRIER_ID_BYTES).toString('base64url');
    return { transcript, id, nodes, facts: (exported) => this.#factsOf(id, transcript, exported) };
  }

  #factsOf(id: string, transcript: Buffer, exported: Uint8Array): CarrierFacts {
    const [own, peer] = [this.#own.info, this.#peer.setup.info];
    const [left, right] = own.side === 'left' ? [own, peer] : [peer, own];
    const proofOf = (side: Side): Buffer => this.#crypto.hmac(exported, Buffer.from(side), transcript);
    return {
      id,
      slot: own.slot,
      instance: own.instance,
      peerInstance: peer.instance,
      peerEpoch: peer.epoch,
      pingMs: Math.max(own.pingMs, peer.pingMs),
      rank: [left.epoch, right.epoch, left.attempt, right.attempt],
      proof: proofOf(own.side).toString('base64url'),
      checkProof: (proof) => this.#crypto.equal(Buffer.from(proof, 'base64url'), proofOf(peer.side)),
    };
  }
}

function firstDifference(ours: readonly PublicKey[], theirs: readonly PublicKey[]): number | undefined {
  const length = Math.max(ours.length, theirs.length);
  for (let at = 0; at < length; at++) if (ours[at] !== theirs[at]) return at;
  return undefined;
}

/** `.member` of the first member that differs between two COMMONUNIQUE_INFO; nothing when it is not in a member. */
function differingMember(inside: Buffer, clear: Buffer): string {
  try {
    const [a, b] = [JSON.parse(inside.toString()), JSON.parse(clear.toString())] as Record<string, unknown>[];
    const member = Object.keys({ ...b, ...a }).find((name) => JSON.stringify(a?.[name]) !== JSON.stringify(b?.[name]));
    return member !== undefined && /^\w{1,32}$/.test(member) ? `.${member}` : '';
  } catch {
    return '';
  }
}

function tampered(what: string): ProtocolError {
  return new ProtocolError('TAMPERED', what);
}
