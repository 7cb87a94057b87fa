/**
 * Stands for TLS over a transparent leg: records with a number and a digest, so that whatever a relay changes, drops, repeats
 * or moves ends the connection instead of coming through.
 */
import { createHash } from 'node:crypto';
import type { SimLeg } from '../protocol/support/sim-leg.js';
import type { Line } from './line.js';
import type { LegSocket } from './relay-world.js';
import type { SocketHandlers } from './socket.js';

const DIGEST_BYTES = 8;
const HEAD_BYTES = 4 + DIGEST_BYTES;
/** Longer records are broken ones. */
const MOST_BYTES = 4_000_000;

export class SecuredPipe implements Line {
  closed = false;
  readonly #leg: SimLeg;
  readonly #connection: LegSocket;
  #handlers: SocketHandlers | undefined;
  #early: Buffer[] = [];
  #lostEarly = false;
  /** What has come of the next record and behind it, joined only when it may be enough. */
  #parts: Buffer[] = [];
  #pending = 0;
  /** So many bytes have the head of the next record, or all of it once its length is known. */
  #need = HEAD_BYTES;
  #sent = 0;
  #received = 0;

  /** `leg` is transparent, and this end's from now on. */
  constructor(leg: SimLeg, connection: LegSocket) {
    this.#leg = leg;
    this.#connection = connection;
    leg.onEvent = (event) => event.type === 'lost' && this.#lose();
    connection.onRoom = () => this.#handlers?.room();
    leg.release((bytes) => this.#read(bytes));
  }

  get frozenUntil(): number {
    return this.#connection.socket.frozenUntil;
  }

  set frozenUntil(until: number) {
    this.#connection.socket.frozenUntil = until;
  }

  get room(): number {
    return this.closed ? 0 : this.#connection.socket.room;
  }

  /** Whoever attaches takes over from whoever did before, with what has come meanwhile. */
  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
    for (const bytes of this.#early.splice(0)) handlers.bytes(bytes);
    if (this.#lostEarly) handlers.lost();
  }

  /** Nobody listens until the next attach(). */
  detach(): void {
    this.#handlers = undefined;
  }

  write(bytes: Buffer): void {
    if (this.closed) return;
    const head = Buffer.alloc(4);
    head.writeUInt32BE(bytes.length);
    this.#leg.writeRaw(Buffer.concat([head, digestOf(this.#sent, bytes), bytes]));
    this.#sent += 1;
  }

  close(farewell?: Buffer): void {
    if (this.closed) return;
    if (farewell !== undefined) this.write(farewell);
    this.closed = true;
    this.#leg.close();
  }

  #read(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#pending += bytes.length;
    while (!this.closed && this.#pending >= this.#need) {
      const pending = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
      const length = pending.readUInt32BE(0);
      if (length > MOST_BYTES) return this.#lose();
      this.#need = HEAD_BYTES + length;
      this.#keep(pending);
      if (this.#pending < this.#need) return;
      const [digest, content] = [pending.subarray(4, HEAD_BYTES), Buffer.from(pending.subarray(HEAD_BYTES, this.#need))];
      this.#keep(pending.subarray(this.#need));
      this.#need = HEAD_BYTES;
      if (!digest.equals(digestOf(this.#received, content))) return this.#lose();
      this.#received += 1;
      if (this.#handlers === undefined) this.#early.push(content);
      else this.#handlers.bytes(content);
    }
  }

  #keep(pending: Buffer): void {
    this.#parts = [pending];
    this.#pending = pending.length;
  }

  #lose(): void {
    if (this.closed) return;
    this.closed = true;
    this.#leg.close();
    if (this.#handlers === undefined) this.#lostEarly = true;
    else this.#handlers.lost();
  }
}

function digestOf(number: number, bytes: Buffer): Buffer {
  return createHash('sha256').update(`record ${number} `).update(bytes).digest().subarray(0, DIGEST_BYTES);
}
