/**
 * A middle's pairing, with no I/O in it: which leg waits for which, who is dialed, what is forwarded, who is fenced.
 * It sees legs as numbers and set-ups as they came; it verifies each end's entry before it stores anything, and
 * appends this node's own before it forwards.
 *
 *   handleSetup(), handleGreeted(), handleDialFailed(), handleStandby(),
 *   handlePassThrough(), handleProgress(), handleLost(), handleTimeout()   what happened
 *   configure(), drain(), newLeg()                                         what the node wants
 *   pollAction(), pollTimeout()                                            what to do about it; poll after every call
 *
 * Specification: docs/spec.md, "Parking and pairing", "Dialing neighbours", "Standby legs".
 */
import type { PublicKey } from './crypto.js';
import { DEFAULT_QUOTAS, EndLedger, Superseded } from './end-ledger.js';
import { ProtocolError } from './error.js';
import { PASS_THROUGH_MS, SETUP_BYTES, TOPOLOGY_ENTRIES } from './limits.js';
import type { Body } from './messages.js';
import { attemptOf, counterpartOf, passageKey, type LegId, type Passage, type Party } from './passage.js';
import { RelayRules, type Admissions, type RelayHop, type RelayTunnel } from './relay-rules.js';
import type { RelayedLeg, RendezvousAction, RendezvousOptions, SetupArrival } from './rendezvous-action.js';
import { isMutual, topologyOf, type ClearSetup } from './setup.js';
import { appendMiddleEntry, endEntryVerifies } from './topology.js';

/** No middle's entry is longer, its signature included. */
const ENTRY_ROOM = 1024;

export class Rendezvous {
  readonly #options: RendezvousOptions;
  readonly #ledger: EndLedger<Party>;
  #rules = new RelayRules([]);
  #isDraining = false;
  #lastLeg = 0;
  readonly #passages = new Map<string, Set<Passage>>();
  readonly #byLeg = new Map<LegId, Passage>();
  /** Passages with a deadline, and standby legs whose set-up lost against a dialed leg and that their acceptor will close. */
  readonly #timed = new Set<Passage>();
  readonly #ignored = new Map<LegId, number>();
  readonly #actions: RendezvousAction[] = [];

  constructor(options: RendezvousOptions) {
    this.#options = options;
    this.#ledger = new EndLedger(options.quotas ?? DEFAULT_QUOTAS);
  }

  /** A number for a leg that is about to be reported here. */
  newLeg(): LegId {
    this.#lastLeg += 1;
    return this.#lastLeg;
  }

  /** Serves these from now on. Whoever is no longer served is closed; everything else goes on undisturbed. */
  configure(tunnels: readonly RelayTunnel[], admissions?: Admissions): void {
    this.#rules = new RelayRules(tunnels, admissions);
    for (const passage of new Set(this.#byLeg.values())) {
      const unserved = [passage.first, passage.second].find((party) => party !== undefined && !this.#isServed(party));
      if (unserved !== undefined) this.#end(passage, { code: 'REFUSED', message: 'this relay no longer serves this tunnel' });
    }
  }

  /** Takes no more set-ups and closes what is not paired. Pairs go on. */
  drain(): void {
    this.#isDraining = true;
    for (const passage of new Set(this.#byLeg.values())) {
      if (passage.state !== 'paired') this.#end(passage, shuttingDown());
    }
  }

  /** A set-up came, on a new leg or in answer on one that this middle used. */
  handleSetup(setup: ClearSetup, arrival: SetupArrival): void {
    const passage = this.#byLeg.get(arrival.leg);
    try {
      if (passage !== undefined) this.#handleAnswer(passage, setup, arrival);
      else this.#handleNew(setup, arrival);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(arrival.leg, error);
    }
  }

  /** A dialed leg has written its HELLO, and the neighbour's key is `neighbour`: from here on this leg stays. */
  handleGreeted(leg: LegId, neighbour: PublicKey): void {
    const passage = this.#byLeg.get(leg);
    if (passage?.onward === undefined || passage.onward.leg !== leg || passage.state !== 'dialing') return;
    this.#forwardOnward(passage, neighbour);
  }

  /** A dial came to nothing, on all addresses of the neighbour. */
  handleDialFailed(leg: LegId, failed: { readonly address: string; readonly code: string }): void {
    const passage = this.#byLeg.get(leg);
    if (passage?.onward?.leg !== leg) return this.handleLost(leg);
    const waitingFor = passage.onward.hop.neighbour;
    this.#act({ do: 'progress', leg: passage.first.leg, body: { at: this.#options.node, waitingFor, failed } });
    this.#byLeg.delete(leg);
    passage.onward = undefined;
    this.#end(passage, { code: 'UNREACHABLE', message: `${this.#options.node} cannot reach ${waitingFor} at ${failed.address}: ${failed.code}` });
  }

  /** Here is the standby leg that was wanted for the set-up of `wanter`. False: it is not wanted any more. */
  handleStandby(wanter: LegId, standby: LegId, neighbour: PublicKey): boolean {
    const passage = this.#byLeg.get(wanter);
    const hop = passage?.first.passport.onward;
    if (passage?.wantsStandby !== true || hop === undefined) return false;
    passage.wantsStandby = false;
    passage.onward = { leg: standby, by: 'standby', hop, neighbour: undefined };
    this.#byLeg.set(standby, passage);
    this.#forwardOnward(passage, neighbour);
    return true;
  }

  /** Whether the set-up of `leg` still waits for a standby leg. */
  wantsStandby(leg: LegId): boolean {
    return this.#byLeg.get(leg)?.wantsStandby === true;
  }

  handlePassThrough(leg: LegId, now: number): void {
    const passage = this.#byLeg.get(leg);
    if (passage?.second === undefined || passage.state !== 'exchanged') return;
    const { first, second } = passage;
    const [from, to] = leg === first.leg ? [first, second] : [second, first];
    if (from.isMarked) return;
    from.isMarked = true;
    this.#act({ do: 'pass-through', leg: to.leg });
    if (to.isMarked) this.#join(passage, second);
    else passage.deadline = now + PASS_THROUGH_MS;
  }

  /** A hint goes back towards the end that waits. */
  handleProgress(leg: LegId, body: Body<'PROGRESS'>): void {
    const passage = this.#byLeg.get(leg);
    if (passage?.state === 'waiting' && passage.onward?.leg === leg) this.#act({ do: 'progress', leg: passage.first.leg, body });
  }

  /** A leg is gone: `error` is what its other side said, or what was seen here. Its counterpart is closed with the same reason. */
  handleLost(leg: LegId, error: Body<'ERROR'> = { code: 'LOST', message: `a leg at ${this.#options.node} was lost` }): void {
    this.#ignored.delete(leg);
    const passage = this.#byLeg.get(leg);
    if (passage === undefined) return;
    const other = counterpartOf(passage, leg);
    this.#forget(passage);
    if (other !== undefined) this.#close(other, error);
  }

  handleTimeout(now: number): void {
    for (const passage of this.#timed) {
      if (passage.deadline !== undefined && now >= passage.deadline) this.#end(passage, { code: 'TIMEOUT', message: `no PASS_THROUGH within ${PASS_THROUGH_MS} ms` });
    }
    for (const [leg, deadline] of this.#ignored) {
      if (now < deadline) continue;
      this.#ignored.delete(leg);
      this.#close(leg, { code: 'LOST', message: 'the dialed leg of this set-up was used' });
    }
  }

  pollAction(): RendezvousAction | undefined {
    return this.#actions.shift();
  }

  pollTimeout(): number | undefined {
    let next: number | undefined;
    const consider = (deadline: number | undefined) => {
      if (deadline !== undefined && (next === undefined || deadline < next)) next = deadline;
    };
    for (const { deadline } of this.#timed) consider(deadline);
    for (const deadline of this.#ignored.values()) consider(deadline);
    return next;
  }

  /** Every leg on which a set-up arrived. */
  *legs(): Generator<RelayedLeg> {
    for (const [leg, { first, second, state, since }] of this.#byLeg) {
      const party = leg === first.leg ? first : leg === second?.leg ? second : undefined;
      if (party === undefined) continue;
      yield { leg, tunnel: party.passport.tunnel, side: party.attempt.side, neighbour: party.neighbour, state, since };
    }
  }

  /** A set-up on a leg that has no passage yet: an inbound one, or a standby leg of this node that its acceptor used. */
  #handleNew(setup: ClearSetup, arrival: SetupArrival): void {
    if (this.#ignored.has(arrival.leg)) throw secondSetup();
    const { party, fenced } = this.#admit(setup, arrival);
    for (const old of fenced) this.#fence(old, party);
    const passage = this.#counterpartFor(setup);
    if (passage === undefined) return this.#begin(party, arrival.now);
    if (passage.onward?.by === 'dialed' && passage.state === 'waiting') {
      // The dialed leg carries a set-up already and stays. This one's acceptor sees that too and closes it.
      this.#ignored.set(arrival.leg, arrival.now + PASS_THROUGH_MS);
      return;
    }
    this.#ledger.add(party);
    this.#dropOnward(passage);
    this.#exchange(passage, party, arrival.now);
  }

  /** The other side's set-up, on the leg that carried the first one on. */
  #handleAnswer(passage: Passage, setup: ClearSetup, arrival: SetupArrival): void {
    if (passage.onward?.leg !== arrival.leg || passage.second !== undefined) throw secondSetup();
    const { party, fenced } = this.#admit(setup, arrival);
    const { attempt, setup: asked } = passage.first;
    if (passageKey(setup.info) !== passage.key || setup.info.side === attempt.side || asked === undefined || !isMutual(asked.info, setup.info)) {
      throw new ProtocolError('ROUTE', 'COMMONUNIQUE_INFO: not the other end of the set-up that was sent on this leg');
    }
    for (const old of fenced) this.#fence(old, party);
    this.#ledger.add(party);
    this.#exchange(passage, party, arrival.now);
  }

  /** Every check before anything is stored. */
  #admit(setup: ClearSetup, { leg, neighbour, now }: SetupArrival): { party: Party; fenced: Party[] } {
    if (this.#isDraining) throw new ProtocolError('SHUTTING_DOWN', 'this relay is shutting down');
    const topology = topologyOf(setup);
    const own = this.#options.signer.publicKey;
    if (topology.end.key === own || topology.middles.some(({ key }) => key === own)) throw new ProtocolError('LOOP', 'TOPOLOGY_EXCHANGE: this node is in it already');
    if (topology.entries.length >= TOPOLOGY_ENTRIES || setup.topology.length + ENTRY_ROOM > SETUP_BYTES) throw new ProtocolError('LIMIT', 'TOPOLOGY_EXCHANGE: no room for another entry');
    const passport = this.#rules.passportFor(setup.info, neighbour);
    if (!endEntryVerifies(topology, setup.cu, this.#options.crypto)) throw new ProtocolError('REFUSED', "TOPOLOGY_EXCHANGE entry 0: not signed with the end's key");
    const attempt = attemptOf(setup.info);
    const fenced = this.#ledger.admit(attempt, { neighbour, now });
    return { party: { leg, neighbour, attempt, passport, setup, isParked: false, isMarked: false }, fenced };
  }

  /** The passage that waits for this set-up: of the other side, and the two ends want each other. */
  #counterpartFor({ info }: ClearSetup): Passage | undefined {
    for (const passage of this.#passages.get(passageKey(info)) ?? []) {
      const { setup } = passage.first;
      if (passage.second === undefined && setup !== undefined && setup.info.side !== info.side && isMutual(setup.info, info)) return passage;
    }
    return undefined;
  }

  /** Nobody waits for it: dial the next neighbour where the route says so, else wait for its leg or standby leg. */
  #begin(first: Party, now: number): void {
    const { attempt, passport } = first;
    const passage: Passage = { key: passageKey(attempt), since: now, state: 'parked', first, second: undefined, onward: undefined, wantsStandby: false, deadline: undefined };
    this.#ledger.add(first);
    this.#byLeg.set(first.leg, passage);
    this.#passages.set(passage.key, (this.#passages.get(passage.key) ?? new Set()).add(passage));
    if (passport.onward?.dialed === true) this.#dial(passage, passport.onward);
    else this.#park(passage);
  }

  #dial(passage: Passage, hop: RelayHop): void {
    const leg = this.newLeg();
    passage.state = 'dialing';
    passage.onward = { leg, by: 'dialed', hop, neighbour: undefined };
    this.#byLeg.set(leg, passage);
    this.#act({ do: 'progress', leg: passage.first.leg, body: { at: this.#options.node, waitingFor: hop.neighbour } });
    this.#act({ do: 'dial', leg, hop });
  }

  #park(passage: Passage): void {
    const { first } = passage;
    const hop = first.passport.onward;
    first.isParked = true;
    this.#act({ do: 'progress', leg: first.leg, body: { at: this.#options.node, ...(hop !== undefined && { waitingFor: hop.neighbour }) } });
    if (hop === undefined) return;
    passage.wantsStandby = true;
    this.#act({ do: 'want-standby', leg: first.leg, hop });
  }

  /** The first set-up goes on over the dialed or standby leg. */
  #forwardOnward(passage: Passage, neighbour: PublicKey): void {
    const { first, onward } = passage;
    if (onward === undefined) return;
    onward.neighbour = neighbour;
    first.isParked = false;
    passage.state = 'waiting';
    this.#forward(first, { to: neighbour, leg: onward.leg });
  }

  /** Both set-ups are here: each goes to the other side, as far as it has not gone yet. */
  #exchange(passage: Passage, second: Party, now: number): void {
    const { first } = passage;
    const isAnswer = passage.onward?.leg === second.leg;
    passage.second = second;
    this.#byLeg.set(second.leg, passage);
    if (!isAnswer) this.#forward(first, { to: second.neighbour, leg: second.leg });
    this.#forward(second, { to: first.neighbour, leg: first.leg });
    first.isParked = false;
    first.setup = undefined;
    second.setup = undefined;
    passage.onward = undefined;
    passage.state = 'exchanged';
    passage.deadline = now + PASS_THROUGH_MS;
    this.#timed.add(passage);
  }

  /** Copies what came and appends this node's entry; #admit() made sure that there is room. */
  #forward({ setup, neighbour }: Party, { to, leg }: { readonly to: PublicKey; readonly leg: LegId }): void {
    if (setup === undefined) return;
    const { node, address, signer } = this.#options;
    const body = { node, key: signer.publicKey, address, from: neighbour, to };
    const topology = appendMiddleEntry(setup.topology, body, { ...this.#options, cu: setup.cu });
    this.#act({ do: 'send-setup', leg, cu: setup.cu, topology });
  }

  #join(passage: Passage, second: Party): void {
    passage.state = 'paired';
    passage.deadline = undefined;
    this.#timed.delete(passage);
    const pingMs = Math.max(passage.first.attempt.pingMs, second.attempt.pingMs);
    this.#act({ do: 'join', legs: [passage.first.leg, second.leg], pingMs });
  }

  /** The way that was begun is not needed: a leg came by itself. */
  #dropOnward(passage: Passage): void {
    const { onward } = passage;
    this.#unwant(passage);
    if (onward === undefined) return;
    this.#byLeg.delete(onward.leg);
    passage.onward = undefined;
    this.#close(onward.leg, { code: 'SUPERSEDED', message: 'another leg of this set-up was used' });
  }

  #unwant(passage: Passage): void {
    if (passage.wantsStandby) this.#act({ do: 'unwant-standby', leg: passage.first.leg });
    passage.wantsStandby = false;
  }

  /** A newer attempt or process of this end is here: its old leg and what it was paired with go at once. */
  #fence(old: Party, { attempt }: Party): void {
    const passage = this.#byLeg.get(old.leg);
    if (passage === undefined) return;
    const other = counterpartOf(passage, old.leg);
    this.#forget(passage);
    if (old.attempt.instance === attempt.instance) this.#close(old.leg, { code: 'LOST', message: 'a newer attempt of this end is here' });
    else this.#close(old.leg, { code: 'SUPERSEDED', message: 'a newer process with the key of this end is here', since: attempt.epoch });
    if (other !== undefined) this.#close(other, { code: 'LOST', message: 'the other end has begun anew' });
  }

  #isServed({ attempt, neighbour }: Party): boolean {
    try {
      this.#rules.passportFor({ ...attempt, versions: [], peers: [], nonce: '' }, neighbour);
      return true;
    } catch {
      return false;
    }
  }

  #refuse(leg: LegId, error: ProtocolError): void {
    const since = error instanceof Superseded ? { since: error.since } : {};
    const body: Body<'ERROR'> = { code: error.wireCode, message: error.message, ...since };
    this.#act({ do: 'refused', leg, error: body });
    this.handleLost(leg, { code: error.wireCode, message: `${this.#options.node} refused the other side: ${error.message}` });
    this.#close(leg, body);
  }

  #end(passage: Passage, error: Body<'ERROR'>): void {
    const { first } = passage;
    const other = counterpartOf(passage, first.leg);
    this.#forget(passage);
    this.#close(first.leg, error);
    if (other !== undefined) this.#close(other, error);
  }

  /** Takes the passage out of every index. */
  #forget(passage: Passage): void {
    const { first, second, onward, key } = passage;
    this.#unwant(passage);
    for (const party of [first, second]) if (party !== undefined) this.#ledger.remove(party);
    for (const leg of [first.leg, second?.leg, onward?.leg]) if (leg !== undefined) this.#byLeg.delete(leg);
    this.#timed.delete(passage);
    const siblings = this.#passages.get(key);
    siblings?.delete(passage);
    if (siblings?.size === 0) this.#passages.delete(key);
  }

  #close(leg: LegId, error: Body<'ERROR'>): void {
    this.#act({ do: 'close', leg, error });
  }

  #act(action: RendezvousAction): void {
    this.#actions.push(action);
  }
}

function secondSetup(): ProtocolError {
  return new ProtocolError('PROTOCOL', 'COMMONUNIQUE_INFO: a second one on this leg');
}

function shuttingDown(): Body<'ERROR'> {
  return { code: 'SHUTTING_DOWN', message: 'this relay is shutting down' };
}
