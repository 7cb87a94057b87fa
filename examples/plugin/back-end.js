/** Connects to the host that a client named, at the far end, where it was authorised. */
import { DIALER } from 'lstp/plugin';

/** @implements {BackEnd} */
export class FingerBackEnd {
  static inject = [DIALER];

  #dialer;

  /** @param {import('lstp/plugin').Dialer} dialer */
  constructor(dialer) {
    this.#dialer = dialer;
  }

  /**
   * The dialer throws ChannelRefusal with the true cause, and the client reads it.
   * @param {import('lstp/plugin').BackEndRequest} request
   * @param {AbortSignal} signal aborts when nobody waits any more
   */
  connect({ addresses = [] }, signal) {
    return this.#dialer.connect(addresses, signal);
  }
}

/** @typedef {import('lstp/plugin').BackEnd} BackEnd */
