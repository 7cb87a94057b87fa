/**
 * What binds two ends while carriers come and go: the peer's instance, and what it said of itself. Ids, positions and
 * counters belong to one association. Specification: docs/spec.md, "Associations".
 */
import { ProtocolError } from './error.js';
import type { Properties } from './exchange.js';

export class Association {
  readonly peerInstance: string;
  readonly peerEpoch: number;
  readonly peer: Properties;
  /** Whether a carrier of it was ever alive: from then on the peer knows of it too. */
  proven = false;

  constructor(peer: Properties, peerEpoch: number) {
    this.peerInstance = peer.instance;
    this.peerEpoch = peerEpoch;
    this.peer = peer;
  }

  /** What the peer says on a further carrier agrees with what it said before. `answer`: it knew of what we had said. */
  check(properties: Properties, role: 'question' | 'answer'): void {
    for (const constant of ['initialWindow', 'maxChannels'] as const) {
      if (properties[constant] !== this.peer[constant]) throw new ProtocolError('PROTOCOL', `PROPERTY_EXCHANGE.${constant}: ${properties[constant]}, but it was ${this.peer[constant]} before`);
    }
    const [before, now] = [this.peer.login, properties.login];
    if (now?.user !== before?.user || now?.proof !== before?.proof) throw new ProtocolError('PROTOCOL', 'PROPERTY_EXCHANGE.login: not what it was before');
    if (role === 'answer' && this.proven && properties.peerInstance === undefined) throw new ProtocolError('ASSOCIATION_RESET', 'PROPERTY_EXCHANGE.peerInstance: the peer has forgotten the association');
  }
}
