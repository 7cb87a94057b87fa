/**
 * One X connection on its way to the X server: gives it the real cookie, hides extensions that cannot work there, refuses
 * what the policy forbids. Pure: bytes in, bytes out, no sockets, no clock.
 *
 * Nothing is injected: sequence numbers stay as they are. A refused request goes as one that has a reply and no effect
 * (GetInputFocus), and that reply becomes the X error.
 */
import { PacketFramer } from '../wire/packet-framer.js';
import type { Authorization } from '../wire/setup.js';
import { ClientSide } from './client-side.js';
import { Connection } from './connection.js';
import { Output } from './output.js';
import { Policy } from './policy.js';
import type { PolicyOptions } from './policy-options.js';
import type { Denied } from './refusal.js';
import { ServerSide } from './server-side.js';

export interface X11FilterOptions {
  /** Put into the client's set-up packet in place of what is there; undefined leaves it. */
  readonly authorization?: Authorization;
  /** Clients are told that these are not present; see HIDDEN_EXTENSIONS. */
  readonly hiddenExtensions: readonly string[];
  readonly policy?: PolicyOptions;
}

export class X11Filter {
  readonly #connection = new Connection();
  readonly #toServer = new Output();
  readonly #toClient = new Output();
  readonly #client: PacketFramer;
  readonly #server: PacketFramer;

  /** `onDenied` is told of each request that is refused, and of each extension that a client asked for and is not shown. */
  constructor({ authorization, hiddenExtensions, policy = {} }: X11FilterOptions, onDenied: (what: Denied) => void = () => {}) {
    const judge = new Policy(this.#connection, policy, { hiddenExtensions });
    const hidden = new Set([...hiddenExtensions, ...judge.hiddenExtensions]);
    const given = authorization === undefined ? {} : { authorization };
    this.#client = new PacketFramer(new ClientSide(this.#connection, this.#toServer, { ...given, hidden, judge, onDenied }));
    this.#server = new PacketFramer(new ServerSide(this.#connection, this.#toClient, hidden));
  }

  /**
   * From the client: what goes to the server. Views into `bytes` where nothing changed; the head of a request that is not all
   * there waits for the rest of it. Throws X11StreamError where it cannot follow: the connection is to be closed then.
   */
  requests(bytes: Uint8Array): Uint8Array[] {
    // The server has not taken this client, and will close.
    if (this.#connection.phase === 'over') return [];
    this.#client.push(bytes);
    return this.#toServer.take();
  }

  /** From the server: what goes to the client. As requests(). */
  answers(bytes: Uint8Array): Uint8Array[] {
    this.#server.push(bytes);
    return this.#toClient.take();
  }

  /** That wait for the rest of their request or answer: at most a set-up packet each way, or a list of extensions. */
  get heldBytes(): number {
    return this.#client.heldBytes + this.#server.heldBytes;
  }
}
