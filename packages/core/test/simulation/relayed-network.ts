/**
 * The same as network.ts, but carriers come about as they do in the world: over legs and relays that pair them, which are killed
 * and started again, stand still, and lie about what they should forward.
 */
import type { CarrierFacts } from '../../src/protocol/carrier.js';
import { rendezvousDigest } from '../../src/protocol/digest.js';
import { CONFIGURED_SLOTS } from '../../src/protocol/limits.js';
import type { Side } from '../../src/protocol/messages.js';
import type { RelayRoute, RelayTunnel } from '../../src/protocol/relay-rules.js';
import { setupEdits, setupFrames, type SetupPayloads } from '../../src/testing/index.js';
import { SimMiddle } from '../protocol/support/sim-middle.js';
import type { Endpoint } from './endpoint.js';
import { check } from './failure.js';
import { Network } from './network.js';
import { RelayedEnd } from './relayed-end.js';
import { RelayWorld } from './relay-world.js';
import type { Scenario } from './scenario.js';
import type { SecuredPipe } from './secured-pipe.js';
import type { Stage } from './speaker.js';

/** Most bytes that a relay lies about at once. */
const LIE_BYTES = 3;

export class RelayedNetwork extends Network {
  readonly #stage: Stage & { readonly scenario: Scenario };
  readonly #endpoints: readonly [Endpoint, Endpoint];
  readonly #world: RelayWorld;
  readonly #ends: readonly [RelayedEnd, RelayedEnd];
  readonly #middles: readonly SimMiddle[];
  /** Additional slots, and until when which end wants them. */
  readonly #wantedUntil = new Map<string, number>();
  readonly #facts = new Map<string, CarrierFacts>();
  readonly #draining = new Set<SimMiddle>();
  /** What a relay may play back: set-ups that it has forwarded. */
  readonly #overheard: SetupPayloads[] = [];

  constructor(stage: Stage & { readonly scenario: Scenario }, endpoints: readonly [Endpoint, Endpoint], seed: number) {
    super(stage, endpoints);
    this.#stage = stage;
    this.#endpoints = endpoints;
    const { routes, links } = stage.scenario;
    this.#world = new RelayWorld(stage, links, {
      seed: `simulation ${seed}`,
      isOut: () => stage.agenda.now < this.outageUntil,
      onLink: (sockets) => this.wires.push({ slot: -1, sockets }),
    });
    const host = {
      routes,
      wants: (side: Side, slot: number) => this.#wants(side, slot),
      identityOf: (side: Side) => this.#identityOf(side),
      retryMs: () => (stage.healing ? 5 : stage.chance.size(5, 400)),
      handleBuilt: (side: Side, facts: CarrierFacts, pipe: SecuredPipe) => this.#handleBuilt(side, facts, pipe),
      handleFailed: (side: Side, why: string) => stage.note(() => `${side}: no carrier, ${why}`),
      handleTampered: (side: Side, message: string) => stage.note(() => `${side}: set-up refused: ${message}`),
    };
    this.#ends = [new RelayedEnd(this.#world, 'left', host), new RelayedEnd(this.#world, 'right', host)];
    this.#middles = this.#makeMiddles(routes);
    for (const node of [...this.#middles, ...this.#ends]) node.start();
  }

  /** An additional carrier that is gone is not brought again, as in packages/end. */
  override connectLater(slot: number): void {
    if (slot < CONFIGURED_SLOTS) this.#ensureSoon(slot);
    else this.unwantSlot(slot);
  }

  #ensureSoon(slot: number): void {
    const { agenda, chance, healing } = this.#stage;
    for (const end of this.#ends) {
      agenda.after(healing ? 5 : chance.size(1, 100), () => {
        this.#world.keepTime();
        end.ensure(slot);
      });
    }
  }

  override heal(slots: number): void {
    this.outageUntil = 0;
    for (const middle of this.#middles) {
      if (this.#draining.has(middle)) this.#endDrain(middle);
      if (!middle.isRunning) middle.start();
      this.#beHonest(middle);
    }
    for (let slot = 0; slot < slots; slot += 1) this.connectLater(slot);
  }

  override wantSlot(side: Side, slot: number, until: number): void {
    this.#wantedUntil.set(`${side}/${slot}`, until);
    if (!this.#stage.chance.flip(0.15)) this.#ensureSoon(slot);
  }

  override unwantSlot(slot: number): void {
    for (const side of ['left', 'right']) this.#wantedUntil.delete(`${side}/${slot}`);
  }

  override connect(slot: number): void {
    this.#world.keepTime();
    this.#ends[0].goElsewhere(slot);
  }

  override restarted(side: Side): void {
    this.#world.keepTime();
    const end = this.#endOf(side);
    end.stop();
    end.start();
    for (let slot = 0; slot < this.#stage.scenario.slots; slot += 1) this.connectLater(slot);
  }

  // --- what relays do

  override killRelay(): void {
    const { agenda, chance } = this.#stage;
    const middle = chance.pick(this.#middles);
    if (!middle.isRunning) return;
    this.#stage.note(() => `${middle.name} is killed`);
    this.#world.keepTime();
    middle.stop();
    agenda.after(chance.size(1, 3000), () => this.#startAgain(middle));
  }

  /** It takes no more set-ups and keeps its pairs, until its time is over; its successor starts then, since simulated nodes have one address. */
  override drainRelay(): void {
    const { agenda, chance } = this.#stage;
    const middle = chance.pick(this.#middles);
    if (!middle.isRunning) return;
    this.#stage.note(() => `${middle.name} drains`);
    this.#world.keepTime();
    middle.drain();
    this.#draining.add(middle);
    agenda.after(chance.size(1, 10_000), () => this.#draining.has(middle) && this.#endDrain(middle));
  }

  #endDrain(middle: SimMiddle): void {
    this.#draining.delete(middle);
    this.#world.keepTime();
    middle.stop();
    this.#startAgain(middle);
  }

  #startAgain(middle: SimMiddle): void {
    if (middle.isRunning) return;
    this.#stage.note(() => `${middle.name} is started again`);
    this.#world.keepTime();
    middle.start();
  }

  /** For a while what it forwards is not what it got: set-up, or the bytes behind it. */
  override lieOfRelay(): void {
    const { agenda, chance } = this.#stage;
    const middle = chance.pick(this.#middles);
    const kind = chance.pick(['edit', 'replay', 'flip', 'drop', 'repeat'] as const);
    this.#stage.note(() => `${middle.name} lies: ${kind}`);
    if (kind === 'edit') middle.lie = chance.pick(setupEdits({ stranger: this.#world.keyOf('mallory'), crypto: this.#world.crypto, signer: middle.signer })).edit;
    else if (kind === 'replay') middle.lie = (setup) => this.#playBack(setup);
    else middle.corrupt = (bytes) => this.#corrupted(bytes, kind);
    agenda.after(chance.size(10, 4000), () => this.#beHonest(middle));
  }

  #beHonest(middle: SimMiddle): void {
    middle.lie = (setup) => {
      this.#overheard.push({ cu: Buffer.from(setup.cu), topology: Buffer.from(setup.topology) });
      return undefined;
    };
    middle.corrupt = (bytes) => bytes;
  }

  #playBack(setup: SetupPayloads): readonly Buffer[] {
    return setupFrames(this.#overheard.length > 0 ? this.#stage.chance.pick(this.#overheard) : setup);
  }

  #corrupted(bytes: Buffer, kind: 'flip' | 'drop' | 'repeat'): Buffer {
    const { chance } = this.#stage;
    if (bytes.length === 0 || !chance.flip(0.2)) return bytes;
    const at = chance.int(0, bytes.length - 1);
    const length = Math.min(chance.int(1, LIE_BYTES), bytes.length - at);
    if (kind === 'drop') return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    if (kind === 'repeat') return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] as number) ^ (1 << chance.int(0, 7));
    return flipped;
  }

  // --- what ends ask

  #wants(side: Side, slot: number): boolean {
    if (this.#endpointOf(side).ended) return false;
    return slot < this.#stage.scenario.slots || (this.#wantedUntil.get(`${side}/${slot}`) ?? 0) > this.#stage.agenda.now;
  }

  #identityOf(side: Side): { instance: string; epoch: number; pingMs: number } {
    const { tunnel, epoch } = this.#endpointOf(side);
    return { instance: tunnel.instance, epoch, pingMs: this.#stage.scenario.pingMs };
  }

  #handleBuilt(side: Side, facts: CarrierFacts, pipe: SecuredPipe): void {
    const { agenda } = this.#stage;
    this.#stage.note(() => `${side}: a carrier for slot ${facts.slot} is secured`);
    this.#compare(facts);
    const endpoint = this.#endpointOf(side);
    const { tunnel } = endpoint;
    pipe.frozenUntil = endpoint.frozenUntil;
    agenda.at(endpoint.frozenUntil, () => {
      if (endpoint.tunnel !== tunnel || this.isGhost(side === 'left' ? 0 : 1, facts)) return pipe.close();
      if (!pipe.closed) endpoint.addCarrier(facts, pipe);
      else this.connectLater(facts.slot);
    });
  }

  /** The two ends of one carrier know the same of each other, whatever relays said. */
  #compare(facts: CarrierFacts): void {
    const other = this.#facts.get(facts.id);
    this.#facts.set(facts.id, facts);
    if (other === undefined) return;
    check(facts.instance === other.peerInstance && facts.peerInstance === other.instance, () => `carrier of slot ${facts.slot}: its ends take each other for somebody else`);
    check(facts.slot === other.slot && facts.rank.join() === other.rank.join(), () => `carrier of slot ${facts.slot}: its ends saw other set-up`);
    check(facts.checkProof(other.proof) && other.checkProof(facts.proof), () => `carrier of slot ${facts.slot}: its ends do not believe each other`);
  }

  #endOf(side: Side): RelayedEnd {
    return this.#ends[side === 'left' ? 0 : 1];
  }

  #endpointOf(side: Side): Endpoint {
    return this.#endpoints[side === 'left' ? 0 : 1];
  }

  /** In each route the left node dials the next one; only the right end dials back. */
  #makeMiddles(routes: readonly (readonly string[])[]): SimMiddle[] {
    const { crypto } = this.#world;
    const keyOf = (name: string): string => this.#world.keyOf(name);
    const names = [...new Set(routes.flatMap((route) => route.slice(1, -1)))];
    return names.map((name) => {
      const relayed = new Map<number, RelayRoute>();
      const neighbours = new Set<string>();
      for (const [alt, route] of routes.entries()) {
        const at = route.indexOf(name);
        if (at < 0) continue;
        const [before, after] = [route[at - 1] as string, route[at + 1] as string];
        for (const neighbour of [before, after]) neighbours.add(neighbour);
        relayed.set(alt, { left: { neighbour: before, keys: [keyOf(before)], dialed: false }, right: { neighbour: after, keys: [keyOf(after)], dialed: after !== 'right' } });
      }
      const tunnel: RelayTunnel = { name: 'simulated', common: rendezvousDigest(crypto, 'simulated'), ends: { left: [keyOf('left')], right: [keyOf('right')] }, routes: relayed };
      const middle = new SimMiddle(name, this.#world, { neighbours: [...neighbours], tunnels: [tunnel], standbys: [] });
      this.#beHonest(middle);
      return middle;
    });
  }
}
