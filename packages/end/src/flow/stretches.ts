/**
 * Memory that carriers read into: records lie one behind the other in a stretch, so that the pieces of a frame become one
 * write to the application. A stretch is used again when applications have taken all that lay in it: bulk makes no garbage.
 *
 * Whoever cannot say when bytes are no longer needed just never releases them; the garbage collector then gets the stretch.
 */

const STRETCH_BYTES = 262_144;
/** Kept for use again. */
const KEPT_STRETCHES = 8;

interface Stretch {
  readonly memory: Buffer;
  /** Bytes that somebody still needs. */
  held: number;
  /** Nothing more is read into it. */
  isSealed: boolean;
}

export class Stretches {
  readonly #free: Stretch[] = [];
  readonly #all = new WeakMap<ArrayBufferLike, Stretch>();

  /** The whole of a stretch; seal() it when it has been read into for the last time. */
  take(): Buffer {
    const stretch = this.#free.pop() ?? this.#make();
    stretch.isSealed = false;
    return stretch.memory;
  }

  seal(memory: Buffer): void {
    const stretch = this.#all.get(memory.buffer);
    if (stretch === undefined) return;
    stretch.isSealed = true;
    this.#settle(stretch);
  }

  /** Whether nobody needs anything in it. */
  isFree(memory: Buffer): boolean {
    return this.#all.get(memory.buffer)?.held === 0;
  }

  /** `bytes` are needed until they are released. */
  hold(bytes: Buffer): void {
    const stretch = this.#all.get(bytes.buffer);
    if (stretch !== undefined) stretch.held += bytes.length;
  }

  /** `bytes` were held, perhaps as several neighbours, and are needed no more. */
  release(bytes: Buffer): void {
    const stretch = this.#all.get(bytes.buffer);
    if (stretch === undefined) return;
    stretch.held -= bytes.length;
    this.#settle(stretch);
  }

  #make(): Stretch {
    const stretch = { memory: Buffer.allocUnsafeSlow(STRETCH_BYTES), held: 0, isSealed: false };
    this.#all.set(stretch.memory.buffer, stretch);
    return stretch;
  }

  #settle(stretch: Stretch): void {
    if (stretch.isSealed && stretch.held === 0 && this.#free.length < KEPT_STRETCHES) this.#free.push(stretch);
  }
}
