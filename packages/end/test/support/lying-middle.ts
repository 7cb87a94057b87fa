/**
 * A middle that was made to lie. It speaks legs by its own hand, pairs one left and one right set-up, and forwards what
 * its lie makes of each direction's frames. For `desk > west < lab`, where both ends dial it.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { appendMiddleEntry, encodeFrame, encodeNumbers, FrameReader, decodeNumbers, makeHelloAcceptor, makeHelloProof, nodeCrypto, parseHelloDialer, parseSetup, signerOf, type ClearSetup, type Frame, type MiddleEntry, type NodeIdentity, type Side } from '@lstp/core';

/** What an honest middle would send on: both payloads, its own entry behind the list. */
export interface Forwarded {
  readonly cu: Buffer;
  readonly topology: Buffer;
}

export interface Lie {
  /** Instead of the two frames of set-up of the end on this side. */
  readonly setup?: (honest: Forwarded, side: Side) => readonly Buffer[];
  /** Its own entry, to be signed. */
  readonly entry?: (honest: MiddleEntry, side: Side) => MiddleEntry;
  /** Instead of PASS_THROUGH of the end on this side. */
  readonly mark?: (honest: Buffer, side: Side) => readonly Buffer[];
  /** Bytes of TLS of the end on this side. */
  readonly bytes?: (honest: Buffer, side: Side) => Buffer;
}

export function setupFrames({ cu, topology }: Forwarded): [Buffer, Buffer] {
  return [encodeFrame('COMMONUNIQUE_INFO', 0, cu), encodeFrame('TOPOLOGY_EXCHANGE', 0, topology)];
}

export class LyingMiddle {
  lie: Lie = {};
  /** Pairs that it made so far. */
  pairs = 0;
  readonly identity: NodeIdentity;
  readonly #server: Server;
  readonly #waiting = new Map<Side, Leg>();
  readonly #sockets = new Set<Socket>();

  static async start(identity: NodeIdentity, port: number): Promise<LyingMiddle> {
    const made = new LyingMiddle(identity);
    made.#server.listen(port, '127.0.0.1');
    await once(made.#server, 'listening');
    return made;
  }

  private constructor(identity: NodeIdentity) {
    this.identity = identity;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket));
      void new Leg(socket, identity, (leg) => this.#pair(leg));
    });
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening || this.#sockets.size > 0) await once(this.#server, 'close');
  }

  #pair(leg: Leg): void {
    const { side } = leg.setup.info;
    const other = this.#waiting.get(side === 'left' ? 'right' : 'left');
    if (other === undefined || other.socket.destroyed) return void this.#waiting.set(side, leg);
    this.#waiting.clear();
    this.pairs += 1;
    this.#forward(leg, other);
    this.#forward(other, leg);
  }

  /** What `from` said goes to `to`, then its mark, then its bytes. */
  #forward(from: Leg, to: Leg): void {
    const { lie } = this;
    const { side } = from.setup.info;
    const entry: MiddleEntry = { node: 'west', key: this.identity.publicKey, address: 'west.example.net:7070', from: from.key, to: to.key };
    const signing = { cu: from.setup.cu, crypto: nodeCrypto, signer: signerOf(this.identity.privateKey) };
    const topology = appendMiddleEntry(from.setup.topology, lie.entry?.(entry, side) ?? entry, signing);
    const honest = { cu: from.setup.cu, topology };
    for (const frame of lie.setup?.(honest, side) ?? setupFrames(honest)) to.socket.write(frame);
    from.onMark = () => {
      const mark = encodeFrame('PASS_THROUGH', 0);
      for (const frame of lie.mark?.(mark, side) ?? [mark]) to.socket.write(frame);
    };
    from.onBytes = (bytes) => to.socket.write(lie.bytes?.(bytes, side) ?? bytes);
    from.socket.on('end', () => to.socket.end()).on('close', () => to.socket.destroy());
  }
}

/** A leg that an end dialed: HELLO, set-up, the mark, then bytes that are no frames. */
class Leg {
  readonly socket: Socket;
  setup!: ClearSetup;
  key = '' as ClearSetup['info']['key'];
  onMark: () => void = () => {};
  onBytes: (bytes: Buffer) => void = () => {};
  readonly #identity: NodeIdentity;
  readonly #reader = new FrameReader('leg');
  readonly #helloA: Buffer;
  readonly #ready: (leg: Leg) => void;
  #cu: Buffer | undefined;
  #isTransparent = false;

  constructor(socket: Socket, identity: NodeIdentity, ready: (leg: Leg) => void) {
    this.socket = socket;
    this.#identity = identity;
    this.#ready = ready;
    this.#helloA = makeHelloAcceptor(this.#signing);
    socket.write(encodeFrame('HELLO', 0, this.#helloA));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  get #signing() {
    return { crypto: nodeCrypto, signer: signerOf(this.#identity.privateKey) };
  }

  #read(chunk: Buffer): void {
    if (this.#isTransparent) return this.onBytes(chunk);
    this.#reader.push(chunk);
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) this.#handle(frame);
  }

  #next(): Frame | undefined {
    return this.#isTransparent ? undefined : this.#reader.next();
  }

  #handle({ name, payload }: Frame): void {
    if (name === 'HELLO') return this.#handleHello(payload);
    if (name === 'PING') return void this.socket.write(encodeNumbers('PONG', 0, decodeNumbers('PING', payload)[0] as number));
    if (name === 'COMMONUNIQUE_INFO') this.#cu = Buffer.from(payload);
    if (name === 'TOPOLOGY_EXCHANGE') this.#handleTopology(payload);
    if (name === 'PASS_THROUGH') this.#handleMark();
  }

  #handleHello(payload: Buffer): void {
    this.key = parseHelloDialer(payload).body.key;
    this.socket.write(encodeFrame('HELLO', 0, makeHelloProof(this.#helloA, payload, this.#signing)));
  }

  #handleTopology(payload: Buffer): void {
    this.setup = parseSetup(this.#cu as Buffer, payload);
    this.#ready(this);
  }

  #handleMark(): void {
    this.#isTransparent = true;
    this.onMark();
    const rest = this.#reader.takeRest();
    if (rest.length > 0) this.onBytes(rest);
  }
}
