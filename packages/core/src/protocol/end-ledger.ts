/**
 * What a middle remembers of each end, by its key: the set-ups that live here (for fencing and quotas) and how fast new ones come.
 * Counted by the end's key once its entry is verified, so that nobody can spend another's quota; how fast they come also by the
 * neighbour who brings them: a relay that plays back what it once forwarded must not use up what comes over the others.
 * Specification: docs/spec.md, "Fencing" and "Limits of a middle".
 */
import type { PublicKey } from './crypto.js';
import { ProtocolError } from './error.js';
import { MAX_CARRIERS } from './limits.js';
import type { Commonunique } from './messages.js';

/** The members of COMMONUNIQUE_INFO that stay known as long as its leg lives. */
export type EndAttempt = Pick<Commonunique, 'common' | 'side' | 'key' | 'epoch' | 'instance' | 'slot' | 'alt' | 'attempt' | 'pingMs'>;

export interface EndQuotas {
  /** Legs of one end in one tunnel that wait for their other side. */
  readonly parkedPerTunnel: number;
  /** The same in all tunnels of one key. */
  readonly parkedPerKey: number;
  /** Different slots of one end in one tunnel. */
  readonly slotsPerTunnel: number;
  /** Set-ups of one end in one tunnel over one neighbour: for each second, and at once. */
  readonly setupsPerSecond: number;
  readonly setupsBurst: number;
}

export const DEFAULT_QUOTAS: EndQuotas = { parkedPerTunnel: 16, parkedPerKey: 1024, slotsPerTunnel: MAX_CARRIERS, setupsPerSecond: 5, setupsBurst: 32 };

/** An admitted key may use common names without end, so accounts are tidied up as set-ups come. */
const PRUNE_EVERY = 256;

/** A living set-up in the ledger. `parked`: its other side has not come. */
export interface LedgerEntry {
  readonly attempt: EndAttempt;
  readonly isParked: boolean;
}

interface Account<E> {
  readonly entries: Set<E>;
  /** By the neighbour's key. */
  readonly allowances: Map<PublicKey, Allowance>;
}

interface Allowance {
  tokens: number;
  filledAt: number;
}

/** A newer process with the same key lives: `since` is its epoch. */
export class Superseded extends ProtocolError {
  constructor(
    message: string,
    readonly since: number,
  ) {
    super('SUPERSEDED', message);
  }
}

export class EndLedger<E extends LedgerEntry> {
  readonly #quotas: EndQuotas;
  /** By key, then by common. */
  readonly #keys = new Map<PublicKey, Map<string, Account<E>>>();

  #admissions = 0;

  constructor(quotas: EndQuotas) {
    this.#quotas = quotas;
  }

  /**
   * Whether `next` may come: gives what it fences. Throws SUPERSEDED when a newer or equal attempt lives, LIMIT
   * beyond a quota. Fencing waits for nothing and touches no other slot, but for older processes of the same end.
   */
  admit(next: EndAttempt, { neighbour, now }: { readonly neighbour: PublicKey; readonly now: number }): E[] {
    this.#admissions += 1;
    if (this.#admissions % PRUNE_EVERY === 0) this.prune(now);
    const account = this.#account(next);
    this.#spend(account, neighbour, now);
    const fenced = [...account.entries].filter(({ attempt }) => isFencedBy(attempt, next));
    this.#checkQuotas(next, account, fenced);
    return fenced;
  }

  add(entry: E): void {
    this.#account(entry.attempt).entries.add(entry);
  }

  remove(entry: E): void {
    this.#keys.get(entry.attempt.key)?.get(entry.attempt.common)?.entries.delete(entry);
  }

  /** Forgets ends that have nothing here and whose allowance is full again. */
  prune(now: number): void {
    for (const [key, accounts] of this.#keys) {
      for (const [common, account] of accounts) {
        for (const [neighbour, allowance] of account.allowances) if (this.#refill(allowance, now) >= this.#quotas.setupsBurst) account.allowances.delete(neighbour);
        if (account.entries.size === 0 && account.allowances.size === 0) accounts.delete(common);
      }
      if (accounts.size === 0) this.#keys.delete(key);
    }
  }

  #account({ key, common }: EndAttempt): Account<E> {
    const accounts = this.#keys.get(key) ?? new Map<string, Account<E>>();
    this.#keys.set(key, accounts);
    const account = accounts.get(common) ?? { entries: new Set(), allowances: new Map() };
    accounts.set(common, account);
    return account;
  }

  /** The tokens that there are now. */
  #refill(allowance: Allowance, now: number): number {
    const { setupsBurst, setupsPerSecond } = this.#quotas;
    allowance.tokens = Math.min(setupsBurst, allowance.tokens + ((now - allowance.filledAt) * setupsPerSecond) / 1000);
    allowance.filledAt = now;
    return allowance.tokens;
  }

  #spend({ allowances }: Account<E>, neighbour: PublicKey, now: number): void {
    const allowance = allowances.get(neighbour) ?? { tokens: this.#quotas.setupsBurst, filledAt: now };
    allowances.set(neighbour, allowance);
    if (this.#refill(allowance, now) < 1) throw new ProtocolError('LIMIT', `more than ${this.#quotas.setupsPerSecond} set-ups a second from this end`);
    allowance.tokens -= 1;
  }

  #checkQuotas({ key, slot }: EndAttempt, { entries }: Account<E>, fenced: readonly E[]): void {
    const { parkedPerTunnel, parkedPerKey, slotsPerTunnel } = this.#quotas;
    const living = [...entries].filter((entry) => !fenced.includes(entry));
    const slots = new Set([slot, ...living.map(({ attempt }) => attempt.slot)]);
    if (slots.size > slotsPerTunnel) throw new ProtocolError('LIMIT', `more than ${slotsPerTunnel} living slots of this end in this tunnel`);
    if (living.filter(({ isParked }) => isParked).length >= parkedPerTunnel) throw new ProtocolError('LIMIT', `more than ${parkedPerTunnel} parked legs of this end in this tunnel`);
    if (this.#parkedOf(key) >= parkedPerKey + fenced.length) throw new ProtocolError('LIMIT', `more than ${parkedPerKey} parked legs of this end`);
  }

  #parkedOf(key: PublicKey): number {
    let parked = 0;
    for (const { entries } of this.#keys.get(key)?.values() ?? []) for (const { isParked } of entries) parked += isParked ? 1 : 0;
    return parked;
  }
}

/** Whether `next`, of the same key and common, ends `old`. Throws SUPERSEDED when it is the other way round. */
function isFencedBy(old: EndAttempt, next: EndAttempt): boolean {
  if (old.epoch > next.epoch || (old.epoch === next.epoch && old.instance !== next.instance)) {
    throw new Superseded('another process with the key of this end started later and lives', old.epoch);
  }
  if (old.epoch < next.epoch) return true;
  if (old.slot !== next.slot || old.alt !== next.alt) return false;
  if (old.attempt >= next.attempt) throw new Superseded(`attempt ${old.attempt} at slot ${old.slot} lives, this is attempt ${next.attempt}`, old.epoch);
  return true;
}
