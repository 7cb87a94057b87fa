/** What a client calls itself, out of its ChangeProperty requests: window 4, property 8, format 16, length 20, data 24. */
import type { Request } from '../wire/request.js';
import type { ClientWindows } from './client-windows.js';

/** Of a text; the rest of a longer one is left out. */
const MOST_TEXT_BYTES = 256;
/** Atoms that never change. */
const WM_CLIENT_MACHINE = 36;
const WM_NAME = 39;
const WM_CLASS = 67;

export class ClientProperties {
  readonly #windows: ClientWindows;
  /** The atom _NET_WM_NAME, once the client has asked for it. */
  #netWmName = 0;

  constructor(windows: ClientWindows) {
    this.#windows = windows;
  }

  /** The name of an atom that it must know the number of. */
  static readonly wantedAtom = '_NET_WM_NAME';

  learnAtom(atom: number): void {
    this.#netWmName = atom;
  }

  /** How much of the request is wanted, once its first 24 bytes are there. */
  inspects(request: Request): number {
    return this.#isWanted(request.u32(8)) ? Math.min(24 + MOST_TEXT_BYTES, request.plainBytes) : 24;
  }

  handle(request: Request): void {
    const property = request.u32(8);
    if (request.plainBytes < 24 || !this.#isWanted(property)) return;
    const length = Math.min(request.u32(20), request.plainBytes - 24, MOST_TEXT_BYTES);
    const text = request.u8(16) === 8 ? request.latin1(24, length) : '';
    this.#take(property, request.u32(4), text);
  }

  #take(property: number, window: number, text: string): void {
    if (property === WM_CLASS) {
      const [instance = '', className = ''] = text.split('\0');
      this.#windows.named(printable(instance), printable(className));
    } else if (property === WM_CLIENT_MACHINE) this.#windows.host(printable(text));
    else this.#windows.title(window, printable(property === WM_NAME ? text : Buffer.from(text, 'latin1').toString('utf8')));
  }

  #isWanted(property: number): boolean {
    return property === WM_NAME || property === WM_CLASS || property === WM_CLIENT_MACHINE || (property !== 0 && property === this.#netWmName);
  }
}

/** For terminals: a title may be anything, control characters and marks of direction too. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, ' ').trim();
}
