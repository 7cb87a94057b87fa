/**
 * Brings carriers up over simulated relays for one end, as packages/end does over real ones: legs, set-up, its comparison. The
 * left end walks its alternatives, the right end offers all of them; whatever fails is tried again a little later.
 */
import { CarrierSetup, type CarrierIdentity } from '../../src/protocol/carrier-setup.js';
import type { CarrierFacts } from '../../src/protocol/carrier.js';
import { rendezvousDigest } from '../../src/protocol/digest.js';
import { ProtocolError } from '../../src/protocol/error.js';
import { FrameReader } from '../../src/protocol/frame.js';
import { PASS_THROUGH_MS } from '../../src/protocol/limits.js';
import type { Side } from '../../src/protocol/messages.js';
import { checkPeerSetup, type CheckedPeer } from '../../src/protocol/peer-check.js';
import { freezeSetup, type ClearSetup, type OwnSetup } from '../../src/protocol/setup.js';
import type { SimLeg } from '../protocol/support/sim-leg.js';
import { SimNode } from '../protocol/support/sim-node.js';
import type { LegSocket, RelayWorld } from './relay-world.js';
import { SecuredPipe } from './secured-pipe.js';

/** As packages/end: how long the left end waits on one alternative, and how long a carrier may take once the peer is known. */
const UNPAIRED_MS = 5000;
const BUILD_MS = 10_000;
/** What the two ends of a TLS session export alike. */
const EXPORTED = Buffer.alloc(32, 7);

export interface RelayedEndHost {
  /** Names of all nodes from left to right, for each alternative. */
  readonly routes: readonly (readonly string[])[];
  /** Whether this end should have a carrier for the slot now, if it has none. */
  wants(side: Side, slot: number): boolean;
  /** Of the tunnel as it is now. */
  identityOf(side: Side): { readonly instance: string; readonly epoch: number; readonly pingMs: number };
  retryMs(): number;
  handleBuilt(side: Side, facts: CarrierFacts, pipe: SecuredPipe): void;
  handleTampered(side: Side, message: string): void;
  handleFailed(side: Side, why: string): void;
}

interface Way {
  readonly slot: number;
  readonly alt: number;
}

export class RelayedEnd extends SimNode {
  readonly #host: RelayedEndHost;
  readonly #side: Side;
  /** Lanes on which something is under way, and the attempt that it is. */
  readonly #busy = new Map<string, number>();
  readonly #built = new Map<number, { readonly alt: number; readonly pipe: SecuredPipe }>();
  readonly #walk = new Map<number, number>();
  #attempts = 0;

  constructor(world: RelayWorld, side: Side, host: RelayedEndHost) {
    super(side, world, [...new Set(host.routes.map((route) => (side === 'left' ? route[1] : route.at(-2)) as string))]);
    this.#side = side;
    this.#host = host;
  }

  override stop(): void {
    super.stop();
    this.#busy.clear();
    this.#built.clear();
  }

  /** Tries what can be tried for a slot. */
  ensure(slot: number): void {
    if (!this.isUp || !this.#host.wants(this.#side, slot)) return;
    const { length } = this.#host.routes;
    if (this.#side === 'right') for (let alt = 0; alt < length; alt += 1) this.#try({ slot, alt });
    else if (!this.#hasCarrier(slot)) this.#try({ slot, alt: (this.#walk.get(slot) ?? slot) % length });
  }

  /** A carrier over another alternative than the one there is. */
  goElsewhere(slot: number): void {
    const alt = ((this.#built.get(slot)?.alt ?? 0) + 1) % this.#host.routes.length;
    if (this.isUp && this.#side === 'left' && this.#host.wants('left', slot)) this.#try({ slot, alt });
  }

  protected begin(): void {}

  /** Nobody dials an end in these routes. */
  protected own(leg: SimLeg): void {
    leg.close();
  }

  #hasCarrier(slot: number): boolean {
    return this.#built.get(slot)?.pipe.closed === false;
  }

  #try(way: Way): void {
    const { slot, alt } = way;
    const key = `${slot}/${alt}`;
    const isThere = this.#hasCarrier(slot) && this.#built.get(slot)?.alt === alt;
    if (isThere || this.#busy.has(key)) return;
    const attempt = (this.#attempts += 1);
    this.#busy.set(key, attempt);
    const isCurrent = (): boolean => this.isUp && this.#busy.get(key) === attempt;
    const fail = (why: string): void => {
      if (!isCurrent()) return;
      this.#host.handleFailed(this.#side, `slot ${slot}, alternative ${alt}: ${why}`);
      this.#busy.delete(key);
      if (this.#side === 'left') this.#walk.set(slot, alt + 1);
      this.world.after(this.#host.retryMs(), () => this.ensure(slot));
    };
    const route = this.#host.routes[alt] as readonly string[];
    const neighbour = (this.#side === 'left' ? route[1] : route.at(-2)) as string;
    this.dial(neighbour, 'set-up', (leg) => {
      if (leg === undefined || !isCurrent()) return leg === undefined ? fail(`${neighbour} does not listen`) : leg.close();
      new Attempt({ leg, way, own: this.#freeze(way, attempt), end: this, isCurrent, fail }).start();
      // The lane is free again when the attempt has failed or come to a carrier.
      if (this.#side === 'left') this.world.after(UNPAIRED_MS, () => isCurrent() && !leg.leg.transparent && (leg.close(), fail('nobody came')));
    });
  }

  /** Of the attempt: the peer as this end's file knows it. */
  check(own: OwnSetup, setup: ClearSetup, { leg, alt }: { leg: SimLeg; alt: number }): CheckedPeer {
    const names = this.#host.routes[alt] as readonly string[];
    const route = names.map((node) => ({ node, keys: [this.world.keyOf(node)] }));
    return checkPeerSetup(own, setup, { keys: [this.#peerKey], route, neighbour: leg.leg.peer?.key as string, crypto: this.world.crypto });
  }

  handleBuilt({ slot, alt }: Way, facts: CarrierFacts, pipe: SecuredPipe): void {
    this.#busy.delete(`${slot}/${alt}`);
    this.#built.set(slot, { alt, pipe });
    this.#walk.delete(slot);
    this.#host.handleBuilt(this.#side, facts, pipe);
    if (this.#side === 'right') this.ensure(slot);
  }

  handleTampered(message: string): void {
    this.#host.handleTampered(this.#side, message);
  }

  get #peerKey(): string {
    return this.world.keyOf(this.#side === 'left' ? 'right' : 'left');
  }

  #freeze({ slot, alt }: Way, attempt: number): OwnSetup {
    const { crypto } = this.world;
    const members = { versions: [1], common: rendezvousDigest(crypto, 'simulated'), side: this.#side, peers: [this.#peerKey], slot, alt, attempt };
    return freezeSetup({ ...members, ...this.#host.identityOf(this.#side) }, this.name, { crypto, signer: this.signer });
  }
}

interface AttemptParts {
  readonly leg: SimLeg;
  readonly way: Way;
  readonly own: OwnSetup;
  readonly end: RelayedEnd;
  readonly isCurrent: () => boolean;
  readonly fail: (why: string) => void;
}

/** One leg, from its dialing to a carrier. */
class Attempt {
  readonly #parts: AttemptParts;
  #peer: CheckedPeer | undefined;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  start(): void {
    const { leg, own, fail } = this.#parts;
    leg.onEvent = (event) => {
      if (event.type === 'setup') this.#guarded(() => this.#accept(event.setup));
      else if (event.type === 'pass-through') this.#secure();
      else if (event.type === 'error') fail(`${event.body.code} ${event.body.message}`);
      else if (event.type === 'lost' || event.type === 'failed') fail(event.type);
    };
    leg.command((one) => one.sendSetup(own.cu, own.entry));
  }

  #accept(setup: ClearSetup): void {
    const { leg, way, own, end, isCurrent, fail } = this.#parts;
    this.#peer = end.check(own, setup, { leg, alt: way.alt });
    leg.command((one) => one.sendPassThrough());
    // A leg on which PASS_THROUGH went is not pinged any more.
    end.world.after(PASS_THROUGH_MS, () => isCurrent() && !leg.leg.transparent && (leg.close(), fail('no PASS_THROUGH')));
  }

  /** Both show their set-up again where no relay can change it. */
  #secure(): void {
    const { leg, own, end, isCurrent, fail } = this.#parts;
    if (this.#peer === undefined || !isCurrent()) return leg.close();
    const peer = this.#peer;
    const pipe = new SecuredPipe(leg, leg.socket as LegSocket);
    const setup = new CarrierSetup(own, peer, end.world.crypto);
    const reader = new FrameReader('carrier');
    let isKnown = false;
    end.world.after(BUILD_MS, () => !isKnown && isCurrent() && (pipe.close(), fail('the peer did not show its set-up')));
    pipe.attach({
      lost: () => fail('lost while it was secured'),
      room: () => undefined,
      bytes: (bytes) => this.#guarded(() => {
        reader.push(bytes);
        for (let frame = reader.next(); frame !== undefined && !isKnown; frame = reader.next()) {
          const identity = setup.handleFrame(frame);
          isKnown = identity !== undefined;
          if (identity !== undefined) this.#finish(identity, pipe);
        }
      }, pipe),
    });
    pipe.write(setup.frames());
  }

  #finish(identity: CarrierIdentity, pipe: SecuredPipe): void {
    const { way, end, isCurrent } = this.#parts;
    pipe.detach();
    if (!isCurrent()) return pipe.close();
    end.handleBuilt(way, identity.facts(EXPORTED), pipe);
  }

  #guarded(act: () => void, pipe?: SecuredPipe): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { leg, end, fail } = this.#parts;
      end.handleTampered(error.message);
      if (pipe === undefined) leg.close({ code: error.wireCode, message: error.message });
      else pipe.close();
      fail('tampered');
    }
  }
}
