/**
 * One leg, from its first byte to PASS_THROUGH, with no I/O in it: HELLO, the frames of set-up, signs of life.
 * It knows neither tunnels nor other legs; what is done with a set-up is rendezvous.ts or the end.
 *
 *   handleBytes(), handleTimeout()                        what the network and the clock did
 *   sendSetup(), sendProgress(), sendShutdown(),
 *   sendPassThrough(), fail()                             what the local side wants
 *   pollEvent(), pollTransmit(), pollTimeout()            what to do about it, in this order: a command given while
 *                                                         events are handled goes out in the same write
 *
 * `now` is in milliseconds of a clock that never goes back. Specification: docs/spec.md, "Legs".
 */
import type { PublicKey } from './crypto.js';
import { ProtocolError, type WireCode } from './error.js';
import { FrameReader, decodeJson, decodeNumbers, encodeFrame, encodeJson, encodeNumbers, type Frame } from './frame.js';
import {
  LEG_VERSIONS,
  helloDialerVerifies,
  helloProofVerifies,
  makeHelloAcceptor,
  makeHelloDialer,
  makeHelloProof,
  parseHelloAcceptor,
  parseHelloDialer,
  type HelloDialer,
} from './leg-hello.js';
import type { AcceptorOptions, DialerOptions, LegEvent, LegOptions, LegPeer } from './leg-event.js';
import { FrameAllowance, LegLiveness } from './leg-limits.js';
import { ADMISSION_MS, MESSAGE_CHARACTERS } from './limits.js';
import type { Body, MessageName } from './messages.js';
import { parseSetup } from './setup.js';

/** First byte of a TLS record that carries a handshake. */
const TLS_HANDSHAKE = 0x16;

type Phase = 'hello' | 'open' | 'over';

export class Leg {
  readonly #options: LegOptions;
  readonly #reader = new FrameReader('leg');
  readonly #allowance: FrameAllowance;
  readonly #liveness: LegLiveness;
  readonly #admitBy: number;
  #phase: Phase = 'hello';
  /** A leg is admitted when its HELLO is over and, where a set-up must follow at once, that is whole. */
  #admitted = false;
  #helloA: Buffer | undefined;
  #helloD: Buffer | undefined;
  #claimed: { node?: string; key: PublicKey } | undefined;
  #peer: LegPeer | undefined;
  /** COMMONUNIQUE_INFO whose TOPOLOGY_EXCHANGE has not come yet. */
  #commonunique: Buffer | undefined;
  #hasRead = false;
  #setupReceived = false;
  #setupSent = false;
  #markReceived = false;
  #markSent = false;
  #out: Buffer[] = [];
  #events: LegEvent[] = [];
  /** Set-up that waits for the acceptor's HELLO. */
  #early: Buffer[] = [];

  constructor(options: LegOptions) {
    this.#options = options;
    this.#allowance = new FrameAllowance(options.now);
    this.#liveness = new LegLiveness(options.pingMs, options.now);
    this.#admitBy = options.now + ADMISSION_MS;
    if (options.role === 'acceptor') this.#sendHelloAcceptor();
  }

  /** The neighbour once authenticated. */
  get peer(): LegPeer | undefined {
    return this.#peer;
  }

  /** Whether HELLO and, on an accepted set-up leg, the set-up are through. */
  get admitted(): boolean {
    return this.#admitted;
  }

  /** Whether PASS_THROUGH went both ways: from now on the leg is the owner's. */
  get transparent(): boolean {
    return this.#markSent && this.#markReceived;
  }

  /** Takes what the socket gave. Not to be called after 'pass-through' or a last event. */
  handleBytes(chunk: Buffer, now: number): void {
    if (this.#phase === 'over') return;
    if (this.#markReceived) throw new Error('Leg.handleBytes after PASS_THROUGH: these bytes are not LSTP');
    this.#liveness.handleBytes(now);
    this.#guarded(() => {
      this.#checkFirstByte(chunk);
      this.#reader.push(chunk);
      this.#readFrames(now);
    });
  }

  handleTimeout(now: number): void {
    if (this.#phase === 'over') return;
    if (!this.#admitted && now >= this.#admitBy) this.#giveUp('TIMEOUT', `no complete ${this.#phase === 'hello' ? 'HELLO' : 'set-up'} within ${ADMISSION_MS} ms`);
    if (!this.#pings()) return;
    const due = this.#liveness.handleTimeout(now);
    if (due === 'dead') this.#giveUp('TIMEOUT', `no sign of life for ${this.#liveness.deadAfterMs} ms`);
    if (due === 'ping') this.#send(encodeNumbers('PING', 0, Math.floor(now)));
  }

  /** Both payloads are sent as they are. On a dialed leg before HELLO they wait for it. Once in each direction. */
  sendSetup(cu: Uint8Array, topology: Uint8Array): void {
    if (this.#phase === 'over') return;
    if (this.#setupSent) throw new Error('Leg.sendSetup: a leg takes one set-up in each direction');
    this.#setupSent = true;
    const frames = [encodeFrame('COMMONUNIQUE_INFO', 0, cu), encodeFrame('TOPOLOGY_EXCHANGE', 0, topology)];
    if (this.#phase === 'hello' && this.#helloD === undefined) this.#early = frames;
    else this.#out.push(...frames);
  }

  /** A hint towards the waiting end. Ignored where PASS_THROUGH has gone in either direction. */
  sendProgress(body: Body<'PROGRESS'>): void {
    if (this.#pings()) this.#send(encodeJson('PROGRESS', 0, body));
  }

  sendShutdown(body: Body<'SHUTDOWN'>): void {
    if (this.#pings()) this.#send(encodeJson('SHUTDOWN', 0, body));
  }

  /** LSTP ends in this direction; the owner's bytes follow on the socket. */
  sendPassThrough(): void {
    if (this.#phase === 'over' || this.#markSent) return;
    if (!this.#setupReceived || !this.#setupSent) throw new Error('Leg.sendPassThrough before set-up went both ways');
    this.#send(encodeFrame('PASS_THROUGH', 0));
    this.#markSent = true;
  }

  /** Ends the leg and tells the other side why, where frames can still be sent. No event follows. */
  fail(body: Body<'ERROR'>): void {
    if (this.#phase === 'over') return;
    this.#sendError(body);
    this.#phase = 'over';
  }

  /** What came behind PASS_THROUGH: a view into the last chunk. */
  takeRest(): Buffer {
    return this.#reader.takeRest();
  }

  pollEvent(): LegEvent | undefined {
    return this.#events.shift();
  }

  /** Everything that is to be written now, as one buffer. */
  pollTransmit(): Buffer | undefined {
    if (this.#out.length === 0) return undefined;
    const [first] = this.#out;
    const out = this.#out.length === 1 ? first : Buffer.concat(this.#out);
    this.#out = [];
    return out;
  }

  /** When handleTimeout() wants to be called; undefined when never. */
  pollTimeout(): number | undefined {
    if (this.#phase === 'over') return undefined;
    const admission = this.#admitted ? Infinity : this.#admitBy;
    const sign = this.#pings() ? this.#liveness.deadline : Infinity;
    const next = Math.min(admission, sign);
    return next === Infinity ? undefined : next;
  }

  /** A browser or a TLS client at the wrong port is worth a clear line in the log. */
  #checkFirstByte(chunk: Buffer): void {
    if (this.#hasRead || chunk.length === 0) return;
    this.#hasRead = true;
    const [first] = chunk as unknown as [number];
    if (first === TLS_HANDSHAKE) throw new ProtocolError('REFUSED', 'the other side speaks TLS, LSTP was expected');
    if (first >= 0x41 && first <= 0x7a) throw new ProtocolError('REFUSED', 'the other side speaks a text protocol such as HTTP or SSH, LSTP was expected');
  }

  #readFrames(now: number): void {
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      this.#allowance.take(frame, { now, admitted: this.#admitted });
      this.#handleFrame(frame, now);
    }
  }

  #next(): Frame | undefined {
    return this.#markReceived || this.#isOver() ? undefined : this.#reader.next();
  }

  #handleFrame(frame: Frame, now: number): void {
    if (frame.channel !== 0) throw new ProtocolError('PROTOCOL', `${frame.name}: on channel ${frame.channel}, legs have only 0`);
    if (frame.name === 'ERROR') this.#handleError(decodeJson('ERROR', frame.payload));
    else if (this.#phase === 'hello') this.#handleHello(frame);
    else this.#handleOpen(frame, now);
  }

  #handleOpen({ name, payload }: Frame, now: number): void {
    switch (name) {
      case 'COMMONUNIQUE_INFO':
        return this.#handleCommonuniqueInfo(payload);
      case 'TOPOLOGY_EXCHANGE':
        return this.#handleTopologyExchange(payload);
      case 'PASS_THROUGH':
        return this.#handlePassThrough();
      case 'PROGRESS':
        return void this.#events.push({ type: 'progress', body: decodeJson('PROGRESS', payload) });
      case 'SHUTDOWN':
        return void this.#events.push({ type: 'shutdown', body: decodeJson('SHUTDOWN', payload) });
      case 'PING':
        return this.#handlePing(payload);
      case 'PONG':
        return this.#liveness.handlePong(decodeNumbers('PONG', payload)[0] as number, now);
      default:
        throw this.#unexpected(name);
    }
  }

  #handleHello(frame: Frame): void {
    if (frame.name !== 'HELLO') throw this.#unexpected(frame.name);
    if (this.#options.role === 'acceptor') this.#handleHelloDialer(frame.payload, this.#options);
    else if (this.#helloA === undefined) this.#handleHelloAcceptor(frame.payload, this.#options);
    else this.#handleHelloProof(frame.payload);
  }

  #sendHelloAcceptor(): void {
    this.#helloA = makeHelloAcceptor(this.#options);
    this.#send(encodeFrame('HELLO', 0, this.#helloA));
  }

  /** Dialer: the acceptor introduced itself. Only a pinned key is answered. */
  #handleHelloAcceptor(payload: Buffer, options: DialerOptions): void {
    const hello = parseHelloAcceptor(payload);
    this.#claimed = { key: hello.key };
    if (!options.pins.includes(hello.key)) throw new ProtocolError('REFUSED', `the acceptor has the key ${hello.key}, but pinned for it is ${options.pins.join(' or ') || 'none'}`);
    if (!hello.versions.some((version) => LEG_VERSIONS.includes(version))) {
      throw new ProtocolError('VERSION', `HELLO.versions: the acceptor speaks ${hello.versions.join(', ')}, here ${LEG_VERSIONS.join(', ')} is spoken`);
    }
    this.#helloA = Buffer.from(payload);
    this.#helloD = makeHelloDialer(this.#helloA, options, { ...options, pinned: hello.key });
    this.#out.push(encodeFrame('HELLO', 0, this.#helloD), ...this.#early);
    this.#early = [];
    this.#events.push({ type: 'greeted', key: hello.key });
  }

  /** Dialer: the acceptor proves that it holds the key it named. */
  #handleHelloProof(payload: Buffer): void {
    const { key } = this.#claimed as { key: PublicKey };
    const { crypto, use, started } = this.#options as DialerOptions;
    const hellos = { a: this.#helloA as Buffer, d: this.#helloD as Buffer };
    if (!helloProofVerifies(payload, hellos, { crypto, pinned: key })) throw new ProtocolError('REFUSED', 'the acceptor does not hold the key that it named');
    this.#open({ key, use, started, node: undefined });
    this.#admitted = true;
  }

  /** Acceptor: the key is looked up before anything is verified, verified before anything is stored or signed. */
  #handleHelloDialer(payload: Buffer, options: AcceptorOptions): void {
    const hello = parseHelloDialer(payload);
    const { key, node } = hello.body;
    this.#claimed = { key, node };
    if (!options.admits(key)) throw new ProtocolError('REFUSED', `no chain here knows the key ${key} of the dialer, which calls itself ${JSON.stringify(node)}`);
    const helloA = this.#helloA as Buffer;
    if (!helloDialerVerifies(hello, helloA, { crypto: options.crypto, own: options.signer.publicKey })) {
      throw new ProtocolError('REFUSED', 'the dialer does not hold the key that it named, or means another acceptor');
    }
    this.#checkVersion(hello.body);
    this.#send(encodeFrame('HELLO', 0, makeHelloProof(helloA, payload, options)));
    this.#open({ key, node, use: hello.body.use, started: hello.body.started });
    this.#admitted = hello.body.use !== 'set-up';
  }

  #checkVersion({ version }: HelloDialer): void {
    if (!LEG_VERSIONS.includes(version)) throw new ProtocolError('VERSION', `HELLO.version: ${version}, here ${LEG_VERSIONS.join(', ')} is spoken`);
  }

  #open(peer: LegPeer): void {
    this.#peer = peer;
    this.#phase = 'open';
    this.#helloA = undefined;
    this.#helloD = undefined;
    this.#claimed = undefined;
    this.#events.push({ type: 'authenticated', peer });
  }

  #handleCommonuniqueInfo(payload: Buffer): void {
    if (this.#setupReceived || this.#commonunique !== undefined) throw new ProtocolError('PROTOCOL', 'COMMONUNIQUE_INFO: a second one on this leg');
    if (!this.#maySetUp()) throw this.#unexpected('COMMONUNIQUE_INFO');
    this.#commonunique = Buffer.from(payload);
  }

  #handleTopologyExchange(payload: Buffer): void {
    if (this.#commonunique === undefined) throw new ProtocolError('PROTOCOL', `TOPOLOGY_EXCHANGE: ${this.#setupReceived ? 'a second one on this leg' : 'before COMMONUNIQUE_INFO'}`);
    const setup = parseSetup(this.#commonunique, payload);
    this.#commonunique = undefined;
    this.#setupReceived = true;
    this.#admitted = true;
    this.#events.push({ type: 'setup', setup });
  }

  /** The user of a leg sends set-up first: the dialer of a set-up leg, the acceptor of a standby leg. */
  #maySetUp(): boolean {
    const use = this.#peer?.use;
    if (use === 'link') return false;
    const peerIsUser = (use === 'set-up') === (this.#options.role === 'acceptor');
    return peerIsUser || this.#setupSent;
  }

  #handlePassThrough(): void {
    if (!this.#setupReceived || !this.#setupSent) throw new ProtocolError('PROTOCOL', 'PASS_THROUGH before set-up went both ways');
    this.#markReceived = true;
    this.#events.push({ type: 'pass-through' });
  }

  /** Stray once PASS_THROUGH was sent: consumed, since nothing may follow the mark. */
  #handlePing(payload: Buffer): void {
    const [stamp] = decodeNumbers('PING', payload);
    if (!this.#markSent) this.#send(encodeNumbers('PONG', 0, stamp as number));
  }

  #handleError(body: Body<'ERROR'>): void {
    this.#phase = 'over';
    this.#events.push({ type: 'error', body });
  }

  #unexpected(name: MessageName): ProtocolError {
    const where = this.#phase === 'hello' ? 'before HELLO is over' : `on a ${this.#peer?.use} leg in this state`;
    return new ProtocolError('PROTOCOL', `${name}: not allowed ${where}`);
  }

  #pings(): boolean {
    return this.#phase === 'open' && !this.#markSent && !this.#markReceived;
  }

  #isOver(): boolean {
    return this.#phase === 'over';
  }

  #send(frame: Buffer): void {
    if (this.#phase !== 'over' && !this.#markSent) this.#out.push(frame);
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#giveUp(error.wireCode, error.message);
    }
  }

  #giveUp(code: WireCode, message: string): void {
    this.#sendError({ code, message });
    this.#phase = 'over';
    const claimed = this.#claimed;
    this.#events.push({ type: 'failed', failure: { code, message, ...(claimed && { claimed }) } });
  }

  /** Until a neighbour is authenticated it is a stranger, and is told nothing but REFUSED; VERSION comes only after a key was recognised. */
  #sendError(body: Body<'ERROR'>): void {
    const told = { ...body, ...(body.message !== undefined && { message: body.message.slice(0, MESSAGE_CHARACTERS) }) };
    this.#send(encodeJson('ERROR', 0, this.#phase === 'hello' && body.code !== 'VERSION' ? { code: 'REFUSED' } : told));
  }
}
