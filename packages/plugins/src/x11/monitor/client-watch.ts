/** Follows one X connection. Sees every byte and holds up none; where it can no longer follow, it says so and counts bytes. */
import type { ChannelWatch, Clock } from '@lstp/core';
import { PacketFramer } from '../wire/packet-framer.js';
import { X11StreamError } from '../wire/x11-stream-error.js';
import { AnswerWatch } from './answer-watch.js';
import { ClientState } from './client-state.js';
import { RequestWatch } from './request-watch.js';
import type { X11Report } from './x11-report.js';

export class ClientWatch {
  readonly #clock: Clock;
  readonly #state = new ClientState();
  readonly #requests = new PacketFramer(new RequestWatch(this.#state));
  readonly #answers = new PacketFramer(new AnswerWatch(this.#state));

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The client sent these. */
  requests(bytes: Uint8Array): void {
    this.#state.bytesOut += bytes.length;
    this.#follow(this.#requests, bytes);
  }

  /** The server sent these. */
  answers(bytes: Uint8Array): void {
    this.#state.bytesIn += bytes.length;
    this.#follow(this.#answers, bytes);
  }

  report(): X11Report {
    return this.#state.report();
  }

  /** Kept of what passed: at most the head of one request, and of one answer. */
  get heldBytes(): number {
    return this.#requests.heldBytes + this.#answers.heldBytes;
  }

  /** `role`: whether this end's application is the client, or the server. */
  asChannelWatch(role: 'front' | 'back'): Required<Pick<ChannelWatch, 'outgoing' | 'incoming' | 'report'>> {
    const requests = (bytes: Uint8Array): void => this.requests(bytes);
    const answers = (bytes: Uint8Array): void => this.answers(bytes);
    const [outgoing, incoming] = role === 'front' ? [requests, answers] : [answers, requests];
    return { outgoing, incoming, report: () => this.report() };
  }

  #follow(framer: PacketFramer, bytes: Uint8Array): void {
    const state = this.#state;
    if (state.phase === 'lost' || (state.phase === 'refused' && framer === this.#requests)) return;
    state.nowMs = this.#clock.now();
    try {
      framer.push(bytes);
    } catch (error) {
      if (!(error instanceof X11StreamError)) throw error;
      state.phase = 'lost';
      state.reason = error.message;
    }
  }
}
