/** Collects what goes on: views of what came, as long as they can be, and pieces that take the place of others. */
export class Output {
  #pieces: Uint8Array[] = [];
  #bytes: Uint8Array | undefined;
  #from = 0;
  #to = 0;

  pass(bytes: Uint8Array, from: number, to: number): void {
    if (bytes === this.#bytes && from === this.#to) {
      this.#to = to;
      return;
    }
    this.#cut();
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
  }

  put(piece: Uint8Array): void {
    this.#cut();
    this.#pieces.push(piece);
  }

  /** All since the last take(). */
  take(): Uint8Array[] {
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #cut(): void {
    if (this.#bytes !== undefined) this.#pieces.push(this.#bytes.subarray(this.#from, this.#to));
    this.#bytes = undefined;
  }
}
