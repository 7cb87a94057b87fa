/**
 * A request of an X client (X Protocol, section 1, "Request Format"):
 *
 *   major opcode 0, data or minor opcode 1, length 2 in units of four, the rest 4
 *   with BIG-REQUESTS: a length of 0, then the length as 32 bits at 4, the rest 8
 *
 * Offsets here are those of the short form, whichever it is.
 */
import { LSB_FIRST, type ByteOrder } from './byte-order.js';
import { X11StreamError } from './x11-stream-error.js';

export const REQUEST_HEAD_BYTES = 4;
/** No server takes more (`-maxbigreqsize` has 127 MB at most), and beyond 4 GiB some count wrong. */
export const MOST_REQUEST_BYTES = 134_217_728;
/** From here on opcodes are those of extensions. */
export const FIRST_EXTENSION = 128;

/** One request, seen where it lies. The next one takes its place: keep nothing of it. */
export class Request {
  order: ByteOrder = LSB_FIRST;
  /** Whether BIG-REQUESTS is enabled: the long form means what it says. */
  hasBigRequests = false;
  major = 0;
  /** The minor opcode of extensions; data of the core's. */
  minor = 0;
  /** As it is on the wire. */
  lengthBytes = 0;
  /** It says a length of 0, where that is not the long form: servers skip its head and answer with an error, whatever it asks. */
  hasNoLength = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #shift = 0;

  /**
   * Looks at the request in `bytes` at `at`, of which `available` bytes are there. False: more are needed to know its
   * length. Throws X11StreamError for a length that cannot be.
   */
  look(bytes: Uint8Array, at: number, available: number): boolean {
    if (available < REQUEST_HEAD_BYTES) return false;
    this.#bytes = bytes;
    this.#at = at;
    this.major = bytes[at] as number;
    this.minor = bytes[at + 1] as number;
    const units = this.order.u16(bytes, at + 2);
    this.#shift = units === 0 && this.hasBigRequests ? 4 : 0;
    this.hasNoLength = units === 0 && this.#shift === 0;
    if (this.#shift === 0) {
      // A server reads a length of 0, which is an error, as 1.
      this.lengthBytes = units === 0 ? REQUEST_HEAD_BYTES : units * 4;
      return true;
    }
    if (available < 8) return false;
    this.lengthBytes = this.order.u32(bytes, at + 4) * 4;
    if (this.lengthBytes < 8 || this.lengthBytes > MOST_REQUEST_BYTES) throw new X11StreamError(`a request has ${this.lengthBytes} bytes by what it says; there are between 8 and ${MOST_REQUEST_BYTES}`);
    return true;
  }

  /** Whether a server enables the long form by it, if it is Enable of BIG-REQUESTS. */
  get isToEnable(): boolean {
    return this.minor === 0 && this.lengthBytes === REQUEST_HEAD_BYTES && !this.hasNoLength;
  }

  /** How long it would be in the short form. */
  get plainBytes(): number {
    return this.lengthBytes - this.#shift;
  }

  /** Of its first `plain` bytes, how many there are on the wire. */
  headBytes(plain: number): number {
    return Math.min(plain + this.#shift, this.lengthBytes);
  }

  u8(offset: number): number {
    return this.#bytes[this.#place(offset)] as number;
  }

  u16(offset: number): number {
    return this.order.u16(this.#bytes, this.#place(offset));
  }

  u32(offset: number): number {
    return this.order.u32(this.#bytes, this.#place(offset));
  }

  latin1(offset: number, length: number): string {
    const from = this.#place(offset);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + from, length).toString('latin1');
  }

  /** A copy of its first `plain` bytes, as they are on the wire. */
  copy(plain: number): Buffer {
    return Buffer.from(this.#bytes.subarray(this.#at, this.#at + this.headBytes(plain)));
  }

  /** Where `offset` is in what copy() gives. */
  within(offset: number): number {
    return offset + this.#shift;
  }

  #place(offset: number): number {
    return this.#at + offset + (offset < REQUEST_HEAD_BYTES ? 0 : this.#shift);
  }
}
