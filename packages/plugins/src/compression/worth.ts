/**
 * Whether compressing pays, learned from what it made of the bytes before. Where it does not, bytes pass as they are, and
 * it is tried again later: after a while, after a longer while, and so on. Pure.
 */

/** Less than this goes as it is: a keystroke does not shrink, and is there sooner. */
const SMALL_BYTES = 64;
/** What is looked at before it is judged. */
const SAMPLE_BYTES = 16_384;
/** It pays if this much or less remains. */
const GOOD_SHARE = 0.95;
/** What passes as it is before the first try, and before each one after many. */
const FIRST_REST_BYTES = 524_288;
const MOST_REST_BYTES = 16 * 1024 * 1024;

export class Worth {
  #restBytes = 0;
  #nextRestBytes = FIRST_REST_BYTES;
  #plainBytes = 0;
  #codedBytes = 0;

  /** Whether the next `bytes` are to be compressed. */
  isWorth(bytes: number): boolean {
    if (this.#restBytes > 0) {
      this.#restBytes -= bytes;
      return false;
    }
    return bytes >= SMALL_BYTES;
  }

  /** Compressing made `codedBytes` of `plainBytes`. */
  learn(plainBytes: number, codedBytes: number): void {
    this.#plainBytes += plainBytes;
    this.#codedBytes += codedBytes;
    if (this.#plainBytes < SAMPLE_BYTES) return;
    const pays = this.#codedBytes <= GOOD_SHARE * this.#plainBytes;
    this.#restBytes = pays ? 0 : this.#nextRestBytes;
    this.#nextRestBytes = pays ? FIRST_REST_BYTES : Math.min(MOST_REST_BYTES, 2 * this.#nextRestBytes);
    this.#plainBytes = 0;
    this.#codedBytes = 0;
  }
}
