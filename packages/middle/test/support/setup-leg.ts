/**
 * A set-up leg as an end uses it: one event after the other, from the other end's set-up to the raw socket.
 * A view of a LegConnection; a middle works with that directly.
 */
import type { Socket } from 'node:net';
import type { Body, ClearSetup, LegConnection, LegEnd, LegNews, PublicKey, WireCode } from '@lstp/core';

export type SetupLegEvent =
  /** The other end's set-up came. */
  | { readonly type: 'setup'; readonly setup: ClearSetup }
  /** How far the own set-up came: `waiting for lab at east`. A hint, never trusted. */
  | { readonly type: 'progress'; readonly text: string }
  /** PASS_THROUGH went both ways. Paused, without listeners, what was read behind it pushed back; the receiver's. The last event. */
  | { readonly type: 'transparent'; readonly socket: Socket }
  /** The leg is over before that. `since` with SUPERSEDED: the epoch of the one that lives. The last event. */
  | { readonly type: 'over'; readonly code: WireCode | undefined; readonly message: string; readonly since?: number };

export class SetupLeg {
  /** Told of everything from now on. Events before it is set are lost, so set it at once. */
  onEvent: (event: SetupLegEvent) => void = () => undefined;
  readonly #leg: LegConnection;
  readonly #key: PublicKey;

  /** Takes `leg` over. `key` is the neighbour's: proved when anything of it is told here. */
  constructor(leg: LegConnection, key: PublicKey) {
    this.#leg = leg;
    this.#key = key;
    leg.handler = {
      handleNews: (news) => this.#handleNews(news),
      handleEnd: (end) => this.#handleEnd(end),
    };
  }

  /** The key that the neighbour proved. */
  get neighbour(): PublicKey {
    return this.#key;
  }

  /** Own COMMONUNIQUE_INFO and entry₀, byte for byte; once. */
  sendSetup(cu: Uint8Array, topology: Uint8Array): void {
    this.#leg.sendSetup(cu, topology);
  }

  /** The other end's set-up was accepted; nothing follows on this leg but the transparent pipe. */
  passThrough(): void {
    this.#leg.sendPassThrough();
    this.#hand();
  }

  /** Ends it, saying why; no event comes any more. Idempotent. */
  close(why: Body<'ERROR'> = { code: 'LOST' }): void {
    this.onEvent = () => undefined;
    this.#leg.close(why);
  }

  #handleNews(news: LegNews): void {
    if (news.type === 'setup') this.onEvent({ type: 'setup', setup: news.setup });
    if (news.type === 'progress') this.onEvent({ type: 'progress', text: progressText(news.body) });
    if (news.type === 'pass-through') this.#hand();
  }

  #hand(): void {
    if (this.#leg.transparent) this.onEvent({ type: 'transparent', socket: this.#leg.release() as Socket });
  }

  #handleEnd({ code, message, since }: LegEnd): void {
    this.onEvent({ type: 'over', code, message, ...(since !== undefined && { since }) });
  }
}

/** PROGRESS as people read it. */
export function progressText({ at, waitingFor, failed }: Body<'PROGRESS'>): string {
  if (failed !== undefined) return `${at} cannot reach ${waitingFor ?? 'its neighbour'} at ${failed.address}: ${failed.code}`;
  return `waiting for ${waitingFor ?? 'the other end'} at ${at}`;
}
