/** A Rendezvous with nothing around it: set-ups in, actions out. */
import type { PublicKey } from '../../../src/protocol/crypto.js';
import type { EndQuotas } from '../../../src/protocol/end-ledger.js';
import type { Commonunique } from '../../../src/protocol/messages.js';
import type { LegId } from '../../../src/protocol/passage.js';
import type { Admissions, RelayTunnel } from '../../../src/protocol/relay-rules.js';
import type { RendezvousAction } from '../../../src/protocol/rendezvous-action.js';
import { Rendezvous } from '../../../src/protocol/rendezvous.js';
import { parseSetup, type ClearSetup } from '../../../src/protocol/setup.js';
import { rendezvousDigest } from '../../../src/protocol/digest.js';
import { namedSigner } from '../../../src/testing/index.js';
import { crypto, endSetup, keyOf } from './way.js';

export const COMMON = rendezvousDigest(crypto, 'acme-globex');

/** `acme-globex` over west: desk and lab beside it, each dialing it or dialed by it. */
export function tunnelOf({ left = false, right = false, common = COMMON, name = 'acme-globex' } = {}): RelayTunnel {
  const route = {
    left: { neighbour: 'desk', keys: [keyOf('desk')], dialed: left },
    right: { neighbour: 'lab', keys: [keyOf('lab')], dialed: right },
  };
  return { name, common, ends: { left: [keyOf('desk')], right: [keyOf('lab')] }, routes: new Map([[0, route]]) };
}

export interface DeskOptions {
  readonly tunnels?: readonly RelayTunnel[];
  readonly admissions?: Admissions;
  readonly quotas?: EndQuotas;
}

export class Desk {
  now = 1000;
  readonly rendezvous: Rendezvous;

  constructor({ tunnels = [tunnelOf()], admissions, quotas }: DeskOptions = {}) {
    this.rendezvous = new Rendezvous({ crypto, signer: namedSigner('west'), node: 'west', address: 'west:7070', ...(quotas && { quotas }) });
    this.rendezvous.configure(tunnels, admissions);
  }

  /** A new set-up on a new leg of its end's own: gives the leg and what came of it. */
  arrive(setup: ClearSetup, neighbour: PublicKey = setup.info.key): { leg: LegId; actions: RendezvousAction[] } {
    const leg = this.rendezvous.newLeg();
    return { leg, actions: this.on(leg, setup, neighbour) };
  }

  /** A set-up on a leg that is known. */
  on(leg: LegId, setup: ClearSetup, neighbour: PublicKey = setup.info.key): RendezvousAction[] {
    this.rendezvous.handleSetup(setup, { leg, neighbour, now: this.now });
    return this.actions();
  }

  actions(): RendezvousAction[] {
    const actions: RendezvousAction[] = [];
    for (let action = this.rendezvous.pollAction(); action !== undefined; action = this.rendezvous.pollAction()) actions.push(action);
    return actions;
  }

  states(): string[] {
    return [...this.rendezvous.legs()].map(({ state }) => state);
  }
}

export function deskSetup(members: Partial<Commonunique> = {}): ClearSetup {
  const { cu, entry } = endSetup('desk', { side: 'left', peers: [keyOf('lab')], instance: 'DDDDDDDDDDDDDDDDDDDDDA', ...members });
  return parseSetup(cu, entry);
}

export function labSetup(members: Partial<Commonunique> = {}): ClearSetup {
  const { cu, entry } = endSetup('lab', { side: 'right', peers: [keyOf('desk')], instance: 'LLLLLLLLLLLLLLLLLLLLLA', ...members });
  return parseSetup(cu, entry);
}

/** The actions of one kind. */
export function only<D extends RendezvousAction['do']>(actions: readonly RendezvousAction[], what: D): Extract<RendezvousAction, { do: D }>[] {
  return actions.filter((action): action is Extract<RendezvousAction, { do: D }> => action.do === what);
}

/** Code and leg of every close. */
export function closes(actions: readonly RendezvousAction[]): [LegId, string][] {
  return only(actions, 'close').map(({ leg, error }) => [leg, error.code]);
}
