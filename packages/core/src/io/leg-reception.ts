/**
 * From an accepted connection to the stream of a leg, before anybody is known: the header of a load balancer, TLS, WebSocket.
 * Bounded like every stranger: a place at the gate, and time.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AdmissionGate } from './admission-gate.js';
import { remoteOf } from './leg-dialer.js';
import type { LegAddress } from './neighbour.js';
import { parseProxyHeader, type ProxyHeader } from './proxy-header.js';

/** What turns accepted connections of other schemes than tcp into legs. Makes no protocol decision. */
export interface LegAcceptor {
  /** Whether legs of this scheme can be taken here. */
  takes(scheme: LegAddress['scheme']): boolean;
  /** Before it listens. Rejects with an Error that says what of its own is missing: a certificate, a key. */
  prepare(address: LegAddress): Promise<void>;
  /** Owns `socket` from now on. Rejects with an Error that says why it is no leg, everything destroyed. */
  accept(socket: Socket, address: LegAddress, signal: AbortSignal): Promise<Duplex>;
}

export interface ReceptionOptions {
  readonly gate: AdmissionGate;
  readonly acceptor?: LegAcceptor | undefined;
  /** Whether connections from this address begin with a PROXY header. */
  readonly isBalancer?: ((address: string) => boolean) | undefined;
  /** Takes the leg over; `leave` is to be called when it no longer counts as a stranger. */
  readonly onLeg: (stream: Duplex, facts: { readonly remote: string; readonly leave: () => void }) => void;
  readonly onDropped: (reason: string) => void;
  readonly onRefused: (remote: string, error: Error) => void;
}

/** From the connection to the first byte of the leg. */
const RECEPTION_MS = 5000;

export class LegReception {
  readonly #options: ReceptionOptions;
  readonly #pending = new Set<AbortController>();

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  receive(socket: Socket, address: LegAddress): void {
    const { isBalancer = () => false } = this.#options;
    const from = socket.remoteAddress;
    if (from === undefined) return this.#drop(socket);
    if (isBalancer(from)) return void this.#receiveBalanced(socket, address);
    return this.#enter(socket, address, { source: from, remote: remoteOf(socket) });
  }

  /** Calls off every handshake that is under way. */
  stop(): void {
    for (const abort of this.#pending) abort.abort();
  }

  /** Takes a place for it. */
  #enter(socket: Socket, address: LegAddress, { source, remote }: { readonly source: string; readonly remote: string }): void {
    const leave = this.#options.gate.enter(source);
    if (leave === undefined) return this.#drop(socket);
    if (address.scheme === 'tcp') return this.#options.onLeg(socket, { remote, leave });
    return void this.#shakeHands(socket, address, { remote, leave });
  }

  /** Whoever connects through the balancer counts for itself, so the balancer's own address has no bound but the total. */
  async #receiveBalanced(socket: Socket, address: LegAddress): Promise<void> {
    const leave = this.#options.gate.enterUncounted();
    if (leave === undefined) return this.#drop(socket);
    const remote = remoteOf(socket);
    const header = await this.#inTime((signal) => readProxyHeader(socket, signal)).catch((error: Error) => error);
    leave();
    if (header instanceof Error) {
      socket.on('error', () => undefined).destroy();
      return this.#options.onRefused(remote, header);
    }
    const { address: source = socket.remoteAddress ?? '', port = socket.remotePort ?? 0 } = header.source ?? {};
    return this.#enter(socket, address, { source, remote: remoteOf({ remoteAddress: source, remotePort: port }) });
  }

  async #shakeHands(socket: Socket, address: LegAddress, { remote, leave }: { readonly remote: string; readonly leave: () => void }): Promise<void> {
    const { acceptor, onLeg, onRefused } = this.#options;
    // Until somebody reads it, an error has no listener; then it is said in the handshake.
    const ignore = (): void => undefined;
    socket.on('error', ignore);
    try {
      if (acceptor === undefined) throw new Error(`nothing here takes legs over ${address.scheme}`);
      const stream = await this.#inTime((signal) => acceptor.accept(socket, address, signal));
      socket.off('error', ignore);
      onLeg(stream, { remote, leave });
    } catch (error) {
      leave();
      socket.destroy();
      onRefused(remote, error as Error);
    }
  }

  async #inTime<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const abort = new AbortController();
    this.#pending.add(abort);
    const timer = setTimeout(() => abort.abort(), RECEPTION_MS);
    try {
      return await act(abort.signal);
    } finally {
      clearTimeout(timer);
      this.#pending.delete(abort);
    }
  }

  #drop(socket: Socket): void {
    this.#options.onDropped('too many strangers');
    socket.on('error', () => undefined).destroy();
  }
}

/** Reads it and no byte more: what follows is pushed back. Rejects when it is none, ends, or takes too long. */
function readProxyHeader(socket: Socket, signal: AbortSignal): Promise<ProxyHeader> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', fail);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      settle();
      reject(error);
    };
    const onEnd = (): void => fail(new Error('the connection was closed before its PROXY header had come'));
    const onAbort = (): void => fail(new Error('its PROXY header did not come in time'));
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk]);
      try {
        const header = parseProxyHeader(bytes);
        if (header === undefined) return;
        settle();
        socket.pause();
        if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
        resolve(header);
      } catch (error) {
        fail(error as Error);
      }
    };
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', fail);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
