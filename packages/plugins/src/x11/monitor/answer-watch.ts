/** What the server sends to a client, as it passes. Keeps no bytes. */
import { ANSWER, ANSWER_BYTES, answerBytes, EVENT, sequenceOf } from '../wire/answer.js';
import type { PacketHandler } from '../wire/packet-framer.js';
import { latin1, setupReplyBytes, SETUP_REPLY_HEAD_BYTES, SETUP_STATUS } from '../wire/setup.js';
import { X11StreamError } from '../wire/x11-stream-error.js';
import type { Asked, ClientState } from './client-state.js';

export class AnswerWatch implements PacketHandler {
  readonly #state: ClientState;

  constructor(state: ClientState) {
    this.#state = state;
  }

  wants(bytes: Uint8Array, at: number, available: number): number {
    const { phase, hasClient } = this.#state;
    if (!hasClient) throw new X11StreamError('the X server speaks before the client');
    if (phase !== 'set-up') return phase === 'open' ? ANSWER_BYTES : 1;
    if (available < SETUP_REPLY_HEAD_BYTES || bytes[at] !== SETUP_STATUS.failed) return SETUP_REPLY_HEAD_BYTES;
    // The reason is 255 characters at most.
    return Math.min(setupReplyBytes(bytes, at, this.#state.order), SETUP_REPLY_HEAD_BYTES + 256);
  }

  begin(bytes: Uint8Array, at: number): number {
    const { phase, order, numbers } = this.#state;
    if (phase === 'set-up') return this.#beginSetUp(bytes, at);
    if (phase !== 'open') return Number.MAX_SAFE_INTEGER;
    const sequence = sequenceOf(bytes, at, order);
    const asked = sequence === undefined ? undefined : numbers.see(sequence);
    const type = bytes[at] as number;
    if (type === ANSWER.reply) this.#handleReply(asked, bytes, at);
    else if (type === ANSWER.error) this.#handleError(asked, bytes, at);
    else this.#handleEvent(type & 0x7f, bytes, at);
    return answerBytes(bytes, at, order);
  }

  #beginSetUp(bytes: Uint8Array, at: number): number {
    const state = this.#state;
    const isTaken = bytes[at] === SETUP_STATUS.success;
    state.phase = isTaken ? 'open' : 'refused';
    if (bytes[at] === SETUP_STATUS.failed) state.reason = latin1(bytes, at + SETUP_REPLY_HEAD_BYTES, bytes[at + 1] as number).replaceAll(/\p{C}/gu, ' ').trim();
    return setupReplyBytes(bytes, at, state.order);
  }

  #handleReply(asked: Asked | undefined, bytes: Uint8Array, at: number): void {
    if (asked === undefined) return;
    if (asked.last !== undefined && bytes[at + 1] !== asked.last) return;
    this.#answered(asked);
    if (asked.extension !== undefined) this.#state.extensions.learn(asked.extension, bytes, at);
    asked.learnAtom?.(this.#state.order.u32(bytes, at + 8));
  }

  #handleError(asked: Asked | undefined, bytes: Uint8Array, at: number): void {
    if (asked !== undefined) this.#answered(asked);
    this.#state.countError(bytes[at + 1] as number, bytes[at + 10] as number, this.#state.order.u16(bytes, at + 8));
  }

  #handleEvent(code: number, bytes: Uint8Array, at: number): void {
    const { events, order } = this.#state;
    if (code !== EVENT.generic) events.add(code);
    else events.addPair(bytes[at + 1] as number, order.u16(bytes, at + 8) & 0xff);
  }

  #answered({ atMs }: Asked): void {
    this.#state.numbers.answered();
    this.#state.roundTrips.add(this.#state.nowMs - atMs);
  }
}
