/**
 * The connections between the two ends: who gets one for which slot when, and how they break.
 * Stands for legs, middles and set-up: what comes out of it are secured carriers with their facts.
 */
import type { CarrierFacts } from '../../src/protocol/carrier.js';
import { CONFIGURED_SLOTS } from '../../src/protocol/limits.js';
import type { Side } from '../../src/protocol/messages.js';
import type { Entry } from './agenda.js';
import type { Endpoint } from './endpoint.js';
import { connect, type Socket } from './socket.js';
import type { Scenario } from './scenario.js';
import type { Stage } from './speaker.js';

/** Until a carrier that is gone is there again when nothing goes wrong: set-up takes more than a line does, so that what the other end said of the last one is read. */
const HEALED_MS = 200;

export interface Wire {
  readonly slot: number;
  readonly sockets: readonly [Socket, Socket];
}

export class Network {
  readonly wires: Wire[] = [];
  /** No connection comes up before. */
  outageUntil = 0;
  readonly #stage: Stage & { readonly scenario: Scenario };
  readonly #ends: readonly [Endpoint, Endpoint];
  readonly #pending = new Map<number, Entry>();
  /** Additional slots, and which ends want them until when. */
  readonly #wanted = new Map<number, Map<Side, number>>();
  #made = 0;

  constructor(stage: Stage & { readonly scenario: Scenario }, ends: readonly [Endpoint, Endpoint]) {
    this.#stage = stage;
    this.#ends = ends;
  }

  get living(): Wire[] {
    return this.wires.filter(({ sockets }) => !sockets[0].closed && !sockets[1].closed);
  }

  /** Brings a carrier for a configured slot, soon. */
  connectLater(slot: number): void {
    const { agenda, chance, healing } = this.#stage;
    if (slot >= CONFIGURED_SLOTS || this.#pending.has(slot)) return;
    const at = Math.max(agenda.now, this.outageUntil) + (healing ? HEALED_MS : chance.size(1, 400));
    const entry = agenda.at(at, () => {
      this.#pending.delete(slot);
      if (this.#ends.some(({ ended }) => ended)) return;
      if (agenda.now < this.outageUntil) return this.connectLater(slot);
      if (!this.#isServed(slot)) this.connect(slot);
    });
    this.#pending.set(slot, entry);
  }

  /** From now on connections come up soon. */
  heal(slots: number): void {
    this.outageUntil = 0;
    for (const entry of this.#pending.values()) entry.cancelled = true;
    this.#pending.clear();
    for (let slot = 0; slot < slots; slot += 1) this.connectLater(slot);
  }

  wantSlot(side: Side, slot: number, until: number): void {
    const { agenda, chance } = this.#stage;
    const wanted = this.#wanted.get(slot) ?? new Map<Side, number>();
    this.#wanted.set(slot, wanted.set(side, until));
    if (wanted.size < 2 || chance.flip(0.15)) return;
    agenda.after(chance.size(1, 2000), () => {
      const still = this.#wanted.get(slot);
      if (agenda.now >= this.outageUntil && still?.size === 2 && [...still.values()].every((end) => end > agenda.now)) this.connect(slot);
    });
  }

  unwantSlot(slot: number): void {
    this.#wanted.delete(slot);
  }

  /** A new connection for a slot; each end hears of it in its own time. */
  connect(slot: number): void {
    const { agenda, chance, scenario } = this.#stage;
    const link = scenario.links[slot % scenario.links.length] as Scenario['links'][number];
    const sockets = connect(agenda, chance, link);
    this.wires.push({ slot, sockets });
    this.#made += 1;
    const id = Buffer.from(String(this.#made).padStart(16, '0')).toString('base64url');
    for (const end of this.#ends) end.attempt += 1;
    const rank = [this.#ends[0].epoch, this.#ends[1].epoch, this.#ends[0].attempt, this.#ends[1].attempt];
    this.#stage.note(() => `network: connection ${this.#made} for slot ${slot}`);
    for (const index of [0, 1] as const) {
      const facts = this.#factsOf(index, { id, slot, rank });
      const end = this.#ends[index];
      const { tunnel } = end;
      const socket = sockets[index];
      agenda.at(Math.max(agenda.now + chance.size(1, 30), end.frozenUntil), () => {
        if (end.tunnel !== tunnel || this.isGhost(index, facts)) return socket.close();
        socket.frozenUntil = end.frozenUntil;
        if (!socket.closed) end.addCarrier(facts, socket);
      });
    }
  }

  /** A carrier of a process of the peer that is gone. Before a machine is up again with its clock set back, they are, too: they would look newer than it. */
  protected isGhost(index: 0 | 1, { peerInstance }: CarrierFacts): boolean {
    const canBe = this.#stage.scenario.mishaps.some(({ kind }) => kind === 'clock-set-back');
    return canBe && this.#ends[1 - index]?.tunnel.instance !== peerInstance;
  }

  #factsOf(index: 0 | 1, { id, slot, rank }: { id: string; slot: number; rank: number[] }): CarrierFacts {
    const [own, peer] = index === 0 ? this.#ends : [this.#ends[1], this.#ends[0]];
    const expected = proofOf(peer.side, id);
    return {
      id,
      slot,
      instance: own.tunnel.instance,
      peerInstance: peer.tunnel.instance,
      peerEpoch: peer.epoch,
      pingMs: this.#stage.scenario.pingMs,
      rank,
      proof: proofOf(own.side, id),
      checkProof: (proof) => proof === expected,
    };
  }

  /** Whether the newest connection for the slot is still whole. */
  #isServed(slot: number): boolean {
    const newest = this.wires.findLast((wire) => wire.slot === slot);
    return newest !== undefined && newest.sockets.every(({ closed }) => !closed);
  }

  /** An end's process has died and started again. */
  restarted(_side: Side): void {}

  /** There is none here: what stands for relays and set-up cannot be killed. */
  killRelay(): void {}

  drainRelay(): void {}

  lieOfRelay(): void {}

  // --- how they break

  /** Both ends are told soon; of what is under way a part gets through. */
  reset({ sockets }: Wire): void {
    const { agenda, chance } = this.#stage;
    for (const socket of sockets) {
      socket.cutAfter(chance.int(0, socket.underWay));
      agenda.after(chance.size(1, 50), () => socket.lose());
    }
  }

  /** One end is told now, the other late or never. */
  lopsided({ sockets }: Wire): void {
    const { agenda, chance } = this.#stage;
    const first = chance.int(0, 1) as 0 | 1;
    const [told, untold] = [sockets[first], sockets[1 - first] as Socket];
    for (const socket of sockets) socket.cutAfter(chance.int(0, socket.underWay));
    told.lose();
    if (chance.flip(0.7)) agenda.after(chance.size(1, 2500), () => untold.lose());
  }

  /** Nobody is told, nothing gets through any more. */
  blackHole({ sockets }: Wire): void {
    for (const socket of sockets) socket.cutAfter(this.#stage.chance.int(0, socket.underWay));
  }

  /** Nothing gets through in one direction. */
  halfBlackHole({ sockets }: Wire): void {
    const socket = sockets[this.#stage.chance.int(0, 1) as 0 | 1];
    socket.cutAfter(this.#stage.chance.int(0, socket.underWay));
  }
}

function proofOf(side: Side, id: string): string {
  return Buffer.from(`${side.padEnd(10)}${id}`.padEnd(32, '.')).toString('base64url');
}
