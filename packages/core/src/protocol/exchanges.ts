/**
 * The exchanges on new carriers, one at a time a tunnel: PROPERTY_EXCHANGE both ways, then, when no carrier survived,
 * both lists of held channels. The master begins; the other end only answers. Holds the association that they found.
 * Specification: docs/spec.md, "Associations" and "Resume on a new carrier".
 */
import { Association } from './association.js';
import type { Carrier } from './carrier.js';
import { ProtocolError, type WireCode } from './error.js';
import { Exchange, type Properties } from './exchange.js';
import { decodeJson, decodeNumbers, encodeJson, type Frame } from './frame.js';
import { UNANSWERED_FREES } from './limits.js';
import type { TunnelContext } from './tunnel-context.js';

/** Whose carriers these are. */
export interface ExchangesHost {
  readonly instance: string;
  /** What limits the opener at the beginning of every channel. */
  readonly initialWindow: number;
  living(): Carrier[];
  fail(carrier: Carrier, code: WireCode, message: string): void;
  lose(carrier: Carrier, message: string): void;
  /** The first exchange of an association: what the peer allows. */
  associated(peer: Properties): void;
  /** Says on a carrier, before it is alive, how far every held channel has come. */
  list(carrier: Carrier): void;
  /** The peer has said so too. */
  resume(exchange: Exchange): void;
  /** The exchange has ended; `listed` where channels stand was said. */
  revive(carrier: Carrier, how: 'listed' | 'beside others'): void;
}

export class Exchanges {
  readonly #context: TunnelContext;
  readonly #host: ExchangesHost;
  /** Carriers whose exchange has not begun; with the peer's PROPERTY_EXCHANGE if it came first. */
  #queued: { carrier: Carrier; properties?: Properties }[] = [];
  #current: Exchange | undefined;
  #association: Association | undefined;
  #begun = 0;

  constructor(context: TunnelContext, host: ExchangesHost) {
    this.#context = context;
    this.#host = host;
  }

  get association(): Association | undefined {
    return this.#association;
  }

  /** How many were begun in this association. */
  get begun(): number {
    return this.#begun;
  }

  get deadline(): number {
    return this.#current?.deadline ?? Infinity;
  }

  /** A carrier was added: the master asks on it in its turn. */
  add(carrier: Carrier): void {
    if (this.#isMaster) this.#enqueue({ carrier });
  }

  /** A carrier is gone. The next exchange begins with next(). */
  drop(carrier: Carrier): void {
    this.#queued = this.#queued.filter((entry) => entry.carrier !== carrier);
    if (this.#current?.carrier === carrier) this.#current = undefined;
  }

  dissociate(): void {
    this.#association = undefined;
    this.#begun = 0;
  }

  handleTimeout(): void {
    const current = this.#current;
    if (current !== undefined && this.#context.now >= current.deadline) this.#host.fail(current.carrier, 'TIMEOUT', 'PROPERTY_EXCHANGE did not end in time');
  }

  handlePropertyExchange(carrier: Carrier, frame: Frame): void {
    const properties = decodeJson('PROPERTY_EXCHANGE', frame.payload);
    const { facts, state } = carrier;
    if (!facts.checkProof(properties.proof)) throw new ProtocolError('TAMPERED', 'PROPERTY_EXCHANGE.proof: the two ends did not see one set-up');
    if (properties.instance !== facts.peerInstance) throw new ProtocolError('TAMPERED', 'PROPERTY_EXCHANGE.instance: not the one of COMMONUNIQUE_INFO');
    if (this.#isMaster) {
      if (this.#current?.carrier !== carrier || state !== 'offered') throw new ProtocolError('PROTOCOL', 'PROPERTY_EXCHANGE: the master begins');
      return this.#agree(this.#current, properties);
    }
    if (state !== 'secured' || this.#queued.some((entry) => entry.carrier === carrier)) throw new ProtocolError('PROTOCOL', 'PROPERTY_EXCHANGE: a second one');
    this.#dropForsaken(properties);
    this.#enqueue({ carrier, properties });
  }

  /** SERVICE_DATA_RESUME before the carrier is alive: one channel of the peer's list, or its end. */
  handleListed(frame: Frame): void {
    const current = this.#current as Exchange;
    const [received, limit] = decodeNumbers('SERVICE_DATA_RESUME', frame.payload) as [number, number];
    if (frame.channel !== 0) return current.list(frame.channel, { received, limit }, this.#mostListed());
    current.checkCount(received);
    this.#host.resume(current);
    this.#end('listed');
  }

  /** Begins the next exchange, or answers the next one, when none is under way. */
  next(): void {
    if (this.#current !== undefined) return;
    const entry = this.#queued.shift();
    if (entry === undefined) return;
    const { carrier, properties } = entry;
    const alive = this.#host.living().map(({ id }) => id);
    this.#current = new Exchange(carrier, alive, this.#context.now);
    this.#begun += 1;
    carrier.state = 'offered';
    carrier.send(encodeJson('PROPERTY_EXCHANGE', 0, this.#properties(carrier, alive)));
    if (properties !== undefined) this.#agree(this.#current, properties);
  }

  #enqueue(entry: { carrier: Carrier; properties?: Properties }): void {
    this.#queued.push(entry);
    this.next();
  }

  /** The master begins an exchange when the one before has ended; it has failed if its carrier does not count as alive there. */
  #dropForsaken(properties: Properties): void {
    const carriers = this.#queued.map((entry) => entry.carrier);
    if (this.#current !== undefined) carriers.push(this.#current.carrier);
    for (const carrier of carriers) if (!properties.alive.includes(carrier.id)) this.#host.lose(carrier, 'the peer has lost it');
  }

  #properties({ facts }: Carrier, alive: string[]): Properties {
    const { node, software, maxChannels, codecs, plugins } = this.#context.options;
    const { instance, initialWindow } = this.#host;
    const known = this.#association === undefined ? {} : { peerInstance: this.#association.peerInstance };
    return { proof: facts.proof, node, software, instance, ...known, alive, initialWindow, maxChannels, codecs: [...codecs], plugins: [...plugins], ...(facts.login === undefined ? {} : { login: facts.login }) };
  }

  /** Both have said who they are and which carriers live. */
  #agree(exchange: Exchange, properties: Properties): void {
    const { carrier } = exchange;
    this.#associate(carrier, properties);
    const survivors = exchange.survivors(properties);
    for (const other of this.#host.living()) if (!survivors.has(other.id)) this.#host.fail(other, 'LOST', 'the peer holds this carrier for dead');
    if (survivors.size > 0) return this.#end('beside others');
    carrier.state = 'listing';
    this.#host.list(carrier);
  }

  #associate(carrier: Carrier, properties: Properties): void {
    if (properties.peerInstance !== undefined && properties.peerInstance !== this.#host.instance) throw new ProtocolError('PROTOCOL', 'PROPERTY_EXCHANGE.peerInstance: not ours');
    if (this.#association !== undefined) return this.#association.check(properties, this.#isMaster ? 'answer' : 'question');
    this.#association = new Association(properties, carrier.facts.peerEpoch);
    this.#host.associated(properties);
  }

  #end(how: 'listed' | 'beside others'): void {
    const { carrier } = this.#current as Exchange;
    this.#current = undefined;
    carrier.state = 'alive';
    if (this.#association !== undefined) this.#association.proven = true;
    this.#host.revive(carrier, how);
    this.next();
  }

  /** Channels of either end, and those of ours that the peer has freed and we have not heard of. We open no more than we allow, however many the peer would. */
  #mostListed(): number {
    const { maxChannels } = this.#context.options;
    return maxChannels + 2 * Math.min(maxChannels, this.#association?.peer.maxChannels ?? 0) + UNANSWERED_FREES;
  }

  get #isMaster(): boolean {
    return this.#context.options.side === 'left';
  }
}
