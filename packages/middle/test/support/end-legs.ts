/**
 * The hub as one tunnel's end sees it: neighbours by the names of its own chain file.
 *
 *   dial()         a set-up leg to a neighbour that this end dials
 *   takeStandby()  a standby leg that a neighbour keeps here, to put the own set-up on
 *   accept()       set-ups that come on legs which neighbours dialed; answered on the same leg
 */
import type { ClearSetup, LegConnection, LegHandler, LegHub, Neighbour } from '@lstp/core';
import { SetupLeg } from './setup-leg.js';

export interface InboundSetups {
  /** The other end's set-up came on `leg`; its onEvent must be set, or it closed, before this returns. */
  handleInbound(leg: SetupLeg, setup: ClearSetup): void;
  /** This neighbour keeps an idle standby leg here now. */
  handleStandby(neighbour: string): void;
}

export class EndLegs {
  readonly #hub: LegHub;
  readonly #neighbours: ReadonlyMap<string, Neighbour>;

  constructor(hub: LegHub, neighbours: Iterable<Neighbour>) {
    this.#hub = hub;
    this.#neighbours = new Map([...neighbours].map((neighbour) => [neighbour.node, neighbour]));
  }

  /**
   * Dials once, over every address and way out of that neighbour. Resolves when the acceptor has named a pinned key:
   * what is sent then goes out with HELLO. Rejects with an Error that says what failed; `signal` calls it off.
   */
  dial(node: string, signal: AbortSignal): Promise<SetupLeg> {
    return new Promise((resolve, reject) => {
      let dialed: LegConnection | undefined;
      const callOff = () => {
        dialed?.close({ code: 'LOST' });
        reject(signal.reason as Error);
      };
      const settle = () => signal.removeEventListener('abort', callOff);
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      const handler: LegHandler = {
        handleNews: (news, leg) => {
          if (news.type !== 'greeted') return;
          // From here on the leg is the caller's, and no longer the signal's.
          settle();
          resolve(new SetupLeg(leg, news.key));
        },
        handleEnd: ({ code, message }) => fail(Object.assign(new Error(`${node}: ${message}`), { code })),
      };
      signal.addEventListener('abort', callOff, { once: true });
      this.#hub.dial({ neighbour: this.#neighbour(node), use: 'set-up', handler, signal }).then((leg) => {
        dialed = leg;
        if (signal.aborted) callOff();
      }, fail);
    });
  }

  /** An idle standby leg of this neighbour, if there is one. */
  takeStandby(node: string): SetupLeg | undefined {
    const leg = this.#hub.takeStandby(this.#neighbour(node).keys);
    return leg?.peer === undefined ? undefined : new SetupLeg(leg, leg.peer.key);
  }

  /** Takes the inbound set-ups of `common` (rendezvousDigest of the common name). Gives what ends that. */
  accept(common: string, inbound: InboundSetups): () => void {
    const unregister = this.#hub.register(common, {
      handleSetup: (setup, leg) => {
        if (leg.peer !== undefined) inbound.handleInbound(new SetupLeg(leg, leg.peer.key), setup);
      },
    });
    const unlisten = this.#hub.onStandby((key) => {
      for (const { node, keys } of this.#neighbours.values()) if (keys.includes(key)) inbound.handleStandby(node);
    });
    return () => {
      unregister();
      unlisten();
    };
  }

  #neighbour(node: string): Neighbour {
    const found = this.#neighbours.get(node);
    if (found === undefined) throw new Error(`${node} is no neighbour of this end`);
    return found;
  }
}
