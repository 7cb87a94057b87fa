/**
 * A middle that was made to lie. It speaks legs by its own hand, pairs left and right set-ups, and forwards what a lie,
 * chosen for each pair, makes of each direction's frames. For `desk > west < lab`, where both ends dial it, in as many
 * tunnels as wanted.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { decodeNumbers, encodeFrame, encodeNumbers, FrameReader, type Frame } from '../protocol/frame.js';
import { nodeCrypto, signerOf } from '../io/node-crypto.js';
import { makeHelloAcceptor, makeHelloProof, parseHelloDialer } from '../protocol/leg-hello.js';
import type { MiddleEntry, Side } from '../protocol/messages.js';
import { parseSetup, type ClearSetup } from '../protocol/setup.js';
import { appendMiddleEntry } from '../protocol/topology.js';
import type { NodeIdentity } from '../security/identity.js';
import { setupFrames, type SetupPayloads } from './setup-edits.js';

export interface Lie {
  /** Instead of the two frames of set-up of the end on this side. */
  readonly setup?: (honest: SetupPayloads, side: Side) => readonly Buffer[];
  /** Instead of PASS_THROUGH of the end on this side. */
  readonly mark?: (honest: Buffer, side: Side) => readonly Buffer[];
  /** Bytes of TLS of the end on this side. */
  readonly bytes?: (honest: Buffer, side: Side) => Buffer;
}

export class LyingMiddle {
  /** The lie for a pair of the tunnel with this `common`, which had `earlier` ones. */
  choose: (common: string, earlier: number) => Lie = () => ({});
  readonly identity: NodeIdentity;
  readonly #server: Server;
  readonly #waiting = new Map<string, Leg>();
  readonly #pairs = new Map<string, number>();
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

  /** Pairs made so far for the tunnel with this `common`. */
  pairsOf(common: string): number {
    return this.#pairs.get(common) ?? 0;
  }

  #pair(leg: Leg): void {
    const { common, side, slot, alt } = leg.setup.info;
    const place = (of: Side): string => [common, slot, alt, of].join();
    const opposite = place(side === 'left' ? 'right' : 'left');
    const other = this.#waiting.get(opposite);
    if (other === undefined || other.socket.destroyed) return void this.#waiting.set(place(side), leg);
    this.#waiting.delete(opposite);
    const lie = this.choose(common, this.pairsOf(common));
    this.#pairs.set(common, this.pairsOf(common) + 1);
    this.#forward({ from: leg, to: other, lie });
    this.#forward({ from: other, to: leg, lie });
  }

  /** What `from` said goes to `to`, then its mark, then its bytes. */
  #forward({ from, to, lie }: { readonly from: Leg; readonly to: Leg; readonly lie: Lie }): void {
    const { cu, topology, info } = from.setup;
    const entry: MiddleEntry = { node: 'west', key: this.identity.publicKey, address: 'west.example.net:7070', from: from.key, to: to.key };
    const honest = { cu, topology: appendMiddleEntry(topology, entry, { cu, crypto: nodeCrypto, signer: signerOf(this.identity.privateKey) }) };
    for (const frame of lie.setup?.(honest, info.side) ?? setupFrames(honest)) to.socket.write(frame);
    from.onMark = () => {
      const mark = encodeFrame('PASS_THROUGH', 0);
      for (const frame of lie.mark?.(mark, info.side) ?? [mark]) to.socket.write(frame);
    };
    from.onBytes = (bytes) => to.socket.write(lie.bytes?.(bytes, info.side) ?? bytes);
    from.onEnd = () => to.socket.end();
    from.socket.once('close', () => to.socket.destroy());
  }
}

/** A leg that an end dialed: HELLO, set-up, the mark, then bytes that are no frames. */
class Leg {
  readonly socket: Socket;
  setup!: ClearSetup;
  key = '' as ClearSetup['info']['key'];
  onMark: () => void = () => {};
  onBytes: (bytes: Buffer) => void = () => {};
  onEnd: () => void = () => this.socket.end();
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
    socket.once('end', () => this.onEnd());
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
