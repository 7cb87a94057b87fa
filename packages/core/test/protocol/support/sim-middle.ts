/** A middle over simulated legs: what packages/middle does with sockets. */
import { encodeFrame } from '../../../src/protocol/frame.js';
import type { Body } from '../../../src/protocol/messages.js';
import type { LegId } from '../../../src/protocol/passage.js';
import type { RelayTunnel } from '../../../src/protocol/relay-rules.js';
import type { RendezvousAction } from '../../../src/protocol/rendezvous-action.js';
import { Rendezvous } from '../../../src/protocol/rendezvous.js';
import { StandbyPool } from '../../../src/protocol/standby-pool.js';
import type { SimLeg, SimLegEvent } from './sim-leg.js';
import { SimNode } from './sim-node.js';
import type { SimWorld } from './sim-world.js';

export interface SimMiddlePlace {
  readonly neighbours: readonly string[];
  readonly tunnels: readonly RelayTunnel[];
  /** Neighbours at which it keeps a standby leg. */
  readonly standbys: readonly string[];
}

export class SimMiddle extends SimNode {
  readonly refusals: Body<'ERROR'>[] = [];
  paired = 0;
  /** A middle that does not forward what it got: gives the frames to send instead. */
  lie: ((setup: { readonly cu: Buffer; readonly topology: Buffer }) => readonly Buffer[] | undefined) | undefined;
  /** What it makes of bytes that it should pass on as they are. */
  corrupt: (bytes: Buffer) => Buffer = (bytes) => bytes;
  rendezvous: Rendezvous;
  readonly #tunnels: readonly RelayTunnel[];
  readonly #standbys: readonly string[];
  #pool = new StandbyPool<SimLeg, LegId>();
  readonly #legs = new Map<LegId, SimLeg>();
  /** Dials that have not come to a leg. */
  readonly #dials = new Set<LegId>();
  #armedFor: number | undefined;

  constructor(name: string, world: SimWorld, place: SimMiddlePlace) {
    super(name, world, place.neighbours);
    this.#tunnels = place.tunnels;
    this.#standbys = place.standbys;
    this.rendezvous = this.#fresh();
  }

  override stop(): void {
    super.stop();
    this.rendezvous = this.#fresh();
    this.#pool = new StandbyPool();
    this.#legs.clear();
    this.#dials.clear();
  }

  /** Takes no more set-ups; pairs go on until stop(). */
  drain(): void {
    this.rendezvous.drain();
    this.#work();
  }

  /** Whether nothing is left of any set-up. */
  get isIdle(): boolean {
    return [...this.rendezvous.legs()].length === 0 && this.#legs.size === 0;
  }

  protected begin(): void {
    for (const neighbour of this.#standbys) this.keepStandby(neighbour, (leg) => this.#number(leg));
  }

  protected own(leg: SimLeg, neighbour: string): void {
    const { use, started } = leg.leg.peer as NonNullable<typeof leg.leg.peer>;
    if (use === 'set-up') return void this.#number(leg);
    leg.onEvent = (event) => {
      if (event.type === 'lost') this.#pool.lose(this.world.keyOf(neighbour), leg);
    };
    const { taken, surplus } = this.#pool.arrive(this.world.keyOf(neighbour), leg, started);
    surplus.forEach((old) => old.close({ code: 'SUPERSEDED' }));
    if (taken !== undefined) this.#give(taken, leg);
    this.#work();
  }

  #fresh(): Rendezvous {
    const rendezvous = new Rendezvous({ crypto: this.world.crypto, signer: this.signer, node: this.name, address: `${this.name}:7070` });
    rendezvous.configure(this.#tunnels);
    return rendezvous;
  }

  #number(leg: SimLeg, id = this.rendezvous.newLeg()): LegId {
    this.#legs.set(id, leg);
    leg.onEvent = (event) => {
      this.#handle(id, leg, event);
      this.#work();
    };
    return id;
  }

  #handle(id: LegId, leg: SimLeg, event: SimLegEvent): void {
    const { now } = this.world;
    switch (event.type) {
      case 'greeted':
        return this.rendezvous.handleGreeted(id, event.key);
      case 'setup':
        return this.rendezvous.handleSetup(event.setup, { leg: id, neighbour: leg.leg.peer?.key as string, now });
      case 'pass-through':
        return this.rendezvous.handlePassThrough(id, now);
      case 'progress':
        return this.rendezvous.handleProgress(id, event.body);
      case 'error':
        return this.#lose(id, event.body);
      case 'lost':
      case 'failed':
        return this.#lose(id);
      default:
    }
  }

  #lose(id: LegId, error?: Body<'ERROR'>): void {
    this.#legs.delete(id);
    this.rendezvous.handleLost(id, error);
  }

  #work(): void {
    for (let action = this.rendezvous.pollAction(); action !== undefined; action = this.rendezvous.pollAction()) this.#do(action);
    this.#arm();
  }

  #do(action: RendezvousAction): void {
    switch (action.do) {
      case 'send-setup':
        return this.#sendSetup(action);
      case 'dial':
        return this.#dialFor(action.leg, action.hop.neighbour);
      case 'want-standby': {
        const standby = this.#pool.want(action.hop.keys, action.leg);
        return standby === undefined ? undefined : this.#give(action.leg, standby);
      }
      case 'unwant-standby':
        return this.#pool.unwant(action.leg);
      case 'progress':
        return this.#legs.get(action.leg)?.command((leg) => leg.sendProgress(action.body));
      case 'pass-through':
        return this.#legs.get(action.leg)?.command((leg) => leg.sendPassThrough());
      case 'join':
        return this.#join(...action.legs);
      case 'close':
        this.#dials.delete(action.leg);
        this.#legs.get(action.leg)?.close(action.error);
        return void this.#legs.delete(action.leg);
      case 'refused':
        return void this.refusals.push(action.error);
    }
  }

  #sendSetup({ leg, cu, topology }: Extract<RendezvousAction, { do: 'send-setup' }>): void {
    const honest = [encodeFrame('COMMONUNIQUE_INFO', 0, cu), encodeFrame('TOPOLOGY_EXCHANGE', 0, topology)];
    const frames = this.lie?.({ cu, topology }) ?? honest;
    this.#legs.get(leg)?.command((one) => one.sendSetup(cu, topology), (bytes) => (this.lie === undefined ? bytes : replaceTail(bytes, Buffer.concat(honest), frames)));
  }

  #dialFor(id: LegId, neighbour: string): void {
    this.#dials.add(id);
    this.dial(neighbour, 'set-up', (leg) => {
      if (leg === undefined) this.rendezvous.handleDialFailed(id, { address: `${neighbour}:7070`, code: 'ECONNREFUSED' });
      else if (this.#dials.delete(id)) this.#number(leg, id);
      else leg.close();
      this.#work();
    });
  }

  #give(wanter: LegId, standby: SimLeg): void {
    const id = this.#number(standby);
    if (!this.rendezvous.handleStandby(wanter, id, this.world.keyOf(this.neighbourOf(standby) as string))) standby.close();
  }

  #join(a: LegId, b: LegId): void {
    const [left, right] = [this.#legs.get(a), this.#legs.get(b)] as [SimLeg, SimLeg];
    const passTo = (to: SimLeg) => (bytes: Buffer): void => {
      const passed = this.corrupt(bytes);
      if (passed.length > 0) to.writeRaw(passed);
    };
    left.release(passTo(right));
    right.release(passTo(left));
    this.paired += 1;
  }

  #arm(): void {
    const deadline = this.rendezvous.pollTimeout();
    if (deadline === undefined || deadline === this.#armedFor) return;
    this.#armedFor = deadline;
    this.world.after(deadline - this.world.now, () => {
      this.#armedFor = undefined;
      this.rendezvous.handleTimeout(this.world.now);
      this.#work();
    });
  }
}

/** `bytes`, which end with `honest`, ending with `frames` instead. */
function replaceTail(bytes: Buffer, honest: Buffer, frames: readonly Buffer[]): Buffer {
  const at = bytes.indexOf(honest);
  return at < 0 ? bytes : Buffer.concat([bytes.subarray(0, at), ...frames, bytes.subarray(at + honest.length)]);
}
