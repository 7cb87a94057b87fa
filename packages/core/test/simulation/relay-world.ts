/** The network between nodes that speak of legs: simulated sockets and the agenda of one seed under what test/protocol has for routes. */
import type { Crypto, Signer } from '../../src/protocol/crypto.js';
import { SimWorld, type SimSocket } from '../protocol/support/sim-world.js';
import { quickCrypto, quickSigner } from './quick-crypto.js';
import { connect, type Link, type Socket } from './socket.js';
import type { Stage } from './speaker.js';

/** A simulated socket as legs use it. */
export class LegSocket implements SimSocket {
  onData: (chunk: Buffer) => void = () => undefined;
  onClose: () => void = () => undefined;
  onRoom: () => void = () => undefined;
  readonly socket: Socket;

  constructor(world: RelayWorld, socket: Socket) {
    this.socket = socket;
    const inTime = <A extends unknown[]>(act: (...args: A) => void) => (...args: A): void => {
      world.keepTime();
      act(...args);
    };
    socket.attach({ bytes: inTime((chunk: Buffer) => this.onData(chunk)), lost: inTime(() => this.onClose()), room: inTime(() => this.onRoom()) });
  }

  /** Copies: whoever writes may use its buffer again. */
  write(bytes: Buffer): void {
    this.socket.write(Buffer.from(bytes));
  }

  close(): void {
    this.socket.close();
  }
}

export class RelayWorld extends SimWorld {
  override readonly crypto: Crypto;
  /** Told of every connection between two nodes. */
  readonly #onLink: (sockets: readonly [Socket, Socket]) => void;
  /** No connection comes up now. */
  readonly #isOut: () => boolean;
  readonly #stage: Stage;
  readonly #links: readonly Link[];
  readonly #accepting = new Map<string, (socket: SimSocket) => void>();

  constructor(stage: Stage, links: readonly Link[], { seed, isOut, onLink }: { readonly seed: string; readonly isOut: () => boolean; readonly onLink: (sockets: readonly [Socket, Socket]) => void }) {
    super(0);
    this.crypto = quickCrypto(seed);
    this.#stage = stage;
    this.#links = links;
    this.#isOut = isOut;
    this.#onLink = onLink;
    this.keepTime();
  }

  override signerOf(name: string): Signer {
    return quickSigner(name);
  }

  keepTime(): void {
    this.now = this.#stage.agenda.now;
  }

  override after(delayMs: number, run: () => void): void {
    this.#stage.agenda.after(delayMs, () => {
      this.keepTime();
      run();
    });
  }

  override listen(address: string, onConnection: (socket: SimSocket) => void): void {
    this.#accepting.set(address, onConnection);
  }

  override unlisten(address: string): void {
    this.#accepting.delete(address);
  }

  override connect(address: string, onOpen: (socket: SimSocket | undefined) => void): void {
    const { agenda, chance } = this.#stage;
    const link = chance.pick(this.#links);
    this.after(link.latencyMs, () => {
      const accept = this.#accepting.get(address);
      if (accept === undefined || this.#isOut()) return onOpen(undefined);
      const sockets = connect(agenda, chance, link);
      this.#onLink(sockets);
      const [near, far] = [new LegSocket(this, sockets[0]), new LegSocket(this, sockets[1])];
      accept(far);
      return this.after(link.latencyMs, () => onOpen(near));
    });
  }
}
