/** The SERVICE_DATA that is arriving in pieces on one carrier. */
const EMPTY = Buffer.alloc(0);
const FIRST_BYTES = 2048;

export class Arriving {
  /** Of the next byte, on a stream channel. */
  position = 0;
  #datagram = EMPTY;
  #length = 0;

  /** A datagram begins; what was there of another, whose channel ended, is forgotten. */
  begin(): void {
    this.#length = 0;
  }

  /** Copies `piece`. */
  append(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#datagram.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, 2 * length));
      this.#datagram.copy(larger, 0, 0, this.#length);
      this.#datagram = larger;
    }
    piece.copy(this.#datagram, this.#length);
    this.#length = length;
  }

  /** The whole datagram; its buffer is the caller's. */
  take(): Buffer {
    const whole = this.#datagram.subarray(0, this.#length);
    this.#datagram = EMPTY;
    this.#length = 0;
    return whole;
  }
}
