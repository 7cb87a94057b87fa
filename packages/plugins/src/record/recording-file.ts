/**
 * A file that takes blocks without ever making anybody wait: what the disk does not take in time is dropped, what would
 * make the file too large ends it. Owner only, never overwrites.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { extname } from 'node:path';

/** Of blocks that wait for the disk. */
const RECORDING_QUEUE_BYTES = 4_194_304;
/** Kept free for the last block. */
const LAST_BLOCK_BYTES = 512;
/** Files of one name beside each other. */
const MOST_RECORDINGS = 1000;

/** Why no more is taken. */
export type RecordingEnd = 'closed' | 'full' | { readonly failed: Error };

export class RecordingFile {
  readonly path: string;
  /** Resolves when the file is closed. */
  readonly ended: Promise<RecordingEnd>;
  readonly #handle: FileHandle;
  readonly #limitBytes: number;
  readonly #lastBlock: (end: 'closed' | 'full') => Buffer;
  readonly #finish: (end: RecordingEnd) => void;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  #bytes = 0;
  #end: 'closed' | 'full' | undefined;
  #writing = false;

  /** Makes `path`, or where it is there `NAME.1.EXT`, and so on. `lastBlock` is called once, for at most 512 bytes. */
  static async create(path: string, options: { readonly limitBytes: number; readonly lastBlock: (end: 'closed' | 'full') => Buffer }): Promise<RecordingFile> {
    const extension = extname(path);
    for (let number = 0; number < MOST_RECORDINGS; number++) {
      const next = number === 0 ? path : `${path.slice(0, path.length - extension.length)}.${number}${extension}`;
      const handle = await createNew(next);
      if (handle !== undefined) return new RecordingFile(next, handle, options);
    }
    throw new Error(`${path}: there are ${MOST_RECORDINGS} recordings of this name; move them away`);
  }

  private constructor(path: string, handle: FileHandle, { limitBytes, lastBlock }: { readonly limitBytes: number; readonly lastBlock: (end: 'closed' | 'full') => Buffer }) {
    this.path = path;
    this.#handle = handle;
    this.#limitBytes = limitBytes;
    this.#lastBlock = lastBlock;
    let finish: (end: RecordingEnd) => void = () => {};
    this.ended = new Promise((resolve) => (finish = resolve));
    this.#finish = finish;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A block of `length` bytes to be filled in at once; undefined: it is dropped. */
  reserve(length: number): Buffer | undefined {
    if (this.#end !== undefined) return undefined;
    if (this.#bytes + length > this.#limitBytes - LAST_BLOCK_BYTES) {
      this.#close('full');
      return undefined;
    }
    if (this.#queuedBytes + length > RECORDING_QUEUE_BYTES) return undefined;
    const block = Buffer.allocUnsafe(length);
    this.#add(block);
    return block;
  }

  /** Writes what waits and the last block. */
  async close(): Promise<void> {
    this.#close('closed');
    await this.ended;
  }

  #close(end: 'closed' | 'full'): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#add(this.#lastBlock(end));
  }

  #add(block: Buffer): void {
    this.#queue.push(block);
    this.#queuedBytes += block.length;
    this.#bytes += block.length;
    if (this.#writing) return;
    this.#writing = true;
    // Not at once: whoever reserved it has not filled it in.
    setImmediate(() => void this.#write());
  }

  async #write(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const blocks = this.#queue;
        this.#queue = [];
        await this.#handle.appendFile(Buffer.concat(blocks));
        this.#queuedBytes = this.#queue.reduce((total, { length }) => total + length, 0);
      }
      this.#writing = false;
      if (this.#end !== undefined) await this.#finishWith(this.#end);
    } catch (error) {
      this.#end ??= 'closed';
      this.#queue = [];
      await this.#finishWith({ failed: error as Error });
    }
  }

  async #finishWith(end: RecordingEnd): Promise<void> {
    await this.#handle.close().catch(() => {});
    this.#finish(end);
  }
}

/** Undefined where there is one already. */
async function createNew(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}
