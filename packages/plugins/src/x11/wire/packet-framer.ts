/**
 * Cuts a stream of bytes, in any chunking, into packets. Of each it shows the head as soon as that is there, and then
 * where its bytes pass; it never gathers more than a head. What packets are, `PacketHandler` knows.
 */
export interface PacketHandler {
  /**
   * How many bytes of the head must be there before begin(), at least 1. `available` of them are in `bytes` from `at` on;
   * it is asked again when more are there, and may then say more.
   */
  wants(bytes: Uint8Array, at: number, available: number): number;
  /** The head is there: wants() was asked about it just before. Gives the packet's whole length, which is not less than what was wanted. */
  begin(bytes: Uint8Array, at: number): number;
  /** Bytes of the packet that was begun, its head's included, in order: a view into what was pushed, or into a copy of the head. */
  body?(bytes: Uint8Array, from: number, to: number): void;
}

export class PacketFramer {
  readonly #handler: PacketHandler;
  /** A head that is not all there. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  /** Of the packet that was begun, to come. */
  #restBytes = 0;

  constructor(handler: PacketHandler) {
    this.#handler = handler;
  }

  /** Throws what the handler throws; nothing may be pushed after that. */
  push(chunk: Uint8Array): void {
    let at = this.#held === undefined ? 0 : this.#fill(this.#held, chunk);
    while (at < chunk.length) at = this.#restBytes > 0 ? this.#pass(chunk, at) : this.#begin(chunk, at);
  }

  /** Of a head that is not all there: the only bytes that it keeps. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  #begin(chunk: Uint8Array, at: number): number {
    const available = chunk.length - at;
    const wanted = this.#handler.wants(chunk, at, available);
    if (wanted <= available) {
      this.#restBytes = this.#handler.begin(chunk, at);
      return at;
    }
    this.#held = Buffer.allocUnsafe(wanted);
    this.#held.set(chunk.subarray(at));
    this.#heldBytes = available;
    return chunk.length;
  }

  #pass(chunk: Uint8Array, at: number): number {
    const end = Math.min(at + this.#restBytes, chunk.length);
    this.#restBytes -= end - at;
    this.#handler.body?.(chunk, at, end);
    return end;
  }

  /** Gives how many bytes of `chunk` it took. */
  #fill(head: Buffer, chunk: Uint8Array): number {
    let held = head;
    let taken = 0;
    for (;;) {
      const take = Math.min(held.length - this.#heldBytes, chunk.length - taken);
      held.set(chunk.subarray(taken, taken + take), this.#heldBytes);
      this.#heldBytes += take;
      taken += take;
      if (this.#heldBytes < held.length) break;
      const wanted = this.#handler.wants(held, 0, held.length);
      if (wanted <= held.length) return this.#beginHeld(held, taken);
      held = Buffer.concat([held], wanted);
    }
    this.#held = held;
    return taken;
  }

  #beginHeld(held: Buffer, taken: number): number {
    this.#held = undefined;
    this.#heldBytes = 0;
    this.#restBytes = this.#handler.begin(held, 0) - held.length;
    this.#handler.body?.(held, 0, held.length);
    return taken;
  }
}
