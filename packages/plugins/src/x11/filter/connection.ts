/** What both directions of one filtered connection know. */
import { LSB_FIRST, type ByteOrder } from '../wire/byte-order.js';
import { ExtensionTable } from '../wire/extension-table.js';
import { RequestNumbers } from '../wire/request-numbers.js';
import type { Resources } from '../wire/setup.js';
import { X11StreamError } from '../wire/x11-stream-error.js';
import type { Answered } from './refusal.js';

/** What becomes of the answer of a request. */
export type Expected =
  | { readonly kind: 'as it is' }
  /** Several replies, of which the last has this byte at 1. */
  | { readonly kind: 'many'; readonly last: number }
  | { readonly kind: 'extension'; readonly name: string }
  | { readonly kind: 'extensions' }
  | { readonly kind: 'atom'; readonly name: string }
  | { readonly kind: 'refused'; readonly instead: Answered; readonly major: number; readonly minor: number };

/** Of selections that are no clipboard: a client uses a few. */
const MOST_ATOMS = 256;
const NO_RESOURCES: Resources = { base: 0, mask: 0, roots: new Set() };

export class Connection {
  /** `over`: the server has not taken the client, or asks for more of it. */
  phase: 'set-up' | 'open' | 'over' = 'set-up';
  /** The client's set-up packet is there, and with it `order`. */
  hasClient = false;
  order: ByteOrder = LSB_FIRST;
  resources: Resources = NO_RESOURCES;
  readonly extensions = new ExtensionTable();
  readonly numbers = new RequestNumbers<Expected>(refuseSkipped);
  /** Names of atoms that the client has asked for, as far as the policy wants to know them; at most MOST_ATOMS. */
  readonly #atoms = new Map<number, string>();

  learnAtom(atom: number, name: string): void {
    if (atom !== 0 && this.#atoms.size < MOST_ATOMS) this.#atoms.set(atom, name);
  }

  atomName(atom: number): string {
    return this.#atoms.get(atom) ?? '';
  }

  /** Whether it may be a root window: which those are, the server says in its set-up packet, and a client need not wait for that. */
  isRoot(id: number): boolean {
    return this.phase !== 'open' || this.resources.roots.has(id);
  }

  /** Whether the client has made this window, pixmap or other thing itself. */
  isOwn(id: number): boolean {
    const { base, mask } = this.resources;
    return mask !== 0 && (id & ~mask) >>> 0 === base && id !== 0;
  }
}

/** A server that does not answer what stands for a refused request would leave its client waiting for it. */
function refuseSkipped({ kind }: Expected): void {
  if (kind !== 'as it is' && kind !== 'many') throw new X11StreamError('the X server has passed over a request without an answer');
}
