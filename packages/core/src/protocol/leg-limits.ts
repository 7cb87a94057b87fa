/**
 * What a leg counts: frames and bytes of whoever is not admitted yet, frames a second of whoever is, and signs of life.
 * Specification: docs/spec.md, "Limits of a leg" and "PING and PONG".
 */
import { ProtocolError } from './error.js';
import type { Frame } from './frame.js';
import { ADMISSION_BYTES, ADMISSION_FRAMES, HEADER_BYTES, LEG_FRAMES_BURST, LEG_FRAMES_PER_SECOND, SILENT_PINGS } from './limits.js';

/** Counts before admission, a bucket of frames after it. */
export class FrameAllowance {
  #bytes = 0;
  #frames = 0;
  #tokens = LEG_FRAMES_BURST;
  #filledAt: number;

  constructor(now: number) {
    this.#filledAt = now;
  }

  /** Takes one frame into account. Throws LIMIT. */
  take({ name, payload }: Pick<Frame, 'name' | 'payload'>, { now, admitted }: { readonly now: number; readonly admitted: boolean }): void {
    if (admitted) return this.#spend(now);
    this.#frames += 1;
    this.#bytes += HEADER_BYTES + payload.length;
    if (this.#frames > ADMISSION_FRAMES) throw new ProtocolError('LIMIT', `${name}: more than ${ADMISSION_FRAMES} frames before set-up is complete`);
    if (this.#bytes > ADMISSION_BYTES) throw new ProtocolError('LIMIT', `${name}: more than ${ADMISSION_BYTES} bytes before set-up is complete`);
  }

  #spend(now: number): void {
    this.#tokens = Math.min(LEG_FRAMES_BURST, this.#tokens + ((now - this.#filledAt) * LEG_FRAMES_PER_SECOND) / 1000);
    this.#filledAt = now;
    if (this.#tokens < 1) throw new ProtocolError('LIMIT', `more than ${LEG_FRAMES_PER_SECOND} frames a second on one leg`);
    this.#tokens -= 1;
  }
}

/** Any byte is a sign of life; PING asks for one, and counts its time from when it was asked: a stall of our own is not the peer's death. */
export class LegLiveness {
  readonly #pingMs: number;
  #lastByteAt: number;
  #askedAt: number | undefined;
  /** The last measured round trip over this leg in ms. */
  rttMs: number | undefined;

  constructor(pingMs: number, now: number) {
    this.#pingMs = pingMs;
    this.#lastByteAt = now;
  }

  get deadAfterMs(): number {
    return SILENT_PINGS * this.#pingMs;
  }

  get deadline(): number {
    return this.#askedAt === undefined ? this.#lastByteAt + this.#pingMs : this.#askedAt + (SILENT_PINGS - 1) * this.#pingMs;
  }

  handleBytes(now: number): void {
    this.#lastByteAt = now;
    this.#askedAt = undefined;
  }

  handlePong(stamp: number, now: number): void {
    if (stamp <= now) this.rttMs = now - stamp;
  }

  handleTimeout(now: number): 'ping' | 'dead' | undefined {
    const lateMs = now - this.deadline;
    if (lateMs < 0) return undefined;
    // Called much too late, this process has stalled, and perhaps the neighbour's answer waits or never had a chance: ask again.
    const hasStalled = lateMs > this.#pingMs / 2;
    if (this.#askedAt !== undefined && !hasStalled) return 'dead';
    this.#askedAt = now;
    return 'ping';
  }
}
