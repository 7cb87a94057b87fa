/**
 * How many connections may be unauthenticated at once, in all and of one source; beyond half of the total they are
 * dropped by chance, more and more of them (the model is OpenSSH's MaxStartups). Specification: docs/spec.md, "Limits of a leg".
 */
import { isIPv6 } from 'node:net';

export interface GateLimits {
  /** Unauthenticated legs at once. */
  readonly total: number;
  /** Of one source: an IPv4 address, or a /64 of IPv6. Loopback is exempt, every program of this machine shares it. */
  readonly perSource: number;
}

export const DEFAULT_GATE: GateLimits = { total: 256, perSource: 8 };

/** Share of newcomers dropped when half of the places are taken; all when none is left. */
const DROP_FROM = 0.3;

export class AdmissionGate {
  readonly #limits: GateLimits;
  readonly #random: () => number;
  readonly #sources = new Map<string, number>();
  #inside = 0;

  constructor(limits: GateLimits = DEFAULT_GATE, random: () => number = Math.random) {
    this.#limits = limits;
    this.#random = random;
  }

  get inside(): number {
    return this.#inside;
  }

  /** A place for a connection from `address`: call the result once when it is authenticated or gone. Undefined: drop it. */
  enter(address: string): (() => void) | undefined {
    const source = sourceOf(address);
    const ofSource = this.#sources.get(source) ?? 0;
    if (source !== LOOPBACK && ofSource >= this.#limits.perSource) return undefined;
    if (this.#isDropped()) return undefined;
    this.#inside += 1;
    this.#sources.set(source, ofSource + 1);
    return () => this.#leave(source);
  }

  /** The same for a connection whose source is not known yet, and that counts only in all. */
  enterUncounted(): (() => void) | undefined {
    return this.enter(LOOPBACK_ADDRESS);
  }

  #isDropped(): boolean {
    const { total } = this.#limits;
    const early = total / 2;
    if (this.#inside < early) return false;
    return this.#random() < DROP_FROM + ((1 - DROP_FROM) * (this.#inside - early)) / (total - early);
  }

  #leave(source: string): void {
    this.#inside -= 1;
    const left = (this.#sources.get(source) ?? 1) - 1;
    if (left === 0) this.#sources.delete(source);
    else this.#sources.set(source, left);
  }
}

const LOOPBACK = 'loopback';
const LOOPBACK_ADDRESS = '127.0.0.1';

/** What counts as one source. */
export function sourceOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (plain === '::1' || plain.startsWith('127.')) return LOOPBACK;
  return isIPv6(plain) ? firstHalf(plain) : plain;
}

/** The first 64 bits of an IPv6 address. */
function firstHalf(address: string): string {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  return groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}
