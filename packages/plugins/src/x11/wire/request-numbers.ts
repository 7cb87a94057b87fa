/**
 * The numbers of a client's requests, and which of them are still to be answered. What a server sends carries the low
 * 16 bits of the number of the last request that it has seen; since it answers in order, and every request that has a
 * reply is noted here, the whole number follows from them.
 */
import { X11StreamError } from './x11-stream-error.js';

/** Requests of one connection that wait for their answer at once. */
export const MOST_UNANSWERED = 65_536;
/** As many numbers as the bits tell apart. */
const NUMBERS = 0x1_0000;

interface Expectation<T> {
  readonly number: number;
  readonly what: T;
}

export class RequestNumbers<T> {
  /** In order, from #first on. */
  #expected: (Expectation<T> | undefined)[] = [];
  #first = 0;
  #sent = 0;
  #seen = 0;
  /** The last request that was sure to be answered. */
  #lastExpected = 0;
  readonly #skipped: (what: T) => void;

  /** `skipped` is told of what the server has passed over without an answer. */
  constructor(skipped: (what: T) => void = () => {}) {
    this.#skipped = skipped;
  }

  get sent(): number {
    return this.#sent;
  }

  get unanswered(): number {
    return this.#expected.length - this.#first;
  }

  /** A request went to the server. */
  send(): void {
    this.#sent += 1;
  }

  /** The last one is to be answered; where that is not `sure`, nothing is built on it. Throws X11StreamError at the limit, and where numbers could no longer be told apart. */
  expect(what: T, certainty: 'sure' | 'likely' = 'sure'): void {
    if (this.unanswered >= MOST_UNANSWERED) throw new X11StreamError(`${MOST_UNANSWERED} requests wait for an answer`);
    if (this.#sent - Math.max(this.#seen, this.#lastExpected) >= NUMBERS) throw new X11StreamError(`there are more than ${NUMBERS - 1} requests between two that are answered`);
    if (certainty === 'sure') this.#lastExpected = this.#sent;
    this.#expected.push({ number: this.#sent, what });
  }

  /** The server has seen the request with these low bits. Gives what is expected of it. Throws X11StreamError for one that was not sent. */
  see(low: number): T | undefined {
    const number = this.#seen + ((low - this.#seen) & 0xffff);
    if (number > this.#sent) throw new X11StreamError(`the X server answers request ${number} of ${this.#sent}`);
    this.#seen = number;
    for (;;) {
      const head = this.#expected[this.#first];
      if (head === undefined || head.number > number) return undefined;
      if (head.number === number) return head.what;
      this.answered();
      this.#skipped(head.what);
    }
  }

  /** What see() gave was the whole answer. */
  answered(): void {
    this.#expected[this.#first] = undefined;
    this.#first += 1;
    if (this.#first < 64 || this.#first * 2 < this.#expected.length) return;
    this.#expected = this.#expected.slice(this.#first);
    this.#first = 0;
  }
}
