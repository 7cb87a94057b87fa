/**
 * A screen of a terminal that is written anew in place, on the alternative screen: what was there before is back
 * afterwards. `q`, Ctrl-C and signals end it.
 */
import type { ReadStream, WriteStream } from 'node:tty';

/** The other screen, without a cursor, and without wrapping: characters may be wider than they seem. */
const BEGIN = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const END = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
/** To the end of the line, and of the screen. */
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const ENDING_KEYS = new Set(['q', 'Q', '\u0003', '\u0004']);
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class LiveScreen {
  readonly #output: WriteStream;
  readonly #input: ReadStream;
  #end: () => void = () => {};
  /** Resolves when the user has had enough. */
  readonly ended = new Promise<void>((resolve) => (this.#end = resolve));
  #isOver = false;

  /** `input` where it is a terminal, too. */
  constructor(output: WriteStream, input: ReadStream) {
    this.#output = output;
    this.#input = input;
    void this.ended.then(() => (this.#isOver = true));
    output.write(BEGIN);
    for (const signal of SIGNALS) process.on(signal, this.#end);
    if (!input.isTTY) return;
    input.setRawMode(true).setEncoding('utf8').on('data', this.#handleKeys);
  }

  get width(): number {
    return this.#output.columns;
  }

  get height(): number {
    return this.#output.rows;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Each line as it is: fit them before. */
  show(text: string): void {
    this.#output.write(`${HOME}${text.replaceAll('\n', `${CLEAR_LINE}\n`)}${CLEAR_BELOW}`);
  }

  /** Resolves after `ms`, or when the user has had enough, or the terminal has another size. */
  async pause(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let resized: () => void = () => {};
    const woken = new Promise<void>((resolve) => {
      resized = resolve;
      timer = setTimeout(resolve, ms);
    });
    this.#output.once('resize', resized);
    await Promise.race([woken, this.ended]);
    clearTimeout(timer);
    this.#output.off('resize', resized);
  }

  /** Gives the terminal back. */
  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.#end);
    this.#output.write(END);
    if (this.#input.isTTY) this.#input.off('data', this.#handleKeys).setRawMode(false).pause();
  }

  readonly #handleKeys = (keys: string): void => {
    if ([...keys].some((key) => ENDING_KEYS.has(key))) this.#end();
  };
}
