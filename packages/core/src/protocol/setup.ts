/**
 * Set-up in clear: what an end freezes for one carrier attempt, and what arrives of the other end's.
 *
 *   freezeSetup()   own COMMONUNIQUE_INFO and topology entry, to be sent and kept byte for byte
 *   parseSetup()    the two frames of the other side, as they came over a leg
 *
 * Who may pair with whom is rendezvous.ts; whether what came can be believed is peer-check.ts.
 * Specification: docs/spec.md, "Set-up".
 */
import type { PublicKey } from './crypto.js';
import type { SigningCrypto } from './digest.js';
import { ProtocolError } from './error.js';
import { SETUP_BYTES } from './limits.js';
import { COMMONUNIQUE, type Commonunique } from './messages.js';
import { parseJson } from './shape.js';
import { makeEndEntry, parseTopology, type Topology } from './topology.js';

/** Versions of the carrier protocol that this implementation speaks. */
export const VERSIONS: readonly number[] = [1];

/** What an end says of itself for one attempt at one carrier. Never encoded again: both buffers are signed or digested. */
export interface OwnSetup {
  readonly info: Commonunique;
  /** COMMONUNIQUE_INFO's payload. */
  readonly cu: Buffer;
  /** Entry₀, which is the whole payload of TOPOLOGY_EXCHANGE as an end sends it. */
  readonly entry: Buffer;
}

/** Set-up as it came over a leg; nothing in it is verified. Owns its bytes. */
export interface ClearSetup {
  readonly info: Commonunique;
  /** COMMONUNIQUE_INFO's payload, as received. */
  readonly cu: Buffer;
  /** TOPOLOGY_EXCHANGE's payload, as received. */
  readonly topology: Buffer;
}

/** Draws the nonce, encodes, signs. `info.key` must be the signer's. */
export function freezeSetup(info: Omit<Commonunique, 'nonce' | 'key'>, node: string, signing: SigningCrypto): OwnSetup {
  const key = signing.signer.publicKey;
  const whole: Commonunique = { ...info, key, nonce: signing.crypto.random(32).toString('base64url') };
  const cu = Buffer.from(JSON.stringify(whole));
  if (cu.length > SETUP_BYTES) throw new RangeError(`COMMONUNIQUE_INFO has ${cu.length} bytes, at most ${SETUP_BYTES} are allowed: fewer keys for one node are needed`);
  return { info: whole, cu, entry: makeEndEntry({ node, key }, cu, signing) };
}

/** Reads both payloads and keeps copies of them. Throws ProtocolError naming frame and member. */
export function parseSetup(cu: Buffer, topology: Buffer): ClearSetup {
  const info = parseJson(cu, COMMONUNIQUE, 'COMMONUNIQUE_INFO');
  const { end } = parseTopology(topology);
  if (end.key !== info.key) throw new ProtocolError('TAMPERED', 'TOPOLOGY_EXCHANGE entry 0: key is not the key of COMMONUNIQUE_INFO');
  return { info, cu: unpooled(cu), topology: unpooled(topology) };
}

/** The entries of a set-up that parseSetup() took. */
export function topologyOf(setup: ClearSetup): Topology {
  return parseTopology(setup.topology);
}

/** Of two ends, whether each one's key is among those that the other takes for its peer. */
export function isMutual(a: Pick<Commonunique, 'key' | 'peers'>, b: Pick<Commonunique, 'key' | 'peers'>): boolean {
  return a.peers.includes(b.key) && b.peers.includes(a.key);
}

/**
 * Of two carriers for one slot, whether `a` is the one that stays: the greater
 * (epoch left, epoch right, attempt left, attempt right), so that both ends choose alike.
 */
export function isGreaterAttempt(a: AttemptPair, b: AttemptPair): boolean {
  const order = [
    a.left.epoch - b.left.epoch,
    a.right.epoch - b.right.epoch,
    a.left.attempt - b.left.attempt,
    a.right.attempt - b.right.attempt,
  ];
  return (order.find((difference) => difference !== 0) ?? 0) > 0;
}

export interface AttemptPair {
  readonly left: Pick<Commonunique, 'epoch' | 'attempt'>;
  readonly right: Pick<Commonunique, 'epoch' | 'attempt'>;
}

/** Key and node of whoever stands at one place of a route, as the own chain file pins them. */
export interface RoutePin {
  readonly node: string;
  /** Empty only for trials, where the file has no key for it. */
  readonly keys: readonly PublicKey[];
}

/** A copy outside Buffer's pool: a few kept bytes must not hold 8 KiB of what was passing. */
function unpooled(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
