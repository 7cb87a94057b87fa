/** The text of a chain file: from bytes, and from offsets to places. */
import type { Place } from './chain.js';
import { ConfigError } from './config-error.js';

/** A chain file beyond this is refused before it is parsed. */
export const CHAIN_FILE_BYTES = 1_048_576;

const TOP: Place = { line: 1, column: 1 };

/**
 * The text in `bytes`, without a byte order mark.
 * Throws ConfigError for what is no text: too large, not UTF-8, UTF-16.
 */
export function decodeSource(bytes: Uint8Array, file: string): string {
  if (bytes.length > CHAIN_FILE_BYTES) throw refusal(file, `${bytes.length} bytes are too many for a chain file; at most ${CHAIN_FILE_BYTES} are read`);
  if (isUtf16(bytes)) throw refusal(file, 'this is UTF-16 text; save the file as UTF-8');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError(file, [{ place: placeOfBadByte(bytes), message: 'not UTF-8 from here on; save the file as UTF-8' }]);
  }
}

/** Lines and columns of a text, counted from 1; columns in UTF-16 units, as editors do. */
export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (const match of text.matchAll(/\r\n|\r|\n/g)) this.#starts.push(match.index + match[0].length);
  }

  place(offset: number): Place {
    const line = this.lineOf(offset);
    return { line, column: offset - this.start(line) + 1 };
  }

  /** Offset of the first character of a line. */
  start(line: number): number {
    return this.#starts[line - 1] ?? 0;
  }

  /** The line that `offset` is in, counted from 1. */
  lineOf(offset: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? Infinity) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  }
}

function refusal(file: string, message: string): ConfigError {
  return new ConfigError(file, [{ place: TOP, message }]);
}

function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}

/** The longest prefix that decodes ends where the bad byte begins. */
function placeOfBadByte(bytes: Uint8Array): Place {
  const lenient = new TextDecoder('utf-8').decode(bytes);
  let offset = lenient.indexOf('\ufffd');
  // The file may hold a real U+FFFD before the bad byte.
  while (offset >= 0 && isReal(bytes, lenient, offset)) offset = lenient.indexOf('\ufffd', offset + 1);
  return new LineIndex(lenient).place(Math.max(offset, 0));
}

function isReal(bytes: Uint8Array, text: string, offset: number): boolean {
  const at = Buffer.byteLength(text.slice(0, offset));
  return bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
}
