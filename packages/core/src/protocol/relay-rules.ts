/**
 * Whom a middle serves, and which way a set-up goes on: from its own chain files and lists of admitted keys, never from
 * what a neighbour or an end says. Two authorisations: the neighbour by its leg, the end by its signed entry.
 * Specification: docs/spec.md, "Admission".
 */
import type { PublicKey } from './crypto.js';
import { ProtocolError } from './error.js';
import type { Commonunique, Side } from './messages.js';

/** The neighbour on one side of this node on one route. */
export interface RelayHop {
  readonly neighbour: string;
  readonly keys: readonly PublicKey[];
  /** Whether this node dials it; otherwise it dials this node. */
  readonly dialed: boolean;
}

/**
 * On which sides the middle at place `at` of a route keeps a standby leg at its neighbour. `dialers` says of each hop,
 * from left to right, which of its two nodes dials. A standby leg lets a node that is dialed speak first:
 * it is needed at both neighbours of a middle that dials both, and, where both ends are dialed and so neither could
 * begin, at every neighbour that a middle dials.
 */
export function standbySides(dialers: readonly Side[], at: number): Side[] {
  const dialed = { left: dialers[at - 1] === 'right', right: dialers[at] === 'left' };
  const bothEndsAccept = dialers[0] === 'right' && dialers.at(-1) === 'left';
  if (!bothEndsAccept && !(dialed.left && dialed.right)) return [];
  return (['left', 'right'] as const).filter((side) => dialed[side]);
}

/** This node's place on one alternative of a tunnel. */
export type RelayRoute = Readonly<Record<Side, RelayHop>>;

/** A tunnel of an own chain file that leads over this node. */
export interface RelayTunnel {
  readonly name: string;
  /** rendezvousDigest() of its common name. */
  readonly common: string;
  /** Keys pinned for the two ends. */
  readonly ends: Readonly<Record<Side, readonly PublicKey[]>>;
  /** By number of the alternative; those that do not lead over this node are absent. */
  readonly routes: ReadonlyMap<number, RelayRoute>;
}

/** Of a list of admitted keys: for which common names (as digests) a key is served, without a chain file. */
export type Admissions = ReadonlyMap<PublicKey, { readonly any: boolean; readonly commons: ReadonlySet<string> }>;

/** How one set-up may go on. */
export interface Passport {
  /** The tunnel's name; undefined for chains this node has no file of. */
  readonly tunnel: string | undefined;
  /** The neighbour it must go to; undefined where only inbound legs are paired. */
  readonly onward: RelayHop | undefined;
}

export class RelayRules {
  readonly #tunnels = new Map<string, RelayTunnel[]>();
  readonly #admissions: Admissions;

  constructor(tunnels: readonly RelayTunnel[], admissions: Admissions = new Map()) {
    this.#admissions = admissions;
    for (const tunnel of tunnels) this.#tunnels.set(tunnel.common, [...(this.#tunnels.get(tunnel.common) ?? []), tunnel]);
  }

  /** Throws REFUSED or ROUTE, saying which of the two authorisations failed. `neighbour` is the key authenticated on the leg. */
  passportFor(info: Commonunique, neighbour: PublicKey): Passport {
    const named = this.#tunnels.get(info.common) ?? [];
    const known = named.find(({ ends }) => ends[info.side].includes(info.key));
    if (known !== undefined) return passportOf(known, info, neighbour);
    if (this.#isAdmitted(info.key, info.common) && this.#isAdmitted(neighbour, info.common)) return { tunnel: undefined, onward: undefined };
    throw new ProtocolError('REFUSED', this.#whyNot(info, neighbour, named));
  }

  #isAdmitted(key: PublicKey, common: string): boolean {
    const admission = this.#admissions.get(key);
    return admission !== undefined && (admission.any || admission.commons.has(common));
  }

  #whyNot({ side, key, common }: Commonunique, neighbour: PublicKey, [named]: readonly RelayTunnel[]): string {
    if (named !== undefined) return `${key} is not pinned for the ${side} end of ${named.name}`;
    if (this.#isAdmitted(key, common)) return `the neighbour's key ${neighbour} is not admitted for this common name`;
    return `no chain here has this common name, and the end's key ${key} is not admitted for it`;
  }
}

function passportOf(tunnel: RelayTunnel, { alt, side }: Commonunique, neighbour: PublicKey): Passport {
  const route = tunnel.routes.get(alt);
  if (route === undefined) throw new ProtocolError('ROUTE', `alternative ${alt} of ${tunnel.name} does not lead over this node`);
  if (!route[side].keys.includes(neighbour)) {
    throw new ProtocolError('ROUTE', `alternative ${alt} of ${tunnel.name} comes from the ${side} over ${route[side].neighbour}, which this neighbour is not`);
  }
  return { tunnel: tunnel.name, onward: route[side === 'left' ? 'right' : 'left'] };
}
