/**
 * Memory that pipes read into. Bulk gets buffers of its own, used again when the other side has taken what was in them;
 * everything else reads into one that all share, and is copied out of it. Idle pipes hold nothing.
 */

/** What one read takes at most: a frame of four TLS records, 65 624 bytes on the wire, must not need two. */
const BUFFER_BYTES = 131_072;
/** Buffers there may be at once. Beyond that, bulk is copied too. */
const MOST_BUFFERS = 128;

export class ReadBuffers {
  /** To be emptied before anything else is read. */
  readonly shared = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  readonly #free: Buffer[] = [];
  #made = 0;

  /** Undefined: there are enough under way. */
  take(): Buffer | undefined {
    const free = this.#free.pop();
    if (free !== undefined || this.#made === MOST_BUFFERS) return free;
    this.#made += 1;
    return Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  /** Nobody reads from or writes to `buffer` any more. */
  giveBack(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}
