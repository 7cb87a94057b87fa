/** An end over simulated legs: one slot, one alternative; dials or accepts as its route says, and keeps one carrier. */
import { CarrierSetup, type CarrierIdentity } from '../../../src/protocol/carrier-setup.js';
import { ProtocolError } from '../../../src/protocol/error.js';
import { FrameReader } from '../../../src/protocol/frame.js';
import type { Body, Side } from '../../../src/protocol/messages.js';
import { checkPeerSetup, type CheckedPeer } from '../../../src/protocol/peer-check.js';
import { freezeSetup, type ClearSetup, type OwnSetup } from '../../../src/protocol/setup.js';
import { rendezvousDigest } from '../../../src/protocol/digest.js';
import type { SimLeg, SimLegEvent } from './sim-leg.js';
import { SimNode } from './sim-node.js';
import type { SimWorld } from './sim-world.js';
import { crypto, keyOf } from './way.js';

export interface SimEndPlace {
  readonly side: Side;
  /** All nodes from left to right. */
  readonly names: readonly string[];
  /** Whether this end dials its neighbour. */
  readonly dials: boolean;
}

interface Carrier {
  readonly leg: SimLeg;
  identity: CarrierIdentity | undefined;
}

export class SimEnd extends SimNode {
  readonly errors: Body<'ERROR'>[] = [];
  readonly progress: string[] = [];
  /** What went wrong with the peer's set-up, as this end found it. */
  readonly tampered: string[] = [];
  established = 0;
  carrier: Carrier | undefined;
  readonly #place: SimEndPlace;
  readonly #peer: string;
  readonly #neighbour: string;
  #epoch = 0;
  #instance = '';
  #attempt = 0;
  #idle: SimLeg[] = [];
  /** The leg that has our set-up and no answer yet. */
  #asking: SimLeg | undefined;

  constructor(name: string, world: SimWorld, place: SimEndPlace) {
    const nearest = place.side === 'left' ? place.names[1] : place.names.at(-2);
    super(name, world, [nearest as string]);
    this.#place = place;
    this.#neighbour = nearest as string;
    this.#peer = (place.side === 'left' ? place.names.at(-1) : place.names[0]) as string;
  }

  override stop(): void {
    super.stop();
    this.carrier = undefined;
    this.#asking = undefined;
    this.#idle = [];
  }

  /** The identity of the carrier that is up. */
  get up(): CarrierIdentity | undefined {
    return this.carrier?.identity;
  }

  protected begin(): void {
    this.#epoch = Math.max(this.world.now, this.#epoch + 1);
    this.#instance = crypto.random(16).toString('base64url');
    if (this.#place.dials) this.#dialAgain();
  }

  protected own(leg: SimLeg): void {
    if (leg.leg.peer?.use === 'set-up') {
      leg.onEvent = (event) => event.type === 'setup' && this.#answer(leg, event.setup);
      return;
    }
    this.#idle.push(leg);
    leg.onEvent = (event) => {
      if (event.type === 'lost' || event.type === 'error') this.#idle = this.#idle.filter((other) => other !== leg);
    };
    this.#useStandby();
  }

  #dialAgain(): void {
    this.dial(this.#neighbour, 'set-up', (leg) => {
      if (leg !== undefined) return this.#ask(leg);
      return this.#later(() => this.#dialAgain());
    });
  }

  /** Our set-up goes first, on a dialed leg or on a standby leg of the neighbour. */
  #ask(leg: SimLeg): void {
    const own = this.#freeze();
    this.#asking = leg;
    leg.onEvent = (event) => {
      if (event.type === 'setup') this.#accept(leg, own, event.setup);
      else this.#watch(leg, event);
    };
    leg.command((one) => one.sendSetup(own.cu, own.entry));
  }

  /** The other end's set-up came first. One that is newer than the carrier we have replaces it. */
  #answer(leg: SimLeg, setup: ClearSetup): void {
    const own = this.#freeze();
    this.#asking?.close({ code: 'SUPERSEDED' });
    this.#asking = undefined;
    leg.onEvent = (event) => this.#watch(leg, event);
    leg.command((one) => one.sendSetup(own.cu, own.entry));
    this.#accept(leg, own, setup);
  }

  #accept(leg: SimLeg, own: OwnSetup, setup: ClearSetup): void {
    const { names } = this.#place;
    const route = names.map((node) => ({ node, keys: [keyOf(node)] }));
    const neighbour = leg.leg.peer?.key as string;
    this.#guarded(leg, () => {
      const peer = checkPeerSetup(own, setup, { keys: [keyOf(this.#peer)], route, neighbour, crypto });
      this.carrier?.leg.close();
      this.carrier = { leg, identity: undefined };
      if (this.#asking === leg) this.#asking = undefined;
      leg.onEvent = (event) => this.#watch(leg, event, { own, peer });
      leg.command((one) => one.sendPassThrough());
    });
  }

  #watch(leg: SimLeg, event: SimLegEvent, set?: { own: OwnSetup; peer: CheckedPeer }): void {
    if (event.type === 'progress') this.progress.push(`waiting for ${event.body.waitingFor ?? 'the other end'} at ${event.body.at}`);
    if (event.type === 'pass-through' && set !== undefined) this.#secure(leg, set);
    if (event.type === 'error') this.errors.push(event.body);
    if (event.type === 'failed' && event.failure.code === 'TAMPERED') this.tampered.push(`TAMPERED ${event.failure.message}`);
    if (event.type === 'lost' || event.type === 'error' || event.type === 'failed') this.#lose(leg);
  }

  /** Stands for TLS: both show their set-up again over the transparent pipe. */
  #secure(leg: SimLeg, { own, peer }: { own: OwnSetup; peer: CheckedPeer }): void {
    const again = new CarrierSetup(own, peer, crypto);
    const reader = new FrameReader('carrier');
    leg.release((bytes) =>
      this.#guarded(leg, () => {
        reader.push(bytes);
        for (let frame = reader.next(); frame !== undefined; frame = reader.next()) this.#identify(again.handleFrame(frame));
      }),
    );
    leg.writeRaw(again.frames());
  }

  #identify(identity: CarrierIdentity | undefined): void {
    if (identity === undefined || this.carrier === undefined) return;
    this.carrier.identity = identity;
    this.established += 1;
  }

  #guarded(leg: SimLeg, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.tampered.push(`${error.wireCode} ${error.message}`);
      leg.close({ code: error.wireCode, message: error.message });
      this.#lose(leg);
    }
  }

  #lose(leg: SimLeg): void {
    this.legs.delete(leg);
    if (this.carrier?.leg === leg) this.carrier = undefined;
    if (this.#asking === leg) this.#asking = undefined;
    if (this.#place.dials) this.#later(() => this.carrier === undefined && this.#asking === undefined && this.#dialAgain());
    else this.#later(() => this.#useStandby());
  }

  #useStandby(): void {
    if (this.carrier !== undefined || this.#asking !== undefined) return;
    const leg = this.#idle.shift();
    if (leg !== undefined) this.#ask(leg);
  }

  #later(act: () => void): void {
    this.world.after(50, () => {
      if (this.isUp) act();
    });
  }

  #freeze(): OwnSetup {
    this.#attempt += 1;
    const members = { versions: [1], common: rendezvousDigest(crypto, 'acme-globex'), slot: 0, alt: 0, pingMs: 1000 };
    const identity = { side: this.#place.side, peers: [keyOf(this.#peer)], epoch: this.#epoch, instance: this.#instance, attempt: this.#attempt };
    return freezeSetup({ ...members, ...identity }, this.name, { crypto, signer: this.signer });
  }
}
