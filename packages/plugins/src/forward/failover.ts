/**
 * Several servers for one purpose: the first that works, in the order of the chain file. What is found not to work is
 * left out for a while, longer each time, and then tried by one connection while the others go elsewhere.
 *
 * A server works when it says something: one that takes connections and closes them at once (a tunnel of somebody else
 * whose far side is dead, a pool without members) is found out as one that refuses is.
 */
import { ChannelRefusal, formatServiceAddress, type Clock, type Dialer, type ServiceAddress } from '@lstp/core';
import type { Socket } from 'node:net';

/** For a server to take a connection, where another one is next. */
const TRY_MS = 3000;
/** A server that says nothing and closes within so long did not mean to serve. */
const RIGHT_AFTER_MS = 2000;
/** The first time that a server is left out; then twice as long each time. */
const FIRST_OUT_MS = 1000;
const LONGEST_OUT_MS = 60_000;

export class Failover {
  readonly #members: readonly Member[];
  readonly #dialer: Dialer;
  readonly #clock: Clock;

  constructor(addresses: readonly ServiceAddress[], dialer: Dialer, clock: Clock) {
    this.#members = addresses.map((address) => new Member(address));
    this.#dialer = dialer;
    this.#clock = clock;
  }

  /** Throws ChannelRefusal: the first server's cause. */
  async connect(signal: AbortSignal): Promise<{ readonly stream: Socket; readonly bound: string }> {
    const order = this.#order();
    let first: unknown;
    for (const member of order) {
      try {
        member.handleTry(this.#clock.now());
        const connection = await this.#dial(member, signal, member === order.at(-1) ? 'last' : 'another-follows');
        this.#watch(member, connection.stream);
        return connection;
      } catch (error) {
        if (signal.aborted) throw error;
        member.handleFailure(this.#clock.now());
        first ??= error;
      }
    }
    throw first;
  }

  /** Those that are left out are a last resort: they may be back, and nothing else is there. */
  #order(): Member[] {
    const now = this.#clock.now();
    const ready = this.#members.filter((member) => member.isReady(now));
    return [...ready, ...this.#members.filter((member) => !ready.includes(member))];
  }

  async #dial({ address }: Member, signal: AbortSignal, place: 'last' | 'another-follows'): Promise<{ readonly stream: Socket; readonly bound: string }> {
    if (place === 'last') return this.#dialer.connect(address, signal);
    const late = AbortSignal.timeout(TRY_MS);
    try {
      return await this.#dialer.connect(address, AbortSignal.any([signal, late]));
    } catch (error) {
      throw late.aborted && !signal.aborted ? new ChannelRefusal('timeout', `${formatServiceAddress(address)}: no answer within ${TRY_MS / 1000} s`) : error;
    }
  }

  #watch(member: Member, stream: Socket): void {
    const since = this.#clock.now();
    member.handleConnected(stream);
    const handleEnd = (): void => {
      stream.off('end', handleEnd).off('error', handleEnd);
      if (stream.bytesRead > 0) return member.handleWord();
      const now = this.#clock.now();
      // Where the application had ended its direction first, there may have been nothing to say.
      if (!stream.writableEnded && now - since < RIGHT_AFTER_MS) member.handleFailure(now);
    };
    stream.on('end', handleEnd).on('error', handleEnd);
  }
}

/** One server, and what is known of it. */
class Member {
  readonly address: ServiceAddress;
  #failures = 0;
  #outUntil = 0;
  /** Its last connection since it failed: proves it as soon as it brings a byte. */
  #trial: Socket | undefined;

  constructor(address: ServiceAddress) {
    this.address = address;
  }

  isReady(now: number): boolean {
    if ((this.#trial?.bytesRead ?? 0) > 0) this.handleWord();
    return now >= this.#outUntil;
  }

  /** Until it has proved itself, others go elsewhere. */
  handleTry(now: number): void {
    if (this.#failures > 0) this.#outUntil = now + this.#pauseMs();
  }

  handleConnected(stream: Socket): void {
    if (this.#failures > 0) this.#trial = stream;
  }

  handleWord(): void {
    this.#failures = 0;
    this.#outUntil = 0;
    this.#trial = undefined;
  }

  handleFailure(now: number): void {
    this.#failures += 1;
    this.#trial = undefined;
    this.#outUntil = now + this.#pauseMs();
  }

  #pauseMs(): number {
    return Math.min(LONGEST_OUT_MS, FIRST_OUT_MS * 2 ** Math.max(0, this.#failures - 1));
  }
}
