/**
 * Pieces of one channel that arrived before their turn, because several carriers are not equally fast.
 * In order, without overlap; neighbouring data grows together, so that frames of a byte cost no object each.
 * Specification: docs/spec.md, "Positions".
 */
import { STASHED_PIECES } from './limits.js';
import type { MessageName } from './messages.js';
import type { Ledger } from './outgoing.js';

/** A piece whose turn has come. Owns its bytes. */
export interface Stashed {
  readonly name: MessageName;
  readonly position: number;
  readonly units: number;
  /** Data, or the payload of a control frame; empty for END. */
  readonly payload: Buffer;
}

interface Piece {
  readonly name: MessageName;
  readonly position: number;
  units: number;
  /** May be longer than what it holds. */
  readonly block: Buffer;
  length: number;
}

/** Data of one run is gathered in blocks of up to this. */
const BLOCK_BYTES = 65_536;

export class Stash {
  readonly #ledger: Ledger;
  #pieces: Piece[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Keeps a copy of `payload` where it is not there already. False: there are too many pieces in this tunnel. */
  add({ name, position, units, payload }: Stashed): boolean {
    let at = position;
    while (at < position + units) {
      const index = this.#firstBehind(at);
      const next = this.#pieces[index];
      if (next !== undefined && next.position <= at) {
        at = next.position + next.units;
        continue;
      }
      const until = Math.min(position + units, next?.position ?? Infinity);
      const isData = name === 'SERVICE_DATA' && payload.length > 0;
      const part = { name, position: at, units: until - at, payload: isData ? payload.subarray(at - position, until - position) : payload };
      if (!this.#insert(index, part)) return false;
      at = until;
    }
    return true;
  }

  /** The next piece, if its turn has come at `received`. Its first units may have arrived otherwise. */
  take(received: number): Stashed | undefined {
    for (let first = this.#pieces[0]; first !== undefined && first.position <= received; first = this.#pieces[0]) {
      this.#pieces.shift();
      this.#ledger.stashed -= 1;
      const { name, position, units, block, length } = first;
      if (position + units > received) return { name, position, units, payload: block.subarray(0, length) };
    }
    return undefined;
  }

  clear(): void {
    this.#ledger.stashed -= this.#pieces.length;
    this.#pieces = [];
  }

  #insert(index: number, { name, position, units, payload }: Stashed): boolean {
    const before = this.#pieces[index - 1];
    const joins = before !== undefined && before.position + before.units === position && isData(before) && name === 'SERVICE_DATA' && payload.length > 0;
    if (joins && before.length + payload.length <= before.block.length) {
      payload.copy(before.block, before.length);
      before.length += payload.length;
      before.units += units;
      return true;
    }
    if (this.#ledger.stashed >= STASHED_PIECES) return false;
    const block = Buffer.allocUnsafeSlow(joins ? Math.max(payload.length, Math.min(BLOCK_BYTES, 2 * before.block.length)) : payload.length);
    payload.copy(block);
    this.#pieces.splice(index, 0, { name, position, units, block, length: payload.length });
    this.#ledger.stashed += 1;
    return true;
  }

  /** Index of the first piece that ends behind `position`. */
  #firstBehind(position: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const piece = this.#pieces[middle] as Piece;
      if (piece.position + piece.units > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function isData({ name, length }: Piece): boolean {
  return name === 'SERVICE_DATA' && length > 0;
}
