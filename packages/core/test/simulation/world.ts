/** Two ends, the network between them, the applications on both sides, and what goes wrong: one seed's story. */
import type { ChannelCode, WireCode } from '../../src/protocol/error.js';
import type { Channel } from '../../src/protocol/channel.js';
import { ACK_DELAY_MS, OWN_CARRIER_TIMEOUT_MS } from '../../src/protocol/limits.js';
import type { TunnelEvent } from '../../src/protocol/tunnel-event.js';
import { Agenda } from './agenda.js';
import { Chance } from './chance.js';
import { Conversation } from './conversation.js';
import { Endpoint, type EndpointHost } from './endpoint.js';
import { check, Failure } from './failure.js';
import { checkInvariants, checkNothingLeft } from './invariants.js';
import { Network } from './network.js';
import { RelayedNetwork } from './relayed-network.js';
import { scenarioOf, type Mishap, type Scenario } from './scenario.js';
import { Speaker } from './speaker.js';

/** Codes with which no carrier between honest ends may ever be closed. */
const FAULTS: readonly WireCode[] = ['PROTOCOL', 'LIMIT', 'TAMPERED', 'INTERNAL', 'VERSION', 'REFUSED', 'LOOP', 'ROUTE'];
/** Time in which everything must have come to its end once nothing goes wrong any more. */
const HEALING_MS = 120_000;
/** Time in which the ends must have forgotten about it then. */
const SETTLING_MS = 2 * OWN_CARRIER_TIMEOUT_MS;
const MOST_STEPS = 2_000_000;

export interface WorldOptions {
  /** Gets a line for everything that happens. */
  readonly trace?: (line: string) => void;
}

export class World implements EndpointHost {
  readonly agenda = new Agenda();
  readonly chance: Chance;
  readonly scenario: Scenario;
  readonly ends: readonly [Endpoint, Endpoint];
  readonly network: Network;
  readonly conversations: Conversation[] = [];
  healing = false;
  steps = 0;
  readonly #trace: ((line: string) => void) | undefined;
  #touched = false;

  constructor(seed: number, { trace }: WorldOptions = {}) {
    this.#trace = trace;
    this.chance = new Chance(seed);
    this.scenario = scenarioOf(this.chance);
    this.ends = [new Endpoint(this, 'left'), new Endpoint(this, 'right')];
    this.network = this.scenario.routes.length === 0 ? new Network(this, this.ends) : new RelayedNetwork(this, this.ends, seed);
  }

  /** The whole story. Throws Failure when something is not as it should be. */
  run(): void {
    const { scenario, agenda } = this;
    const start = agenda.now;
    for (let slot = 0; slot < scenario.slots; slot += 1) this.network.connectLater(slot);
    scenario.conversations.forEach((plan, index) => {
      const conversation = new Conversation(`c${index}`, index, plan, Math.min(...scenario.maxChannels) < 10);
      this.conversations.push(conversation);
      agenda.at(start + plan.startMs, () => this.#open(conversation));
    });
    for (const { kind, atMs } of scenario.mishaps) agenda.at(start + atMs, () => this.#mishap(kind));
    this.#runUntil(start + scenario.activeMs, () => false);
    this.#heal();
    const over = this.#runUntil(agenda.now + HEALING_MS, () => this.conversations.every((conversation) => conversation.over));
    check(over, () => `not at its end after ${HEALING_MS / 1000} s: ${this.#unfinished()}`);
    const areIdle = (): boolean => this.ends.every((end) => end.isIdle);
    this.#runUntil(agenda.now + SETTLING_MS, areIdle);
    this.#runUntil(agenda.now + ACK_DELAY_MS, () => false);
    this.#runUntil(agenda.now + SETTLING_MS, areIdle);
    this.#checkEnd();
  }

  note(text: () => string): void {
    this.#trace?.(`${this.agenda.now.toFixed(2).padStart(10)}  ${text()}`);
  }

  // --- what the ends tell

  touched(): void {
    this.#touched = true;
  }

  requested(endpoint: Endpoint, channel: Channel): void {
    const conversation = this.conversations.find(({ name }) => name === channel.request.service);
    check(conversation !== undefined, () => `${endpoint.side}: a request for ${channel.request.service}, which nobody made`);
    check(conversation.acting === undefined || conversation.acting.dead, () => `${endpoint.side}: ${channel.request.service} is requested twice`);
    const { number, plan } = conversation;
    const { acceptAfterMs, refuse } = plan.answer;
    const speaker = new Speaker(this, endpoint, { channel, plan: plan.answer.plan, voices: [2 * number + 1, 2 * number] });
    conversation.acting = speaker;
    endpoint.speakers.set(channel, speaker);
    this.#soon(acceptAfterMs, () => {
      if (speaker.dead) return;
      if (refuse === 'request') endpoint.tunnel.refuse(channel, { code: 'denied', message: 'not here' }, this.agenda.now);
      else endpoint.tunnel.accept(channel, this.agenda.now);
      endpoint.touch();
    });
  }

  begun(endpoint: Endpoint, channel: Channel): void {
    const speaker = endpoint.speakers.get(channel);
    const conversation = this.conversations.find(({ acting }) => acting === speaker);
    if (speaker === undefined || conversation === undefined) throw new Failure(`${endpoint.side}: begin for channel ${channel.id}, which nobody opened`);
    const { beginAfterMs, refuse } = conversation.plan.answer;
    this.#soon(beginAfterMs, () => {
      if (speaker.dead || speaker.over) return;
      if (refuse === 'begin') endpoint.tunnel.refuse(channel, { code: 'denied', message: 'not there' }, this.agenda.now);
      else endpoint.tunnel.begin(channel, undefined, this.agenda.now);
      if (refuse === 'never') speaker.connect();
      endpoint.touch();
    });
  }

  carrierClosed(endpoint: Endpoint, { carrier, code, message }: TunnelEvent & { type: 'carrier-closed' }): void {
    check(!FAULTS.includes(code), () => `${endpoint.side}: carrier of slot ${carrier.slot} closed with ${code}: ${message}`);
    this.network.connectLater(carrier.slot);
  }

  slotWanted(endpoint: Endpoint, slot: number, until: number): void {
    this.network.wantSlot(endpoint.side, slot, until);
  }

  slotUnwanted(slot: number): void {
    this.network.unwantSlot(slot);
  }

  tookInstance(endpoint: Endpoint): void {
    const explained = this.scenario.graceMs < 10_000;
    check(explained, () => `${endpoint.side}: reset the association, and nothing explains it`);
    this.#excuseAll('timeout', 'reset', 'peer-restarted');
  }

  /** A node that was shut down is started again, sooner or later. */
  tunnelEnded(endpoint: Endpoint): void {
    if (!this.healing) return;
    this.agenda.after(1, () => {
      this.#restart(endpoint);
      this.network.heal(this.scenario.slots);
    });
  }

  interrupted(endpoint: Endpoint): void {
    const isCalm = this.scenario.mishaps.every(({ kind }) => kind === 'renew');
    check(!isCalm, () => `${endpoint.side}: the tunnel was interrupted, and nothing explains it`);
  }

  // --- the story

  #runUntil(time: number, isOver: () => boolean): boolean {
    while (!isOver()) {
      if (!this.agenda.runNext(time)) {
        this.agenda.now = time;
        return isOver();
      }
      this.steps += 1;
      check(this.steps < MOST_STEPS, () => `more than ${MOST_STEPS} steps`);
      if (this.#touched) checkInvariants(this.ends);
      this.#touched = false;
    }
    return true;
  }

  #open(conversation: Conversation): void {
    const { name, number, plan } = conversation;
    const end = this.ends[plan.side === 'left' ? 0 : 1];
    try {
      const channel = end.tunnel.open({ service: name, kind: plan.kind, carrier: plan.carrier }, undefined, this.agenda.now);
      this.note(() => `${end.side} opens ${channel.id}, a ${plan.kind}`);
      const speaker = new Speaker(this, end, { channel, plan: plan.opener, voices: [2 * number, 2 * number + 1] });
      conversation.opener = speaker;
      end.speakers.set(channel, speaker);
      speaker.speak();
      if (plan.kind === 'listen') this.agenda.after(100, () => speaker.leave('done'));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.note(() => `${end.side} cannot open: ${error.reason}`);
    }
    end.touch();
  }

  #heal(): void {
    this.note(() => 'nothing goes wrong any more');
    this.healing = true;
    for (const link of this.scenario.links) link.bytesPerMs = Infinity;
    for (const end of this.ends) if (end.ended) this.#restart(end);
    for (const end of this.ends) for (const speaker of end.speakers.values()) speaker.heal();
    this.network.heal(this.scenario.slots);
  }

  #mishap(kind: Mishap): void {
    const { network, chance } = this;
    this.note(() => `mishap: ${kind}`);
    const wire = network.living.length > 0 ? chance.pick(network.living) : undefined;
    if (kind === 'total-loss') for (const one of network.living) chance.pick([() => network.reset(one), () => network.lopsided(one), () => network.blackHole(one)])();
    else if (kind === 'outage') this.#outage();
    else if (kind === 'freeze') chance.pick(this.ends).freeze(this.agenda.now + chance.size(10, 8000));
    else if (kind === 'restart') this.#restart(chance.pick(this.ends));
    else if (kind === 'clock-set-back') this.#restart(chance.pick(this.ends), 'is set back');
    else if (kind === 'shutdown') this.#shutdown();
    else if (kind === 'relay-killed') network.killRelay();
    else if (kind === 'relay-drained') this.#drainRelay();
    else if (kind === 'relay-lies') network.lieOfRelay();
    else if (kind === 'renew') this.#renew();
    else if (kind === 'replace') network.connect(chance.int(0, this.scenario.slots - 1));
    else if (wire !== undefined && kind === 'reset') network.reset(wire);
    else if (wire !== undefined && kind === 'lopsided') network.lopsided(wire);
    else if (wire !== undefined && kind === 'black-hole') network.blackHole(wire);
    else if (wire !== undefined && kind === 'half-black-hole') network.halfBlackHole(wire);
  }

  /** What an end does when it hears that a relay is about to go. */
  #renew(): void {
    const [left] = this.ends;
    for (const carrier of [...left.tunnel.carriers]) left.tunnel.replace(carrier, this.agenda.now);
    left.touch();
  }

  #outage(): void {
    this.network.outageUntil = this.agenda.now + this.chance.size(100, 20_000);
    for (const wire of this.network.living) this.network.reset(wire);
  }

  /** Ends hear of it, and build others. */
  #drainRelay(): void {
    this.network.drainRelay();
    this.#renew();
  }

  #restart(end: Endpoint, clock: 'goes on' | 'is set back' = 'goes on'): void {
    this.#excuseAll(...RESTART_CODES);
    end.restart(clock);
    this.network.restarted(end.side);
  }

  #shutdown(): void {
    const end = this.chance.pick(this.ends);
    this.#excuseAll('shutting-down', ...RESTART_CODES);
    end.tunnel.shutdown(this.chance.pick([0, 100, 30_000]), this.agenda.now);
    end.touch();
  }

  #excuseAll(...codes: ChannelCode[]): void {
    for (const { excused } of this.conversations) for (const code of codes) excused.add(code);
  }

  #soon(afterMs: number, run: () => void): void {
    if (afterMs === 0) run();
    else this.agenda.after(afterMs, run);
  }

  #unfinished(): string {
    const speakers = this.conversations.filter(({ over }) => !over).flatMap(({ speakers }) => speakers.filter(({ over }) => !over));
    return speakers.map(({ name, channel, closed }) => `${name} ${channel.state}, ${describe(channel)}, closed ${closed}`).join('; ');
  }

  #checkEnd(): void {
    for (const conversation of this.conversations) conversation.checkEnd();
    for (const end of this.ends) {
      check(end.tunnel.established, () => `${end.side}: no carrier lives at the end`);
      checkNothingLeft(end, this.agenda.now);
    }
  }
}

function describe({ out, in: incoming }: Channel): string {
  const sent = `acknowledged ${out.acknowledged} of ${out.sent} sent of ${out.end}, limit ${out.limit}${out.paused ? ' paused' : ''}`;
  return `${sent}, taken ${incoming.taken} of ${incoming.received} received, limit ${incoming.limit}${incoming.paused ? ' paused' : ''}`;
}

const RESTART_CODES = ['peer-restarted', 'reset'] as const;

function isRefusal(error: unknown): error is Error & { reason: ChannelCode } {
  return error instanceof Error && 'reason' in error;
}
