/**
 * One end of a simulated connection: what it writes comes out of its peer later, in order, in other chunks.
 *
 *   connect()             two sockets that are each other's peer
 *   attach()              from now on this end reads; what came before has waited
 *   write(), close()      as of a real socket; `room` says whether it takes more
 *   cutAfter()            the network gives out: so many bytes get through, then nothing, and nobody is told
 *   lose()                this end is told that the connection is gone
 */
import type { Agenda } from './agenda.js';
import type { Chance } from './chance.js';

export interface SocketHandlers {
  bytes(chunk: Buffer): void;
  lost(): void;
  room(): void;
}

/** How the network cuts the stream into chunks. */
export type Chunking = 'whole' | 'random' | 'small' | 'single';

export interface Link {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly capacityBytes: number;
  bytesPerMs: number;
  readonly chunking: Chunking;
}

/** How often a close is a reset: where bytes of the peer came that nobody reads any more. */
const RESETS = 0.3;

/** On a slow line a write arrives little by little, not all of it at last. */
const PACKET_MS = 100;

/** Bytes that go one at a time before a link of chunking `single` goes on in small chunks: time is short. */
const SINGLE_BYTES = 300;

export class Socket {
  peer!: Socket;
  /** Deliveries to this end wait until then: its process stands still. */
  frozenUntil = 0;
  closed = false;
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  readonly #link: Link;
  #handlers: SocketHandlers | undefined;
  readonly #queue: { bytes: Buffer; at: number }[] = [];
  #queued = 0;
  /** When the link has sent all that was written. */
  #freeAt = 0;
  #delivered = 0;
  #budget = Infinity;
  #delivering = false;

  constructor(agenda: Agenda, chance: Chance, link: Link) {
    this.#agenda = agenda;
    this.#chance = chance;
    this.#link = link;
  }

  /** Bytes it takes now. */
  get room(): number {
    return this.closed ? 0 : this.#link.capacityBytes - this.#queued;
  }

  get attached(): boolean {
    return this.#handlers !== undefined;
  }

  /** Bytes that were written and have not come out. */
  get underWay(): number {
    return this.#queued;
  }

  attach(handlers: SocketHandlers): void {
    this.#handlers = handlers;
    this.peer.#deliverLater();
  }

  /** Does not copy: as with a real socket, the bytes must not change before they are out. */
  write(bytes: Buffer): void {
    const most = this.#link.bytesPerMs * PACKET_MS;
    for (let at = 0; at < bytes.length && !this.closed; at += most) this.#send(bytes.subarray(at, at + most));
  }

  /** What was written still gets through, if the network lets it, or in part, with a reset behind it; nothing is read any more. */
  close(farewell?: Buffer): void {
    if (this.closed) return;
    if (farewell !== undefined) this.write(farewell);
    this.closed = true;
    if (this.#chance.flip(RESETS)) this.#reset();
    this.#deliverLater();
  }

  cutAfter(bytes: number): void {
    this.#budget = Math.min(this.#budget, bytes);
  }

  /** This end is told. */
  lose(): void {
    if (this.closed) return;
    this.closed = true;
    this.#handlers?.lost();
  }

  /** At most as much as arrives in PACKET_MS. */
  #send(bytes: Buffer): void {
    const { latencyMs, jitterMs, bytesPerMs } = this.#link;
    this.#freeAt = Math.max(this.#freeAt, this.#agenda.now) + bytes.length / bytesPerMs;
    const at = this.#freeAt + latencyMs + this.#chance.next() * jitterMs;
    this.#queue.push({ bytes, at });
    this.#queued += bytes.length;
    this.#deliverLater();
  }

  #reset(): void {
    this.cutAfter(this.#chance.int(0, this.#queued));
    this.#agenda.after(this.#link.latencyMs + this.#chance.next() * this.#link.jitterMs, () => this.peer.lose());
  }

  #deliverLater(): void {
    if (this.#delivering || this.#budget <= 0 || !this.peer.attached) return;
    const head = this.#queue[0];
    if (head === undefined && !this.closed) return;
    this.#delivering = true;
    const at = head?.at ?? this.#agenda.now + this.#link.latencyMs;
    this.#agenda.at(Math.max(at, this.peer.frozenUntil), () => {
      this.#delivering = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.peer.frozenUntil > this.#agenda.now) return this.#deliverLater();
    const head = this.#queue[0];
    if (head === undefined) return this.peer.lose();
    const size = Math.min(this.#chunkSize(head.bytes.length), this.#budget);
    const part = Buffer.from(head.bytes.subarray(0, size));
    if (size === head.bytes.length) this.#queue.shift();
    else head.bytes = head.bytes.subarray(size);
    this.#queued -= size;
    this.#budget -= size;
    this.#delivered += size;
    if (!this.peer.closed) this.peer.#handlers?.bytes(part);
    if (!this.closed) this.#handlers?.room();
    this.#deliverLater();
  }

  #chunkSize(most: number): number {
    const { chunking } = this.#link;
    if (chunking === 'whole') return most;
    if (chunking === 'random') return this.#chance.size(1, most);
    if (chunking === 'single' && this.#delivered < SINGLE_BYTES) return 1;
    return this.#chance.int(1, Math.min(most, Math.max(24, most >> 3)));
  }
}

/** Two sockets, each other's peer. */
export function connect(agenda: Agenda, chance: Chance, link: Link): [Socket, Socket] {
  const pair: [Socket, Socket] = [new Socket(agenda, chance, link), new Socket(agenda, chance, link)];
  pair[0].peer = pair[1];
  pair[1].peer = pair[0];
  return pair;
}
