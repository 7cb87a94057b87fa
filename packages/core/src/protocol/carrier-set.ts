/**
 * The carriers of one tunnel: which may stay, which live, which leads, and the association that they serve. What
 * channels do about it is the host's.
 *
 *   add()             a carrier is secured
 *   fail(), lose()    one ends, by us or by itself
 *   reset(), close()  all of them end, and the association with them
 *
 * Specification: docs/spec.md, "Carriers", "Associations", "Several carriers".
 */
import { Carrier, isGreater, type CarrierFacts } from './carrier.js';
import { ProtocolError, type ChannelCode, type WireCode } from './error.js';
import type { Exchange, Properties } from './exchange.js';
import { Exchanges, type ExchangesHost } from './exchanges.js';
import { decodeJson, encodeJson, type Frame } from './frame.js';
import { CARRIER_AGE_MS, CARRIER_RECORDS, CONFIGURED_SLOTS, MAX_CARRIERS, MESSAGE_CHARACTERS, OWN_CARRIER_TIMEOUT_MS, REPLACE_AGAIN_MS } from './limits.js';
import { isSlotOfPeer } from './own-carriers.js';
import { Replacements } from './replacements.js';
import { printable } from './shape.js';
import type { TunnelContext } from './tunnel-context.js';

/** What the set asks of the channels. */
export interface CarrierSetHost {
  /** What limits the opener at the beginning of every channel. */
  readonly initialWindow: number;
  /** The first exchange of an association: what the peer allows. */
  associated(peer: Properties): void;
  /** The association is over, and with it every channel. */
  dissociated(code: ChannelCode, message: string): void;
  /** Says on a carrier, before it is alive, how far every held channel has come. */
  list(carrier: Carrier): void;
  /** The peer has said so too. */
  resume(exchange: Exchange): void;
  carrierAlive(carrier: Carrier): void;
  /** A carrier is gone; `state` is the one it had. */
  carrierGone(carrier: Carrier, state: Carrier['state']): void;
  /** What `lost` carried goes on with the lead: says there where channels stand, and sends again. Undefined: any of them. */
  restate(lost: Carrier | undefined): void;
  /** Whether a channel has the carrier of this additional slot for itself. */
  usesSlot(slot: number): boolean;
}

/** `since`: with SUPERSEDED, the epoch of the newer process. */
interface Why {
  readonly code: WireCode;
  readonly message: string;
  readonly since?: number;
}

export class CarrierSet implements ExchangesHost {
  readonly #context: TunnelContext;
  readonly #carriers = new Map<string, Carrier>();
  readonly #exchanges: Exchanges;
  readonly #replacements = new Replacements();
  #host!: CarrierSetHost;
  #instance: string;
  #lead: Carrier | undefined;
  /** Carriers that were lost alive, and the peer has not been told. */
  #untold: string[] = [];
  /** A living carrier was lost, and the peer has not been told where channels stand. */
  #restateDue = false;
  #interruptedAt: number | undefined;
  /** The peer said SHUTDOWN: an ERROR SHUTTING_DOWN that follows is the end of the tunnel. */
  #peerEnding = false;
  #closed = false;

  constructor(context: TunnelContext) {
    this.#context = context;
    this.#instance = context.options.instance;
    this.#exchanges = new Exchanges(context, this);
  }

  /** To be called once, before anything else. */
  serve(host: CarrierSetHost): void {
    this.#host = host;
  }

  get instance(): string {
    return this.#instance;
  }

  /** Where control goes; undefined while none lives. */
  get lead(): Carrier | undefined {
    return this.#lead;
  }

  get peer(): Properties | undefined {
    return this.#exchanges.association?.peer;
  }

  /** Whether anything may arrive before its turn in this association. */
  get several(): boolean {
    return this.#exchanges.begun > 1;
  }

  /** Since when no carrier is there for the association, and when that is given up. */
  get interruption(): { readonly since: number; readonly until: number } | undefined {
    const since = this.#interruptedAt;
    if (since === undefined || this.#exchanges.association === undefined) return undefined;
    return { since, until: since + this.#context.options.graceMs };
  }

  /** When handleTimeout() is due; Infinity for never. */
  get deadline(): number {
    let earliest = Math.min(this.#exchanges.deadline, this.interruption?.until ?? Infinity, this.#replacements.deadline);
    for (const carrier of this.#carriers.values()) earliest = Math.min(earliest, carrier.deadline, carrier.replaceAt);
    return earliest;
  }

  values(): IterableIterator<Carrier> {
    return this.#carriers.values();
  }

  living(): Carrier[] {
    return [...this.#carriers.values()].filter(({ state }) => state === 'alive');
  }

  /** Whether there is a carrier for `slot`, alive or about to be. */
  hasSlot(slot: number): boolean {
    return this.#replacements.of(slot) !== undefined || this.#find((carrier) => carrier.slot === slot) !== undefined;
  }

  /** The living carrier of `slot`. */
  livingAt(slot: number): Carrier | undefined {
    return this.#find((carrier) => carrier.slot === slot && carrier.state === 'alive');
  }

  // --- what happens to them

  add(facts: CarrierFacts): Carrier {
    const carrier = new Carrier(facts, this.#context.now);
    const refusal = this.#refusalOf(carrier);
    this.#carriers.set(facts.id, carrier);
    if (refusal !== undefined) this.#remove(carrier, { code: refusal.code, message: refusal.message }, farewellOf(carrier, refusal));
    else {
      this.#supersede(carrier);
      this.#exchanges.add(carrier);
    }
    return carrier;
  }

  handleTimeout(): void {
    const { now } = this.#context;
    for (const carrier of [...this.#carriers.values()]) {
      if (carrier.state !== 'closed' && carrier.handleTimeout(now)) this.fail(carrier, 'TIMEOUT', 'no sign of life from the peer');
    }
    this.#exchanges.handleTimeout();
    this.#replacements.expire(now);
    if (now >= (this.interruption?.until ?? Infinity)) this.reset('timeout', 'the tunnel was down for longer than its grace time');
  }

  /** Carriers whose time has come, at the end that replaces them. One of an additional slot just goes: its channel has the lead. */
  worn(): Carrier[] {
    const { now, options } = this.#context;
    const { carrierRecords = CARRIER_RECORDS } = options;
    const isWorn = (one: Carrier): boolean => now >= one.replaceAt || Math.max(one.recordsIn, one.recordsOut) >= carrierRecords;
    const worn = options.side === 'left' ? this.living().filter((carrier) => isWorn(carrier) && !this.#replacements.isReplaced(carrier)) : [];
    for (const carrier of worn) {
      carrier.replaceAt = now + REPLACE_AGAIN_MS;
      if (carrier.slot >= CONFIGURED_SLOTS && carrier !== this.#lead) this.fail(carrier, 'SUPERSEDED', 'it has served long enough');
    }
    return worn;
  }

  /** Asks for a carrier of the additional `slot` in the place of one that is alive. */
  replace(carrier: Carrier, slot: number): void {
    if (carrier.state !== 'alive' || carrier.slot >= CONFIGURED_SLOTS || this.#replacements.isReplaced(carrier)) return;
    this.#lead?.send(encodeJson('SHUTDOWN', 0, { carrier: carrier.id, slot, deadlineMs: OWN_CARRIER_TIMEOUT_MS }));
    this.#await(carrier, slot, OWN_CARRIER_TIMEOUT_MS);
  }

  /** The peer broke the protocol on `carrier`. What it says of channels can no longer be trusted. */
  handleViolation(carrier: Carrier, { wireCode, message }: ProtocolError): void {
    if (!isInUse(carrier) && wireCode !== 'ASSOCIATION_RESET') return this.fail(carrier, wireCode, message);
    this.#renew();
    this.#forget(carrier, { code: wireCode, message }, farewellOf(carrier, { code: wireCode, message }));
    this.#endAssociation({ code: 'ASSOCIATION_RESET', message: `the protocol was violated: ${message}` }, 'reset');
  }

  /** Ends a carrier with ERROR. */
  fail(carrier: Carrier, code: WireCode, message: string): void {
    this.#remove(carrier, { code, message }, farewellOf(carrier, { code, message }));
  }

  /** Its connection is gone. */
  lose(carrier: Carrier, message: string): void {
    this.#remove(carrier, { code: 'LOST', message });
  }

  /** Ends the association: every channel, every carrier. A new instance is taken. */
  reset(code: ChannelCode, message: string): void {
    this.#renew();
    this.#endAssociation({ code: 'ASSOCIATION_RESET', message }, code);
  }

  /** Ends everything for good. */
  close(message: string): void {
    this.#closed = true;
    this.#endAssociation({ code: 'SHUTTING_DOWN', message }, 'shutting-down');
  }

  // --- frames

  handlePropertyExchange(carrier: Carrier, frame: Frame): void {
    this.#exchanges.handlePropertyExchange(carrier, frame);
  }

  /** SERVICE_DATA_RESUME on a carrier that is `listing`. */
  handleListed(frame: Frame): void {
    this.#exchanges.handleListed(frame);
  }

  handleShutdown(frame: Frame): void {
    const { carrier, slot, deadlineMs } = decodeJson('SHUTDOWN', frame.payload);
    if (slot !== undefined && !isSlotOfPeer(slot, this.#context.options.side)) throw new ProtocolError('PROTOCOL', `SHUTDOWN.slot: ${slot} is not the peer's to choose`);
    if (carrier === undefined) {
      this.#peerEnding = true;
      return this.#context.emit({ type: 'peer-shutdown', deadlineMs });
    }
    const named = this.#carriers.get(carrier);
    if (named?.state !== 'alive') return;
    if (slot === undefined) this.lose(named, 'the peer has lost it');
    else if (!this.#replacements.isReplaced(named) && !this.hasSlot(slot)) this.#await(named, slot, Math.min(deadlineMs, OWN_CARRIER_TIMEOUT_MS));
  }

  handleError(carrier: Carrier, frame: Frame): void {
    const { code, message = code, since } = decodeJson('ERROR', frame.payload);
    const why: Why = { code, message: `the peer says: ${message}`, ...(since === undefined ? {} : { since }) };
    const isEnd = code === 'ASSOCIATION_RESET' || (code === 'SHUTTING_DOWN' && this.#peerEnding && carrier.slot < CONFIGURED_SLOTS);
    if (!isEnd || !isInUse(carrier)) return this.#remove(carrier, why);
    this.#forget(carrier, why);
    this.#endAssociation(why, code === 'SHUTTING_DOWN' ? 'shutting-down' : 'peer-restarted');
  }

  // --- ExchangesHost

  get initialWindow(): number {
    return this.#host.initialWindow;
  }

  associated(peer: Properties): void {
    this.#host.associated(peer);
  }

  list(carrier: Carrier): void {
    this.#host.list(carrier);
  }

  resume(exchange: Exchange): void {
    this.#host.resume(exchange);
  }

  revive(carrier: Carrier, how: 'listed' | 'beside others'): void {
    const { side, carrierAgeMs = CARRIER_AGE_MS } = this.#context.options;
    if (side === 'left') carrier.replaceAt = this.#context.now + carrierAgeMs;
    const wasDown = this.#lead === undefined;
    this.#interruptedAt = undefined;
    if (wasDown) this.#lead = carrier;
    this.#host.carrierAlive(carrier);
    this.#context.emit({ type: 'carrier-alive', carrier });
    if (wasDown) this.#context.emit({ type: 'established' });
    if (how === 'listed') this.#untold = [];
    else if (this.#restateDue) this.#restate(undefined);
    this.#restateDue = false;
    this.#retire(carrier);
  }

  // --- who may stay

  #refusalOf({ facts }: Carrier): Why | undefined {
    const { instance, peerInstance, peerEpoch, slot, rank } = facts;
    if (this.#closed) return { code: 'SHUTTING_DOWN', message: 'the tunnel has ended' };
    if (instance !== this.#instance) return { code: 'SUPERSEDED', message: 'it was set up before this end began anew' };
    if (this.#carriers.size >= MAX_CARRIERS) return { code: 'LIMIT', message: `more than ${MAX_CARRIERS} carriers` };
    const { association } = this.#exchanges;
    const remembered = association === undefined || association.peerInstance === peerInstance ? [] : [association.peerEpoch];
    const since = Math.max(...remembered, ...[...this.#carriers.values()].map((other) => other.facts.peerEpoch));
    if (since > peerEpoch) return { code: 'SUPERSEDED', message: 'a newer process of the same end has been here, and connections are held for it', since };
    if (this.#find((other) => other.slot === slot && isGreater(other.facts.rank, rank))) return { code: 'SUPERSEDED', message: 'a newer carrier has its slot' };
    return undefined;
  }

  /** Ends what a new carrier replaces: everything of an earlier process of the peer, and an attempt for its slot that is not alive yet. */
  #supersede(carrier: Carrier): void {
    const { slot, facts } = carrier;
    const { association } = this.#exchanges;
    if (association !== undefined && association.peerInstance !== facts.peerInstance) this.#endAssociation({ code: 'SUPERSEDED', message: 'the other end was restarted' }, 'peer-restarted', carrier);
    for (const other of [...this.#carriers.values()]) {
      if (other === carrier) continue;
      if (other.facts.peerInstance !== facts.peerInstance) this.fail(other, 'SUPERSEDED', 'the other end was restarted');
      else if (other.slot === slot && other.state !== 'alive') this.fail(other, 'SUPERSEDED', 'a newer carrier has its slot');
    }
  }

  #await(carrier: Carrier, slot: number, forMs: number): void {
    const until = this.#context.now + forMs;
    this.#replacements.add(slot, { carrier, until });
    this.#context.emit({ type: 'slot-wanted', slot, until });
  }

  /**
   * Ends what a living carrier makes needless: the one that it replaces, and additional ones that only served as a lead.
   * The master does it: for the other end the new carrier is alive first, and the master would be without one.
   */
  #retire(carrier: Carrier): void {
    if (carrier !== this.#lead) this.#retireIdle(carrier);
    if (this.#context.options.side !== 'left') return;
    const replaced = this.#replacements.of(carrier.slot);
    for (const other of this.living()) {
      if (other === carrier) continue;
      if (other.slot === carrier.slot || other === replaced) this.fail(other, 'SUPERSEDED', 'a newer carrier took its place');
      else if (carrier.slot < CONFIGURED_SLOTS) this.#retireIdle(other);
    }
  }

  /** An additional carrier goes with its channel. */
  #retireIdle(carrier: Carrier): void {
    if (carrier.slot < CONFIGURED_SLOTS || this.#replacements.of(carrier.slot) !== undefined) return;
    if (!this.#host.usesSlot(carrier.slot)) this.fail(carrier, 'SHUTTING_DOWN', 'its channel is at its end');
  }

  // --- how they go

  #remove(carrier: Carrier, why: Why, farewell?: Buffer): void {
    const { state } = carrier;
    const wasLead = this.#lead === carrier;
    this.#forget(carrier, why, farewell);
    if (wasLead) this.#lead = this.#nextLead();
    this.#host.carrierGone(carrier, state);
    if (state === 'alive') this.#bereave(carrier, wasLead);
    this.#exchanges.next();
  }

  #forget(carrier: Carrier, why: Why, farewell?: Buffer): void {
    carrier.state = 'closed';
    this.#carriers.delete(carrier.id);
    this.#replacements.forget(carrier);
    this.#exchanges.drop(carrier);
    this.#context.emit({ type: 'carrier-closed', carrier, ...why, ...(farewell === undefined ? {} : { farewell }) });
  }

  /** A living carrier is gone: what it carried goes on with another. */
  #bereave(carrier: Carrier, wasLead: boolean): void {
    this.#untold.push(carrier.id);
    if (this.#lead !== undefined) return this.#restate(wasLead ? undefined : carrier);
    this.#restateDue = true;
    this.#interruptedAt = this.#context.now;
    this.#context.emit({ type: 'interrupted' });
  }

  #nextLead(): Carrier | undefined {
    return this.#find(({ slot, state }) => state === 'alive' && slot < CONFIGURED_SLOTS) ?? this.#find(({ state }) => state === 'alive');
  }

  /** The peer may not have noticed: it hears of the loss before what follows from it. */
  #restate(lost: Carrier | undefined): void {
    for (const id of this.#untold) this.#lead?.send(encodeJson('SHUTDOWN', 0, { carrier: id, deadlineMs: 0 }));
    this.#untold = [];
    this.#host.restate(lost);
  }

  /** Before carriers go: who hears of their ends may send a set-up at once, with this and its epoch. */
  #renew(): void {
    this.#instance = this.#context.options.newInstance();
    this.#context.emit({ type: 'instance' });
  }

  /** Every carrier but `except` goes, every channel, and what was agreed on. */
  #endAssociation(why: Why, code: ChannelCode, except?: Carrier): void {
    const wasUp = this.#lead !== undefined;
    this.#lead = undefined;
    for (const carrier of [...this.#carriers.values()]) {
      if (carrier !== except) this.#forget(carrier, why, farewellOf(carrier, why));
    }
    this.#exchanges.dissociate();
    this.#untold = [];
    this.#restateDue = false;
    this.#interruptedAt = undefined;
    this.#peerEnding = false;
    this.#host.dissociated(code, why.message);
    if (wasUp) this.#context.emit({ type: 'interrupted' });
  }

  #find(wanted: (carrier: Carrier) => boolean): Carrier | undefined {
    for (const carrier of this.#carriers.values()) if (wanted(carrier)) return carrier;
    return undefined;
  }
}

/** What waits on the carrier, and ERROR behind it. */
function farewellOf(carrier: Carrier, { message, ...why }: Why): Buffer {
  return carrier.farewell(encodeJson('ERROR', 0, { ...why, message: printable(message, MESSAGE_CHARACTERS) }));
}

function isInUse({ state }: Carrier): boolean {
  return state === 'alive' || state === 'listing';
}
